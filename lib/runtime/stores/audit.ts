import type { AuditEntry } from '../../core/audit/audit.ts';
import { auditDays } from '../../core/audit/limits.ts';
import type { Row, Table } from '../aws/table/table.ts';

/** An entry with the position that its copies have in common: its time and an id. */
export interface PlacedEntry {
  readonly position: string;
  readonly entry: AuditEntry;
}

export interface AuditStore {
  /** Writes an entry, or what became of it: for admins, and for each application that it concerns. */
  write(placed: PlacedEntry, applications: readonly string[]): Promise<void>;
  /**
   * Entries before a position and not before a time, the latest first, out of the partition of that position.
   * @param application those that concern it; all when left out.
   * @returns where to go on, unless it is before `from`.
   */
  before(
    application: string | undefined,
    position: string,
    from: string,
    limit: number,
  ): Promise<{ entries: PlacedEntry[]; next: string | undefined }>;
}

/**
 * A partition holds a day of all entries, or a month of those of one application: no partition grows without end, a day
 * of management calls is far below the thousand writes a second of one, and a list of months reads few.
 */
const partitionOf = (application: string | undefined, position: string) =>
  application === undefined
    ? `audit#${position.slice(0, 10)}`
    : `audit#${application}#${position.slice(0, 7)}`;

export function createAuditStore(table: Table): AuditStore {
  return {
    async write({ position, entry }, applications) {
      const expiresAtSeconds = Math.floor(Date.parse(entry.at) / 1000) + auditDays * 86_400;
      const rows: Row[] = [undefined, ...new Set(applications)].map((application) => ({
        pk: partitionOf(application, position),
        sk: position,
        document: entry,
        expiresAtSeconds,
      }));
      await table.putMany(rows);
    },

    async before(application, position, from, limit) {
      const pk = partitionOf(application, position);
      const { rows, last } = await table.latest(pk, from, position, limit);
      const entries = rows.map(({ sk, document }) => ({ position: sk, entry: document as AuditEntry }));
      if (last !== undefined) return { entries, next: last };
      // The partition before this one ends where this one begins: with its month or day.
      const start = application === undefined ? position.slice(0, 10) : position.slice(0, 7);
      return { entries, next: start > from ? beforeStart(start) : undefined };
    },
  };
}

/** The greatest position before a month or a day: the end of the one before. */
function beforeStart(start: string): string {
  const at = new Date(Date.parse(start.length === 7 ? `${start}-01` : start) - 1);
  return `${at.toISOString()}~`;
}
