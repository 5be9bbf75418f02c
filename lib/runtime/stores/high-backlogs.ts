import type { HighBacklog } from '../../core/system-event/backlog.ts';
import type { SystemEvent } from '../../core/system-event/system-event.ts';
import type { Table } from '../aws/table/table.ts';
import type { Clock } from '../clock.ts';
import { createRecent, secondsToRemember } from './recent.ts';
import { replaceAndReport, systemEventWrites } from './system-events.ts';

/** The receivers whose backlog is reported as high: rows of one partition, none for those that are well. */
export interface HighBacklogStore {
  find(receiver: string): Promise<HighBacklog | undefined>;
  /** Replaces what was read; false when another invocation was first. */
  swap(was: HighBacklog | undefined, row: HighBacklog, reports: readonly SystemEvent[]): Promise<boolean>;
  /** Deletes what was read; false when it changed meanwhile. */
  end(row: HighBacklog, reports: readonly SystemEvent[]): Promise<boolean>;
  all(): Promise<HighBacklog[]>;
  /** The same, as of a few seconds ago. */
  recent(): Promise<HighBacklog[]>;
}

const pk = 'high-backlogs';

export function createHighBacklogStore(table: Table, clock: Clock): HighBacklogStore {
  const recent = createRecent(clock);
  const all = async () => (await table.query(pk)).map(({ document }) => document as HighBacklog);
  return {
    async find(receiver) {
      const row = await table.get({ pk, sk: receiver }, { consistent: true });
      return row?.document as HighBacklog | undefined;
    },
    swap: (was, row, reports) =>
      replaceAndReport(table, { pk, sk: row.receiver, document: row }, was, reports),
    end: (row, reports) =>
      table.transact([{ delete: { pk, sk: row.receiver }, was: row }, ...systemEventWrites(reports)]),
    all,
    recent: () => recent.get('all', all, ({ length }) => secondsToRemember(length)),
  };
}
