import type { Entry } from './batches.ts';
import type { EntryResult, EntryStatus } from './cloud-event.ts';

const statuses: readonly EntryStatus[] = ['accepted', 'duplicate', 'scheduled', 'held', 'rejected'];

/**
 * Reads the results in the response to one request, and gives each the index that its event has in the caller's list.
 * Undefined if the response does not have exactly one result for each entry.
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

/** Whether the bus did not store the event for a temporary reason: its own failure, or a concurrent attempt. */
export function isTransientRejection(result: EntryResult): boolean {
  return result.status === 'rejected' && (result.code === 'unavailable' || result.code === 'claimed');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
