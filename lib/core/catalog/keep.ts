import { utf8Bytes } from '../event/event.ts';
import { keptEventBytesMax, keptPerRow, keptRowSeconds, keptRowsAtOnce } from './limits.ts';

/** An event that is kept for a while, so that people can try out filters on real events. */
export interface KeptEvent {
  /** Epoch milliseconds. */
  readonly atMs: number;
  readonly type: string;
  readonly source: string;
  readonly subject?: string | undefined;
  /** The structured form. */
  readonly body: string;
}

/** What one instance remembers of a topic. */
export interface Keeping {
  /** Rows that it may still write. */
  readonly rows: number;
  /** When `rows` was right. */
  readonly atMs: number;
  /** The latest events that it has not written. */
  readonly pending: readonly KeptEvent[];
}

/**
 * Decides which events an instance writes now. The first are written at once; on a busy topic, one row every ten minutes
 * holds the latest, which costs a few cents a month.
 */
export function keep(
  before: Keeping | undefined,
  events: readonly KeptEvent[],
  nowMs: number,
): { readonly keeping: Keeping; readonly write: readonly KeptEvent[] } {
  const { rows, atMs, pending } = before ?? { rows: keptRowsAtOnce, atMs: nowMs, pending: [] };
  const earned = Math.floor(Math.max(0, nowMs - atMs) / (1000 * keptRowSeconds));
  const available = Math.min(keptRowsAtOnce, rows + earned);
  const since = available === keptRowsAtOnce ? nowMs : atMs + earned * 1000 * keptRowSeconds;
  const small = events.filter(({ body }) => utf8Bytes(body) <= keptEventBytesMax);
  const latest = [...pending, ...small.slice(-keptPerRow)].slice(-keptPerRow);
  if (latest.length === 0 || available < 1) {
    return { keeping: { rows: available, atMs: since, pending: latest }, write: [] };
  }
  return { keeping: { rows: available - 1, atMs: since, pending: [] }, write: latest };
}
