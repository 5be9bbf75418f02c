import type { Application, FormerApplication } from '../../core/access/application.ts';
import { formerApplicationDays } from '../../core/access/limits.ts';
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
  after(name: string, limit: number, prefix?: string): Promise<Portion<Application>>;
  /** The deleted application of a name, until that is made again. */
  former(application: string): Promise<FormerApplication | undefined>;
  /**
   * Makes all changes, or none when a row is another by now. What is deleted becomes a former application.
   * @param replaced the former application whose name is made again; refused when there is another by now.
   * @returns whether it did.
   */
  change(changes: readonly ApplicationChange[], replaced?: FormerApplication): Promise<boolean>;
  /** Gives an application that is used for the first time, or was before applications had rows, its row. */
  ensure(application: string): Promise<void>;
}

const cacheSeconds = 4;

const pk = 'registry#application';
const rowKey = (application: string) => ({ pk, sk: application });
const formerKey = (application: string) => ({ pk: 'registry#former-application', sk: application });

export function createApplicationStore(table: Table, clock: Clock, trustPart = () => 1): ApplicationStore {
  const recent = createRecent(clock, { remembersAbsence: true, part: trustPart });

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

    async after(name, limit, prefix = '') {
      // A cursor may have been made up.
      if (name !== '' && !name.startsWith(prefix)) return { items: [], last: undefined };
      const { rows, last } = await table.page(pk, name, limit, prefix);
      return { items: rows.map((row) => ({ key: row.sk, item: row.document as Application })), last };
    },

    former: async (application) =>
      (await table.get(formerKey(application), { consistent: true }))?.document as
        | FormerApplication
        | undefined,

    async change(changes, replaced) {
      for (const { was, now } of changes) recent.forget((was ?? now)?.application ?? '');
      return await table.transact(changes.flatMap((change) => writesOf(change, replaced, clock.now())));
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

function writesOf(
  { was, now }: ApplicationChange,
  replaced: FormerApplication | undefined,
  nowMs: number,
): Write[] {
  if (now !== undefined) {
    const put = { put: { ...rowKey(now.application), document: now }, was };
    return was === undefined ? [put, { delete: formerKey(now.application), was: replaced }] : [put];
  }
  if (was === undefined) return [];
  const { application, parent } = was;
  const deletedAt = new Date(nowMs).toISOString();
  const document: FormerApplication = { application, ...(parent !== undefined && { parent }), deletedAt };
  const expiresAtSeconds = Math.ceil(nowMs / 1000) + formerApplicationDays * 86_400;
  return [
    { delete: rowKey(application), was },
    { put: { ...formerKey(application), document, expiresAtSeconds } },
  ];
}
