/**
 * What waits in the bus for an application is summed up in *cells*, each of which ends when what was counted in it is gone
 * at the latest: an event that leaves when it is due costs no write, and whatever a crash left in a cell ends with it.
 */

export interface Amount {
  /** Events that wait for a time: `delayedEvents`. */
  readonly events: number;
  /** The bytes of their structured form, and of those that a topic holds or an open transaction has: `storedBytes`. */
  readonly bytes: number;
}

/** An amount in its cell. */
export interface Stored extends Amount {
  readonly cell: string;
}

export const none: Amount = { events: 0, bytes: 0 };
export const plus = (one: Amount, other: Amount): Amount => ({
  events: one.events + other.events,
  bytes: one.bytes + other.bytes,
});
export const negative = <One extends Amount>(one: One): One => ({
  ...one,
  events: -one.events,
  bytes: -one.bytes,
});
export const sumOf = (all: readonly Amount[]): Amount => all.reduce(plus, none);

/** The narrowest cell of events that are due. */
const cellSecondsMin = 64;

/**
 * The cell of an event that waits until it is due. It is the wider the longer the event waits: a sixteenth at most, so that
 * an application has some hundreds of cells, however far ahead it delays.
 * @param atMs when it was published: cancelled or re-timed, it is taken from the same cell.
 */
export function delayedCell(dueAtMs: number, atMs: number): string {
  const sixteenth = Math.max(0, dueAtMs - atMs) / 16_000;
  const seconds = cellSecondsMin * 2 ** Math.max(0, Math.floor(Math.log2(sixteenth / cellSecondsMin)));
  return cellUntil(Math.ceil(dueAtMs / 1000 / seconds) * seconds, 'delayed');
}

/** By then an open transaction was ended, whatever happened. */
const openSecondsMax = 15 * 24 * 3600;
const daySeconds = 24 * 3600;

/** The cell of the events of a transaction that began then. */
export const openCell = (createdAtMs: number): string =>
  cellUntil(Math.ceil((createdAtMs / 1000 + openSecondsMax) / daySeconds) * daySeconds, 'open');

/** A hold has no end that is known: its cell ends with it. */
export const holdCell = ({ topic, id }: { readonly topic: string; readonly id: string }): string =>
  `hold#${topic}#${id}`;

/** The hold of a cell; undefined for a cell that ends at a time. */
export function holdOfCell(cell: string): { readonly topic: string; readonly id: string } | undefined {
  const [kind, topic = '', id = ''] = cell.split('#');
  return kind === 'hold' ? { topic, id } : undefined;
}

const cellUntil = (endSeconds: number, kind: string) =>
  `until#${String(endSeconds).padStart(12, '0')}#${kind}`;

/** When a cell ends, in epoch seconds; undefined for that of a hold. */
export function endOfCell(cell: string): number | undefined {
  const [kind, end] = cell.split('#');
  return kind === 'until' ? Number(end) : undefined;
}

/** What is in the cells that have not ended. A cell from which more was taken than the others know of is empty. */
export const totalOf = (cells: readonly Stored[], nowMs: number): Amount =>
  sumOf(
    cells
      .filter(({ cell }) => (endOfCell(cell) ?? Number.POSITIVE_INFINITY) * 1000 > nowMs)
      .map(({ events, bytes }) => ({ events: Math.max(0, events), bytes: Math.max(0, bytes) })),
  );

/** The quotas of what waits in the bus. */
export type StoredQuota = 'delayedEvents' | 'storedBytes';

/** The quota that an amount exceeds; undefined for none. */
export function exceededBy(total: Amount, limits: Amount): StoredQuota | undefined {
  if (total.events > limits.events) return 'delayedEvents';
  return total.bytes > limits.bytes ? 'storedBytes' : undefined;
}

/** An instance keeps a sum to itself up to this part of the quota: an application that stores little costs nothing. */
export const isSmall = (amount: Amount, limits: Amount): boolean =>
  Math.abs(amount.events) <= limits.events / 1000 && Math.abs(amount.bytes) <= limits.bytes / 1000;

/** Whether a total is so far from the quota that what other instances have not told yet does not matter. */
export const isFar = (total: Amount, limits: Amount): boolean =>
  total.events <= limits.events / 2 && total.bytes <= limits.bytes / 2;

/** When something more may fit, for the refusal: when the next cell ends, within a minute at most. */
export function retrySeconds(cells: readonly Stored[], nowMs: number): number {
  const ends = cells.flatMap(({ cell }) => {
    const endMs = (endOfCell(cell) ?? 0) * 1000;
    return endMs > nowMs ? [Math.ceil((endMs - nowMs) / 1000)] : [];
  });
  return Math.max(1, Math.min(60, ...ends));
}
