import type { Acting } from '../access/acting.ts';
import { dataTextOf } from '../event/data.ts';
import type { BusEvent } from '../event/event.ts';
import type { Entry } from '../event/forms.ts';
import type { Target } from '../event/target.ts';

/**
 * An event that the bus has accepted and keeps in the table until it may go, such as an event of a transaction. It was
 * checked when it was stored, and is published unchanged.
 */
export interface StoredEvent extends Pick<BusEvent, 'id' | 'source' | 'type' | 'body'> {
  readonly target: Target;
  /** For whom it acts when it is published; absent for one from before this was recorded. */
  readonly acting?: Acting;
  readonly subject?: string;
  readonly traceparent?: string;
  /** When it is due, in epoch milliseconds, if not as soon as it may go. */
  readonly dueAtMs?: number;
  /** How long after its release it is due: `delaySeconds` counts from the commit. */
  readonly delayMs?: number;
}

export function storedEvent(
  event: BusEvent,
  target: Target,
  acting: Acting,
  due: { readonly dueAtMs?: number | undefined; readonly delayMs?: number | undefined },
): StoredEvent {
  const { id, source, type, subject, traceparent, body } = event;
  return {
    target,
    acting,
    id,
    source,
    type,
    body,
    ...(subject !== undefined && { subject }),
    ...(traceparent !== undefined && { traceparent }),
    ...(due.delayMs !== undefined
      ? { delayMs: due.delayMs }
      : due.dueAtMs !== undefined && { dueAtMs: due.dueAtMs }),
  };
}

/**
 * The stored event as the publish path reads entries.
 * @param releasedAtMs when it was released; a repeated release then computes the same time.
 */
export function entryOf(stored: StoredEvent, index: number, releasedAtMs: number, nowMs: number): Entry {
  const { id, source, type, subject, traceparent, body, delayMs } = stored;
  const dueAtMs = delayMs === undefined ? stored.dueAtMs : releasedAtMs + delayMs;
  return {
    index,
    event: { id, source, type, subject, traceparent, body },
    data: () => JSON.parse(body).data,
    dataText: () => dataTextOf(body),
    ...(dueAtMs !== undefined && dueAtMs > nowMs && { dueAtMs }),
  };
}
