import { createHash } from 'node:crypto';
import { retryAfterSeconds } from '../kernel/retry-after.ts';
import type { Receiver } from './receiver.ts';
import type { Validation } from './validation.ts';

/** The pause before an endpoint that has not agreed is asked again; each further one doubles it. */
const validationPauseSeconds = 2 * 60;
const validationPauseSecondsMax = 6 * 3600;

/** An endpoint that has not agreed by then will not: it was asked some twenty times. */
export const validationSecondsMax = 3 * 24 * 3600;

/** How many of the URLs by which an owner may agree later are valid at the same time. */
export const validationTokensMax = 32;
export const isPending = (receiver: Receiver): boolean =>
  receiver.validate === 'handshake' && receiver.validation?.state === 'pending';

/** A receiver that is put, with what stands of its validation: another endpoint, or one that refused, is asked anew. */
export function withValidation(receiver: Receiver, existing: Receiver | undefined, nowMs: number): Receiver {
  const { validation: _, ...unvalidated } = receiver;
  if (receiver.validate !== 'handshake') return unvalidated;
  const kept = existing?.validate === 'handshake' ? existing.validation : undefined;
  const stands = kept?.endpoint === receiver.endpoint && kept.state !== 'refused';
  return { ...receiver, validation: stands ? kept : pending(receiver.endpoint, nowMs) };
}

/** The receiver as it is when somebody has its endpoint asked again: one that refused may think better of it. */
export function reopened(receiver: Receiver, nowMs: number): Receiver {
  if (receiver.validation?.state === 'granted') return receiver;
  return {
    ...receiver,
    validation: { ...receiver.validation, ...pending(receiver.endpoint, nowMs) },
  };
}

function pending(endpoint: string, nowMs: number): Validation {
  return { state: 'pending', at: iso(nowMs), endpoint, asks: 0, nextAskAt: iso(nowMs) };
}

export function askIsDue({ validation }: Receiver, nowMs: number): boolean {
  return validation?.nextAskAt === undefined || Date.parse(validation.nextAskAt) <= nowMs;
}

/** What is written before the endpoint is asked: its owner may call back before it has answered. */
export function asking(receiver: Receiver, endpoint: string, tokenHash: string, nowMs: number): Receiver {
  const { validation } = receiver;
  if (receiver.validate !== 'handshake' || validation?.endpoint !== endpoint) return receiver;
  if (validation.state !== 'pending') return receiver;
  const asks = (validation.asks ?? 0) + 1;
  const tokenHashes = [...(validation.tokenHashes ?? []), tokenHash].slice(-validationTokensMax);
  const nextAskAt = iso(nowMs + askPauseSeconds(asks) * 1000);
  return { ...receiver, validation: { ...validation, asks, nextAskAt, tokenHashes } };
}

/** The pause after each ask: it doubles, because whoever does not expect us is not to be pestered. */
export function askPauseSeconds(asks: number): number {
  return Math.min(validationPauseSeconds * 2 ** (asks - 1), validationPauseSecondsMax);
}

/** What asking the endpoint came to. */
export type AskVerdict =
  | { readonly kind: 'granted'; readonly ratePerMinute: number | undefined }
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'open'; readonly detail: string; readonly waitSeconds?: number };

/** The answer to an OPTIONS request, or why there was none. */
export type AskOutcome =
  | {
      readonly kind: 'answer';
      readonly status: number;
      /** Names in lower case. */
      readonly headers: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'failure'; readonly failure: string; readonly message: string };

/**
 * Reads the answer to the validation request (section 4.2). Only the header is consent, and only with a success: many
 * servers answer OPTIONS to anybody, and some put every header on every error.
 */
export function judgeAnswer(outcome: AskOutcome, origin: string, nowMs: number): AskVerdict {
  if (outcome.kind === 'failure') {
    return {
      kind: 'open',
      detail: `The endpoint could not be asked (${outcome.failure}): ${outcome.message}`,
    };
  }
  const { status, headers } = outcome;
  if (status === 410) return { kind: 'refused', detail: 'The endpoint answered 410: it is gone.' };
  if (status < 200 || status > 299) {
    const waitSeconds = retryAfterSeconds(headers['retry-after'], nowMs);
    return {
      kind: 'open',
      detail: `The endpoint answered ${status} to OPTIONS. ${howToAgree(origin)}`,
      ...(waitSeconds !== undefined && { waitSeconds }),
    };
  }
  const allowed = headers['webhook-allowed-origin']?.trim();
  if (allowed === undefined || allowed === '') {
    return {
      kind: 'open',
      detail: `The endpoint answered ${status} without WebHook-Allowed-Origin. ${howToAgree(origin)}`,
    };
  }
  if (allowed !== '*' && allowed.toLowerCase() !== origin.toLowerCase()) {
    // What else may stand there is none of a log's or a reader's business.
    const named = /^[\w.*:-]{1,253}$/.test(allowed) ? allowed : 'something else';
    return { kind: 'refused', detail: `The endpoint allows ${named} and not ${origin}, which is this bus.` };
  }
  const rate = readRate(headers['webhook-allowed-rate']);
  if (rate === 'malformed') {
    return {
      kind: 'open',
      detail: 'The endpoint agreed with a WebHook-Allowed-Rate that is neither * nor a whole number above 0.',
    };
  }
  return { kind: 'granted', ratePerMinute: rate };
}

/**
 * Reads a `WebHook-Allowed-Rate`: requests per minute; undefined for `*`, and when there is none, since endpoints leave
 * it out that have no limit to tell.
 */
export function readRate(header: string | undefined): number | undefined | 'malformed' {
  const text = header?.trim();
  if (text === undefined || text === '' || text === '*') return undefined;
  return /^0*[1-9]\d{0,8}$/.test(text) ? Number(text) : 'malformed';
}

/** The rate to ask for, in requests per minute: what the receiver is bounded to, if it is. */
export function requestedRate({ limits }: Pick<Receiver, 'limits'>): number | undefined {
  return limits?.perSecond === undefined ? undefined : Math.max(1, Math.floor(limits.perSecond * 60));
}

/**
 * The receiver after its endpoint was asked. Nothing changes when it has another endpoint by now. An agreement stands
 * until it is taken back in so many words: an endpoint that is down for a minute has not changed its mind.
 */
export function settled(receiver: Receiver, endpoint: string, verdict: AskVerdict, nowMs: number): Receiver {
  const { validation } = receiver;
  if (receiver.validate !== 'handshake' || validation?.endpoint !== endpoint) return receiver;
  switch (verdict.kind) {
    case 'granted':
      return { ...receiver, validation: granted(endpoint, verdict.ratePerMinute, nowMs) };
    case 'refused':
      return { ...receiver, validation: refused(endpoint, verdict.detail, nowMs) };
    case 'open': {
      if (validation.state !== 'pending') return receiver;
      if (nowMs - Date.parse(validation.at) >= validationSecondsMax * 1000) {
        const days = validationSecondsMax / 86_400;
        const detail = `The endpoint did not agree within ${days} days. ${verdict.detail}`;
        return { ...receiver, validation: refused(endpoint, detail, nowMs) };
      }
      const plannedMs = Date.parse(validation.nextAskAt ?? validation.at);
      const nextAskAt = iso(Math.max(plannedMs, nowMs + (verdict.waitSeconds ?? 0) * 1000));
      return { ...receiver, validation: { ...validation, detail: verdict.detail, nextAskAt } };
    }
  }
}

/** Made for one ask, long and random, so that a plain hash cannot be turned back. */
export function createToken(random: { bytes(length: number): Uint8Array }): string {
  return Buffer.from(random.bytes(32)).toString('base64url');
}

export const hashToken = (token: string): string => createHash('sha256').update(token).digest('base64url');

/**
 * The receiver after its endpoint's owner called back with a token; undefined when the token is none of its own. The
 * one that was used keeps being answered, and changes nothing more: its answer may have been lost.
 */
export function agreedByToken(
  receiver: Receiver,
  tokenHash: string,
  ratePerMinute: number | undefined,
  nowMs: number,
): Receiver | undefined {
  const { validation } = receiver;
  if (receiver.validate !== 'handshake' || validation?.endpoint !== receiver.endpoint) return undefined;
  if (!validation.tokenHashes?.includes(tokenHash)) return undefined;
  if (validation.state !== 'pending') return receiver;
  return {
    ...receiver,
    validation: { ...granted(receiver.endpoint, ratePerMinute, nowMs), tokenHashes: [tokenHash] },
  };
}

const howToAgree = (origin: string) =>
  `It agrees by a 2xx with WebHook-Allowed-Origin: ${origin} (or *), or by calling the URL of WebHook-Request-Callback.`;

const granted = (endpoint: string, ratePerMinute: number | undefined, nowMs: number): Validation => ({
  state: 'granted',
  at: iso(nowMs),
  endpoint,
  ...(ratePerMinute !== undefined && { allowedRatePerMinute: ratePerMinute }),
});

const refused = (endpoint: string, detail: string, nowMs: number): Validation => ({
  state: 'refused',
  at: iso(nowMs),
  endpoint,
  detail,
});

const iso = (ms: number) => new Date(ms).toISOString();
