import type { Hold } from '../../core/hold/hold.ts';
import { newsOfHold } from '../../core/system-event/news.ts';
import type { Table } from '../aws/table/table.ts';
import type { Clock } from '../clock.ts';
import { replaceAndReport } from './system-events.ts';

/** What is looked for once more after a release was over, and when. */
export interface Sweep {
  readonly topic: string;
  readonly hold: string;
  readonly dueAtMs: number;
}

/** The hold of each topic: the one that it has, or the last one that it had. */
export interface HoldStore {
  /** As it is at this moment. */
  find(topic: string): Promise<Hold | undefined>;
  findMany(topics: readonly string[]): Promise<Hold[]>;
  /** Writes the hold in the place of `earlier`; answers false when somebody else changed it meanwhile. */
  replace(to: Hold, earlier: Hold | undefined): Promise<boolean>;
  remove(topic: string): Promise<void>;
  sweeps(topic: string): Promise<Sweep[]>;
  addSweep(sweep: Sweep): Promise<void>;
  removeSweep(sweep: Sweep): Promise<void>;
}

const partition = (topic: string) => `hold#${topic}`;
const holdKey = (topic: string) => ({ pk: partition(topic), sk: 'hold' });
const sweepKey = ({ topic, hold }: Sweep) => ({ pk: partition(topic), sk: `sweep#${hold}` });

export function createHoldStore(table: Table, clock: Clock): HoldStore {
  return {
    find: async (topic) =>
      (await table.get(holdKey(topic), { consistent: true }))?.document as Hold | undefined,
    findMany: async (topics) => (await table.getMany(topics.map(holdKey))).map((row) => row.document as Hold),
    replace: (to, earlier) =>
      replaceAndReport(
        table,
        { ...holdKey(to.topic), document: to },
        earlier,
        newsOfHold(earlier, to, clock.now()),
      ),
    remove: (topic) => table.delete(holdKey(topic)),
    sweeps: async (topic) =>
      (await table.query(partition(topic), 'sweep#')).map((row) => row.document as Sweep),
    addSweep: (sweep) => table.put({ ...sweepKey(sweep), document: sweep }),
    removeSweep: (sweep) => table.delete(sweepKey(sweep)),
  };
}
