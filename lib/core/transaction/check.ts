import { utf8Bytes } from '../event/event.ts';
import type { StoredEvent } from '../event/stored.ts';

/** Asking the producer of an open transaction whether its own transaction went through. */

export interface CheckSecret {
  /** `whsec_`, as Standard Webhooks has it. */
  readonly secret: string;
  /** The one before it, which signs as well until then. */
  readonly earlier?: { readonly secret: string; readonly untilMs: number };
}

/** All secrets that sign at that time, the newest first. */
export function signingSecrets({ secret, earlier }: CheckSecret, nowMs: number): string[] {
  return earlier !== undefined && nowMs < earlier.untilMs ? [secret, earlier.secret] : [secret];
}

/** What the producer is asked: the events as they were given, each with its target before its attributes. */
export function checkBody(transactionId: string, events: readonly StoredEvent[]): string {
  const texts = events.map(({ target, body }) => {
    const [[name = '', value = ''] = []] = Object.entries(target);
    return `{${JSON.stringify(name)}:${JSON.stringify(value)},${body.slice(1)}`;
  });
  return `{"transactionId":${JSON.stringify(transactionId)},"events":[${texts.join(',')}]}`;
}

/** What an answer says. */
export type Verdict =
  | { readonly kind: 'commit' | 'rollback' }
  | { readonly kind: 'none'; readonly outcome: string };

export function verdictOf(
  outcome:
    | { readonly kind: 'answer'; readonly status: number; readonly body: string }
    | { readonly kind: 'failure'; readonly failure: string; readonly message: string },
): Verdict {
  if (outcome.kind === 'failure') return { kind: 'none', outcome: `${outcome.failure}: ${outcome.message}` };
  const { status, body } = outcome;
  if (status < 200 || status > 299) return { kind: 'none', outcome: `it answered ${status}` };
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    // Whatever it is, it says neither commit nor rollback, and is asked for again.
    return { kind: 'none', outcome: `it answered ${status} without JSON (${utf8Bytes(body)} bytes)` };
  }
  const state = (answer as { state?: unknown } | null)?.state;
  if (state === 'commit' || state === 'rollback') return { kind: state };
  if (state === 'unknown') return { kind: 'none', outcome: 'it answered unknown' };
  return { kind: 'none', outcome: 'its answer has no state: commit, rollback or unknown' };
}
