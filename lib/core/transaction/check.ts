import { utf8Bytes } from '../event/event.ts';
import type { StoredEvent } from '../transaction/stored.ts';

/** Asks the producer of an open transaction whether its own transaction was committed. */

export interface CheckSecret {
  /** A Standard Webhooks secret, `whsec_…`. */
  readonly secret: string;
  /** The previous one, which also signs until then. */
  readonly earlier?: { readonly secret: string; readonly untilMs: number };
}

/** The secrets that sign at the given time, the newest first. */
export function signingSecrets({ secret, earlier }: CheckSecret, nowMs: number): string[] {
  return earlier !== undefined && nowMs < earlier.untilMs ? [secret, earlier.secret] : [secret];
}

/** The body of a check: the events as they were given, each with its target before its attributes. */
export function checkBody(transactionId: string, events: readonly StoredEvent[]): string {
  const texts = events.map(({ target, body }) => {
    const [[name = '', value = ''] = []] = Object.entries(target);
    return `{${JSON.stringify(name)}:${JSON.stringify(value)},${body.slice(1)}`;
  });
  return `{"transactionId":${JSON.stringify(transactionId)},"events":[${texts.join(',')}]}`;
}

/** What the answer to a check says. */
export type CheckAnswer =
  | { readonly kind: 'commit' | 'rollback' }
  | { readonly kind: 'none'; readonly answer: string };

export function answerOf(
  result:
    | { readonly kind: 'answer'; readonly status: number; readonly body: string }
    | { readonly kind: 'failure'; readonly failure: string; readonly message: string },
): CheckAnswer {
  if (result.kind === 'failure') return { kind: 'none', answer: `${result.failure}: ${result.message}` };
  const { status, body } = result;
  if (status < 200 || status > 299) return { kind: 'none', answer: `it answered ${status}` };
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    // It says neither commit nor rollback, so the producer is asked again.
    return { kind: 'none', answer: `it answered ${status} without JSON (${utf8Bytes(body)} bytes)` };
  }
  const state = (parsed as { state?: unknown } | null)?.state;
  if (state === 'commit' || state === 'rollback') return { kind: state };
  if (state === 'unknown') return { kind: 'none', answer: 'it answered unknown' };
  return { kind: 'none', answer: 'its answer has no state: commit, rollback or unknown' };
}
