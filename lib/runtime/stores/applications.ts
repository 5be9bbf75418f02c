import type { Application } from '../../core/access/application.ts';
import type { Portion } from '../../core/list/portion.ts';
import type { Table } from '../aws/table/table.ts';
import type { Write } from '../aws/table/transact.ts';
import type { Clock } from '../clock.ts';
import { createRecent } from './recent.ts';

/** A change of a row: what stood there, undefined for none, and what shall, undefined for none. */
export interface ApplicationChange {
  readonly was: Application | undefined;
  readonly now: Application | undefined;
}

/** An application in whose quotas something counts. */
export interface Payer {
  readonly name: string;
  /** Undefined for one without a row. */
  readonly application: Application | undefined;
}

export interface ApplicationStore {
  /** What is a few seconds old will do. */
  cached(application: string): Promise<Application | undefined>;
  /** In whose quotas counts what an application does, its own and those of its parent. What is a few seconds old will do. */
  payersOf(name: string): Promise<Payer[]>;
  find(application: string): Promise<Application | undefined>;
  /** Those behind a name, in order: a part of at most 1 MB. */
  after(name: string, limit: number): Promise<Portion<Application>>;
  /** Makes all changes, or none when a row is another by now; returns whether it did. */
  change(changes: readonly ApplicationChange[]): Promise<boolean>;
  /** Gives an application that is used for the first time, or was before applications had rows, its row. */
  ensure(application: string): Promise<void>;
}

const cacheSeconds = 4;

const pk = 'registry#application';
const rowKey = (application: string) => ({ pk, sk: application });

export function createApplicationStore(table: Table, clock: Clock): ApplicationStore {
  const recent = createRecent(clock, { remembersAbsence: true });

  const find = async (application: string) =>
    (await table.get(rowKey(application), { consistent: true }))?.document as Application | undefined;
  const cached = (application: string) => recent.get(application, () => find(application), cacheSeconds);

  return {
    cached,

    async payersOf(name) {
      const application = await cached(name);
      const own = { name, application };
      if (application?.parent === undefined) return [own];
      const parent = await cached(application.parent);
      return parent === undefined ? [own] : [own, { name: parent.application, application: parent }];
    },

    find,

    async after(name, limit) {
      const { rows, last } = await table.page(pk, name, limit);
      return { items: rows.map((row) => ({ key: row.sk, item: row.document as Application })), last };
    },

    async change(changes) {
      for (const { was, now } of changes) recent.forget((was ?? now)?.application ?? '');
      return await table.transact(changes.flatMap(writeOf));
    },

    async ensure(application) {
      const nowMs = clock.now();
      const now = new Date(nowMs).toISOString();
      const document: Application = { application, createdAt: now, updatedAt: now };
      if ((await table.putIfFree({ ...rowKey(application), document }, nowMs)) === undefined) {
        recent.forget(application);
      }
    },
  };
}

function writeOf({ was, now }: ApplicationChange): Write[] {
  if (now !== undefined) return [{ put: { ...rowKey(now.application), document: now }, was }];
  return was === undefined ? [] : [{ delete: rowKey(was.application), was }];
}
