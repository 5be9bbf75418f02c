import type { Look } from './delayed.ts';
import type { Delayed } from './wait.ts';

/** What a message of the delay queue says. */
export type TimerMessage =
  | { readonly kind: 'look'; readonly look: Look }
  | { readonly kind: 'tick'; readonly tick: Tick }
  /** A whole event, which waits in the queue alone. */
  | { readonly kind: 'whole'; readonly delayed: Delayed };

/** The timer of a recurring schedule; the guard's has no turn and is due at once. */
export interface Tick {
  readonly schedule: string;
  readonly turn: string;
  readonly dueAtMs: number;
}

/** When a message is to be acted upon. */
export function dueOf(message: TimerMessage): number {
  if (message.kind === 'look') return message.look.dueAtMs;
  return message.kind === 'tick' ? message.tick.dueAtMs : message.delayed.dueAtMs;
}

/** Reads a message of the delay queue; undefined when it was not written by the bus. */
export function readTimer(text: string): TimerMessage | undefined {
  try {
    const { row, schedule, turn, target, dueAtMs, event, body } = JSON.parse(text) ?? {};
    if (!Number.isFinite(dueAtMs)) return undefined;
    if (typeof row?.pk === 'string' && typeof row.sk === 'string' && typeof turn === 'string') {
      return { kind: 'look', look: { row: { pk: row.pk, sk: row.sk }, turn, dueAtMs } };
    }
    if (typeof schedule === 'string' && typeof turn === 'string') {
      return { kind: 'tick', tick: { schedule, turn, dueAtMs } };
    }
    const isWhole =
      (typeof target?.topic === 'string' || typeof target?.receiver === 'string') &&
      typeof event?.type === 'string' &&
      typeof event.source === 'string' &&
      typeof body === 'string';
    return isWhole ? { kind: 'whole', delayed: { target, dueAtMs, event, body } } : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}
