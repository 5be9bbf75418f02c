import { createHash } from 'node:crypto';
import type { HttpResult } from '../kernel/http-result.ts';
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

/** A receiver that is put, with its standing validation. A new endpoint, or one that declined, is asked again. */
export function withValidation(receiver: Receiver, existing: Receiver | undefined, nowMs: number): Receiver {
  const { validation: _, ...unvalidated } = receiver;
  if (receiver.validate !== 'handshake') return unvalidated;
  const kept = existing?.validate === 'handshake' ? existing.validation : undefined;
  const stands = kept?.endpoint === receiver.endpoint && kept.state !== 'refused';
  return { ...receiver, validation: stands ? kept : pending(receiver.endpoint, nowMs) };
}

/** The receiver when its endpoint is to be asked again: an endpoint that declined may now agree. */
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

/** What is written before the endpoint is asked, because its owner may call back before it answers. */
export function asking(receiver: Receiver, endpoint: string, tokenHash: string, nowMs: number): Receiver {
  const { validation } = receiver;
  if (receiver.validate !== 'handshake' || validation?.endpoint !== endpoint) return receiver;
  if (validation.state !== 'pending') return receiver;
  const asks = (validation.asks ?? 0) + 1;
  const tokenHashes = [...(validation.tokenHashes ?? []), tokenHash].slice(-validationTokensMax);
  const nextAskAt = iso(nowMs + askPauseSeconds(asks) * 1000);
  return { ...receiver, validation: { ...validation, asks, nextAskAt, tokenHashes } };
}

/** The pause after each ask. It doubles, so an endpoint that does not expect the bus is not pestered. */
export function askPauseSeconds(asks: number): number {
  return Math.min(validationPauseSeconds * 2 ** (asks - 1), validationPauseSecondsMax);
}

/** What the answer to a validation request means. */
export type ValidationAnswer =
  | { readonly kind: 'granted'; readonly ratePerMinute: number | undefined }
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'open'; readonly detail: string; readonly waitSeconds?: number };

/**
 * Reads the answer to the validation request (section 4.2). Only the header means consent, and only with a success:
 * many servers answer any OPTIONS request, and some put every header on every error.
 */
export function judgeAnswer(result: HttpResult, origin: string, nowMs: number): ValidationAnswer {
  if (result.kind === 'failure') {
    return {
      kind: 'open',
      detail: `The endpoint could not be asked (${result.failure}): ${result.message}`,
    };
  }
  const { status, headers } = result;
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
    // Any other text must not get into logs or answers.
    const named = /^[\w.*:-]{1,253}$/.test(allowed) ? allowed : 'something else';
    return { kind: 'refused', detail: `The endpoint allows ${named} and not ${origin}, which is this bus.` };
  }
  const rate = readRate(headers['webhook-allowed-rate']);
  if (rate === 'malformed') {
    return {
      kind: 'open',
      detail: 'The endpoint agreed, but its WebHook-Allowed-Rate is neither * nor a whole number above 0.',
    };
  }
  return { kind: 'granted', ratePerMinute: rate };
}

/**
 * Reads a `WebHook-Allowed-Rate`: requests per minute; undefined for `*` and when it is absent, since endpoints without
 * a limit leave it out.
 */
export function readRate(header: string | undefined): number | undefined | 'malformed' {
  const text = header?.trim();
  if (text === undefined || text === '' || text === '*') return undefined;
  return /^0*[1-9]\d{0,8}$/.test(text) ? Number(text) : 'malformed';
}

/** The rate to ask for, in requests per minute: the receiver's own limit, if it has one. */
export function requestedRate({ limits }: Pick<Receiver, 'limits'>): number | undefined {
  return limits?.perSecond === undefined ? undefined : Math.max(1, Math.floor(limits.perSecond * 60));
}

/**
 * The receiver after its endpoint was asked. Nothing changes when it has another endpoint by now. An agreement stands
 * until it is explicitly withdrawn: an endpoint that is down for a minute has not withdrawn it.
 */
export function applyAnswer(
  receiver: Receiver,
  endpoint: string,
  answer: ValidationAnswer,
  nowMs: number,
): Receiver {
  const { validation } = receiver;
  if (receiver.validate !== 'handshake' || validation?.endpoint !== endpoint) return receiver;
  switch (answer.kind) {
    case 'granted':
      return { ...receiver, validation: grantedValidation(endpoint, answer.ratePerMinute, nowMs) };
    case 'refused':
      return { ...receiver, validation: refusedValidation(endpoint, answer.detail, nowMs) };
    case 'open': {
      if (validation.state !== 'pending') return receiver;
      if (nowMs - Date.parse(validation.at) >= validationSecondsMax * 1000) {
        const days = validationSecondsMax / 86_400;
        const detail = `The endpoint did not agree within ${days} days. ${answer.detail}`;
        return { ...receiver, validation: refusedValidation(endpoint, detail, nowMs) };
      }
      const plannedMs = Date.parse(validation.nextAskAt ?? validation.at);
      const nextAskAt = iso(Math.max(plannedMs, nowMs + (answer.waitSeconds ?? 0) * 1000));
      return { ...receiver, validation: { ...validation, detail: answer.detail, nextAskAt } };
    }
  }
}

/** Made for one validation request; long and random, so a plain hash cannot be reversed. */
export function createToken(random: { bytes(length: number): Uint8Array }): string {
  return Buffer.from(random.bytes(32)).toString('base64url');
}

export const hashToken = (token: string): string => createHash('sha256').update(token).digest('base64url');

/**
 * The receiver after the owner of its endpoint called back with a token; undefined when the token is not one of the
 * receiver's. A used token keeps working and changes nothing more: the first response may have been lost.
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
    validation: { ...grantedValidation(receiver.endpoint, ratePerMinute, nowMs), tokenHashes: [tokenHash] },
  };
}

const howToAgree = (origin: string) =>
  `To agree, answer 2xx with WebHook-Allowed-Origin: ${origin} (or *), or call the URL of WebHook-Request-Callback.`;

const grantedValidation = (
  endpoint: string,
  ratePerMinute: number | undefined,
  nowMs: number,
): Validation => ({
  state: 'granted',
  at: iso(nowMs),
  endpoint,
  ...(ratePerMinute !== undefined && { allowedRatePerMinute: ratePerMinute }),
});

const refusedValidation = (endpoint: string, detail: string, nowMs: number): Validation => ({
  state: 'refused',
  at: iso(nowMs),
  endpoint,
  detail,
});

const iso = (ms: number) => new Date(ms).toISOString();
