import type { Look } from './delayed.ts';
import type { Delayed } from './schedule.ts';

/** What a message of the delay queue says. */
export type TimerMessage =
  | { readonly kind: 'look'; readonly look: Look }
  /** A whole event, which waits in the queue alone. */
  | { readonly kind: 'whole'; readonly delayed: Delayed };

/** When a message is to be acted upon. */
export const dueOf = (message: TimerMessage): number =>
  message.kind === 'look' ? message.look.dueAtMs : message.delayed.dueAtMs;

/** Reads a message of the delay queue; undefined when it was not written by the bus. */
export function readTimer(text: string): TimerMessage | undefined {
  try {
    const { row, turn, target, dueAtMs, event, body } = JSON.parse(text) ?? {};
    if (!Number.isFinite(dueAtMs)) return undefined;
    if (typeof row?.pk === 'string' && typeof row.sk === 'string' && typeof turn === 'string') {
      return { kind: 'look', look: { row: { pk: row.pk, sk: row.sk }, turn, dueAtMs } };
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
