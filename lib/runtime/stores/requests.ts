import type { Portion } from '../../core/list/portion.ts';
import { type AccessRequest, keptSeconds, topicToDecide } from '../../core/request/request.ts';
import { newsOfRequest } from '../../core/system-event/news.ts';
import type { Table } from '../aws/table/table.ts';
import type { Write } from '../aws/table/transact.ts';
import type { Clock } from '../clock.ts';
import { createRecent, secondsToRemember } from './recent.ts';
import { systemEventWrites } from './system-events.ts';

/** What applications ask for. There are few, so all are in one partition, in the order in which they were made. */
export interface RequestStore {
  find(id: string): Promise<AccessRequest | undefined>;
  /** How many of an application are open, up to a limit. */
  countOpen(application: string, limit: number): Promise<number>;
  /** Those of an application that are open. */
  openOf(application: string): Promise<AccessRequest[]>;
  /** All that are open, as of a few seconds ago: those that a read finds. */
  open(): Promise<{ readonly found: readonly OpenRequest[]; readonly isPartial: boolean }>;
  /** Behind an id, the oldest first. */
  after(after: string, limit: number): Promise<Portion<AccessRequest>>;
  /**
   * Writes a request in the place of the one it was made from, together with other rows.
   * @returns false, with nothing written, when that is another by now.
   */
  change(now: AccessRequest, was: AccessRequest | undefined, others?: readonly Write[]): Promise<boolean>;
}

const pk = 'request';
/** Found by its application while it is open. */
const openKey = ({ application, id }: AccessRequest) => ({ pk: `open-request#${application}`, sk: id });
/** All that are open, for who may decide about them. */
const allOpenKey = ({ id }: AccessRequest) => ({ pk: 'open-requests', sk: id });

/** An open request, as far as it says who may decide about it. */
export interface OpenRequest {
  readonly application: string;
  /** The topic whose owner decides, and its lifetime; an admin decides about the rest. */
  readonly topic?: string;
  readonly topicLifetime?: string;
}

function openOf(request: AccessRequest): OpenRequest {
  const { application, topicLifetime } = request;
  const topic = topicToDecide(request);
  return {
    application,
    ...(topic !== undefined && { topic }),
    ...(topicLifetime !== undefined && { topicLifetime }),
  };
}

function openWrites(was: AccessRequest | undefined, now: AccessRequest): Write[] {
  const isOpen = now.state === 'open';
  if (isOpen === (was?.state === 'open')) return [];
  return isOpen
    ? [{ put: { ...openKey(now), document: true } }, { put: { ...allOpenKey(now), document: openOf(now) } }]
    : [{ delete: openKey(now) }, { delete: allOpenKey(now) }];
}

const openRowsMax = 5000;

export function createRequestStore(table: Table, clock: Clock): RequestStore {
  const recent = createRecent(clock);
  return {
    find: async (id) =>
      (await table.get({ pk, sk: id }, { consistent: true }))?.document as AccessRequest | undefined,

    async countOpen(application, limit) {
      const { rows } = await table.page(`open-request#${application}`, '', limit);
      return rows.length;
    },

    async openOf(application) {
      const rows = await table.query(`open-request#${application}`);
      const found = await Promise.all(rows.map(({ sk }) => table.get({ pk, sk }, { consistent: true })));
      return found
        .flatMap((row) => (row === undefined ? [] : [row.document as AccessRequest]))
        .filter(({ state }) => state === 'open');
    },

    open: () =>
      recent.get(
        'open',
        async () => {
          const { rows, last } = await table.page('open-requests', '', openRowsMax);
          return {
            found: rows.map(({ document }) => document as OpenRequest),
            isPartial: last !== undefined,
          };
        },
        ({ found }) => secondsToRemember(found.length),
      ),

    async after(after, limit) {
      const { rows, last } = await table.page(pk, after, limit);
      return { items: rows.map((row) => ({ key: row.sk, item: row.document as AccessRequest })), last };
    },

    change(now, was, others = []) {
      const seconds = keptSeconds(now);
      const expiresAtSeconds = Math.ceil(clock.now() / 1000) + (seconds ?? 0);
      const put = { pk, sk: now.id, document: now, ...(seconds !== undefined && { expiresAtSeconds }) };
      const reports = systemEventWrites(newsOfRequest(was, now, clock.now()));
      return table.transact([{ put, was }, ...openWrites(was, now), ...others, ...reports]);
    },
  };
}
