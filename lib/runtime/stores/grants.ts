import { allowsAnything, type Grant } from '../../core/grant/grant.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import type { Portion } from '../../core/list/portion.ts';
import { registryChangeRoundsMax } from '../../core/registry/limits.ts';
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
  /** On which of these topics an application has a grant, even one that was revoked; a hundred rows a call. */
  topicsGranted(application: string, topics: readonly string[]): Promise<string[]>;
  /** A write for a transaction: it is refused when the grant is another by now. */
  writeOf(now: Grant, was: Grant | undefined): Write;
  /**
   * Changes a grant that there is; `change` is run again on what another has written meanwhile.
   * @throws BusbarError conflict when others are first time and again.
   */
  change(
    topic: string,
    application: string,
    change: (was: Grant) => Grant,
  ): Promise<{ readonly was: Grant; readonly now: Grant } | undefined>;
  /** Deletes all grants of a topic. */
  forget(topic: string): Promise<void>;
}

const cacheSeconds = 4;

const pk = (topic: string) => `grant#${topic}`;
/** A `#` stands in no name. */
const nameOf = (topic: string, application: string) => `${topic}#${application}`;

export function createGrantStore(table: Table, clock: Clock, trustPart = () => 1): GrantStore {
  const recent = createRecent(clock, { part: trustPart });
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
      recent.get(
        nameOf(topic, application),
        () => find(topic, application),
        // An approval takes effect at once, as only what allows something is remembered.
        (grant) => (grant !== undefined && allowsAnything(grant) ? cacheSeconds : 0),
      ),

    find,

    async after(topic, after, limit) {
      const { rows, last } = await table.page(pk(topic), after, limit);
      return { items: rows.map((row) => ({ key: row.sk, item: row.document as Grant })), last };
    },

    async topicsGranted(application, topics) {
      const rows = await table.getMany(topics.map((topic) => ({ pk: pk(topic), sk: application })));
      return rows.map((row) => (row.document as Grant).topic);
    },

    writeOf(now, was) {
      recent.forget(nameOf(now.topic, now.application));
      return { put: { pk: pk(now.topic), sk: now.application, document: now }, was };
    },

    async change(topic, application, change) {
      for (let round = 1; round <= registryChangeRoundsMax; round++) {
        const was = await find(topic, application);
        if (was === undefined) return undefined;
        const now = change(was);
        if (now === was) return { was, now };
        recent.forget(nameOf(topic, application));
        if (await table.replace({ pk: pk(topic), sk: application, document: now }, was)) return { was, now };
      }
      throw new BusbarError(
        'conflict',
        `What ${application} may do with ${topic} is changed by others faster than this could be written. Nothing was changed by it; try again.`,
        { retryAfterSeconds: 1 },
      );
    },

    async forget(topic) {
      for (const { sk } of await table.query(pk(topic))) await remove(topic, sk);
    },
  };
}
