import type { Entry } from './batches.ts';
import type { EntryResult, EntryStatus } from './cloud-event.ts';

const statuses: readonly EntryStatus[] = ['accepted', 'duplicate', 'scheduled', 'held', 'rejected'];

/**
 * The results in the bus's answer to one request, each at the position its event has in the caller's list.
 * Undefined when the answer is not exactly one result for each entry: nothing is guessed about stored events.
 */
export function readResults(answer: unknown, entries: readonly Entry[]): EntryResult[] | undefined {
  if (!isObject(answer) || !Array.isArray(answer.events) || answer.events.length !== entries.length) {
    return undefined;
  }
  const found = new Map<number, EntryResult>();
  for (const item of answer.events) {
    if (!isObject(item) || typeof item.index !== 'number') return undefined;
    const entry = entries[item.index];
    const status = statuses.find((known) => known === item.status);
    if (entry === undefined || status === undefined || found.has(entry.index)) return undefined;
    found.set(entry.index, {
      index: entry.index,
      id: typeof item.id === 'string' ? item.id : entry.id,
      status,
      ...(typeof item.code === 'string' && { code: item.code }),
      ...(typeof item.detail === 'string' && { detail: item.detail }),
    });
  }
  return [...found.values()];
}

/** The bus kept nothing of the event, for a reason that passes: its own trouble, or another try under way. */
export function isTransientRejection(result: EntryResult): boolean {
  return result.status === 'rejected' && (result.code === 'unavailable' || result.code === 'claimed');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
