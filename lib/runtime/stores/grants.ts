import type { Grant } from '../../core/grant/grant.ts';
import type { Portion } from '../../core/list/portion.ts';
import type { Table } from '../aws/table/table.ts';
import type { Write } from '../aws/table/transact.ts';
import type { Clock } from '../clock.ts';
import { createRecent } from './recent.ts';

/** What applications may do with topics of others, by topic. */
export interface GrantStore {
  /** What is a few seconds old will do: a revoked grant ends within five. */
  cached(topic: string, application: string): Promise<Grant | undefined>;
  find(topic: string, application: string): Promise<Grant | undefined>;
  /** By application, behind that name. */
  after(topic: string, after: string, limit: number): Promise<Portion<Grant>>;
  /** A write for a transaction: it is refused when the grant is another by now. */
  writeOf(now: Grant, was: Grant | undefined): Write;
  delete(topic: string, application: string): Promise<void>;
  /** Deletes all grants of a topic. */
  forget(topic: string): Promise<void>;
}

const cacheSeconds = 4;

const pk = (topic: string) => `grant#${topic}`;
/** A `#` stands in no name. */
const nameOf = (topic: string, application: string) => `${topic}#${application}`;

export function createGrantStore(table: Table, clock: Clock): GrantStore {
  // An approval takes effect at once, as only what was found is remembered.
  const recent = createRecent(clock);
  const find = async (topic: string, application: string) =>
    (await table.get({ pk: pk(topic), sk: application }, { consistent: true }))?.document as
      | Grant
      | undefined;
  const remove = async (topic: string, application: string) => {
    recent.forget(nameOf(topic, application));
    await table.delete({ pk: pk(topic), sk: application });
  };

  return {
    cached: (topic, application) =>
      recent.get(nameOf(topic, application), () => find(topic, application), cacheSeconds),

    find,

    async after(topic, after, limit) {
      const { rows, last } = await table.page(pk(topic), after, limit);
      return { items: rows.map((row) => ({ key: row.sk, item: row.document as Grant })), last };
    },

    writeOf(now, was) {
      recent.forget(nameOf(now.topic, now.application));
      return { put: { pk: pk(now.topic), sk: now.application, document: now }, was };
    },

    delete: remove,

    async forget(topic) {
      for (const { sk } of await table.query(pk(topic))) await remove(topic, sk);
    },
  };
}
