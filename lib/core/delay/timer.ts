import type { Look } from './delayed.ts';
import type { Delayed } from './wait.ts';

/** A message of the delay queue. */
export type TimerMessage =
  | { readonly kind: 'look'; readonly look: Look }
  | { readonly kind: 'tick'; readonly tick: Tick }
  /** A whole event, which waits only in the queue. */
  | { readonly kind: 'whole'; readonly delayed: Delayed };

/** The timer of a recurrence; the guard's timer has no revision and is due at once. */
export interface Tick {
  readonly schedule: string;
  readonly revision: string;
  readonly dueAtMs: number;
}

/** When a timer is due. */
export function dueOf(message: TimerMessage): number {
  if (message.kind === 'look') return message.look.dueAtMs;
  return message.kind === 'tick' ? message.tick.dueAtMs : message.delayed.dueAtMs;
}

/** The message of a timer that looks at a row. Its JSON calls the revision `turn`, as timers that already wait do. */
export const writeTimer = ({ revision, dueAtMs, ...what }: Look | Tick): string =>
  JSON.stringify({ ...what, turn: revision, dueAtMs });

/** Reads a message of the delay queue; undefined when it was not written by the bus. */
export function readTimer(text: string): TimerMessage | undefined {
  try {
    const {
      row,
      schedule,
      turn: revision,
      target,
      dueAtMs,
      atMs,
      acting,
      claim,
      event,
      body,
    } = JSON.parse(text) ?? {};
    if (!Number.isFinite(dueAtMs)) return undefined;
    if (typeof row?.pk === 'string' && typeof row.sk === 'string' && typeof revision === 'string') {
      return { kind: 'look', look: { row: { pk: row.pk, sk: row.sk }, revision, dueAtMs } };
    }
    if (typeof schedule === 'string' && typeof revision === 'string') {
      return { kind: 'tick', tick: { schedule, revision, dueAtMs } };
    }
    const isWhole =
      (typeof target?.topic === 'string' || typeof target?.receiver === 'string') &&
      typeof event?.type === 'string' &&
      typeof event.source === 'string' &&
      typeof body === 'string';
    return isWhole
      ? { kind: 'whole', delayed: { target, dueAtMs, atMs, acting, claim, event, body } }
      : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
