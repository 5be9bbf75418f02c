import { deadLetterSeconds } from '../../core/redrive/limits.ts';
import { mayReplace, type Redrive } from '../../core/redrive/redrive.ts';
import { newsOfRedrive } from '../../core/system-event/news.ts';
import type { Table } from '../aws/table/table.ts';
import { redriveAttentionWrites } from './attention.ts';
import { replaceAndReport } from './system-events.ts';

/** The redrive of each receiver: the one that runs, or the last one that did. */
export interface RedriveStore {
  find(receiver: string): Promise<Redrive | undefined>;
  /** Writes a new run if none is under way; answers the one that is. */
  start(run: Redrive, nowMs: number): Promise<Redrive | undefined>;
  /** Writes the run in the place of `earlier`; answers false when somebody else changed it meanwhile. */
  replace(run: Redrive, earlier: Redrive): Promise<boolean>;
  remove(receiver: string): Promise<void>;
}

const rowKey = (receiver: string) => ({ pk: `redrive#${receiver}`, sk: 'redrive' });
const row = (run: Redrive) => ({
  ...rowKey(run.receiver),
  document: run,
  expiresAtSeconds: Math.ceil(Date.parse(run.updatedAt) / 1000) + deadLetterSeconds,
});

export function createRedriveStore(table: Table): RedriveStore {
  const find = async (receiver: string) =>
    (await table.get(rowKey(receiver), { consistent: true }))?.document as Redrive | undefined;
  return {
    find,
    async start(run, nowMs) {
      const beside = (was: Redrive | undefined) => redriveAttentionWrites(was, run, nowMs);
      const standing = await find(run.receiver);
      if (standing === undefined || mayReplace(standing, nowMs)) {
        if (await replaceAndReport(table, row(run), standing, [], beside(standing))) return undefined;
      }
      // Somebody else was first; a row that is gone by now leaves nothing to name but that run.
      return (await find(run.receiver)) ?? standing ?? run;
    },
    replace(run, earlier) {
      const nowMs = Date.parse(run.updatedAt);
      const beside = redriveAttentionWrites(earlier, run, nowMs);
      return replaceAndReport(table, row(run), earlier, newsOfRedrive(earlier, run, nowMs), beside);
    },
    remove: (receiver) => table.delete(rowKey(receiver)),
  };
}
