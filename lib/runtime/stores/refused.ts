import { gunzipSync, gzipSync } from 'node:zlib';
import type { Portion } from '../../core/list/portion.ts';
import type { Refused } from '../../core/refused/refused.ts';
import { newsOfRefused } from '../../core/system-event/news.ts';
import type { Table } from '../aws/table/table.ts';
import { systemEventWrites } from './system-events.ts';

/** What was refused after the bus took it over: few, in one partition, until somebody tries it again or deletes it. */
export interface RefusedStore {
  /** @param event its text, whatever it is. */
  put(refused: Refused, event: string): Promise<void>;
  /** @param application of which alone, or undefined for any. */
  find(application: string | undefined, id: string): Promise<{ refused: Refused; event: string } | undefined>;
  /** Some of one application, or of all in the order of their names. */
  page(application: string | undefined, after: string, limit: number): Promise<Portion<Refused>>;
  delete(application: string, id: string): Promise<void>;
}

interface Kept {
  readonly refused: Refused;
  /** Packed, because JSON in JSON could grow beyond what a row takes. */
  readonly event: string;
}

const pk = (application: string) => `refused#${application}`;
/** How many characters of a row the packed event may have; a row has 400 KB, and the rest of it is bounded. */
const packedMax = 300_000;
/** Packed, so many bytes fit, however little they can be compressed. */
const beginningBytes = 200_000;

const pack = (event: string | Uint8Array) => gzipSync(event).toString('base64');

/** What is too large for a row can be no event, and is kept so far that its producer knows it. */
function fitting(refused: Refused, event: string): Kept {
  const whole = pack(event);
  if (whole.length <= packedMax) return { refused, event: whole };
  const beginning = new TextDecoder().decode(Buffer.from(event).subarray(0, beginningBytes), {
    stream: true,
  });
  const detail = `${refused.detail} It is too large to be kept whole: this is its beginning, which cannot be retried.`;
  return { refused: { ...refused, detail, retryable: false }, event: pack(beginning) };
}

/** Every application that has some, so that an admin sees them all. */
const applicationsPk = 'refused-applications';
/** So many applications are looked through for one part of a list; most have none any more. */
const applicationsAtOnce = 25;
/** Above every id: behind all that an application has. */
const behindAll = '~';

export function createRefusedStore(table: Table): RefusedStore {
  const namesOf = async (application: string | undefined) =>
    application === undefined ? (await table.query(applicationsPk)).map(({ sk }) => sk) : [application];

  const ofApplication = async (name: string, behind: string, limit: number): Promise<Portion<Refused>> => {
    const { rows, last } = await table.page(pk(name), behind, limit);
    return {
      items: rows.map((row) => ({ key: `${name}/${row.sk}`, item: (row.document as Kept).refused })),
      last: last === undefined ? undefined : `${name}/${last}`,
    };
  };

  return {
    async put(refused, event) {
      const document = fitting(refused, event);
      await table.put({ pk: applicationsPk, sk: refused.application, document: true });
      const put = { pk: pk(refused.application), sk: refused.id, document };
      const reports = newsOfRefused(refused, Date.parse(refused.refusedAt));
      // Of two who write the same counter at once one is turned away: what is refused is kept in any case.
      if (reports.length > 0 && (await table.transact([{ put }, ...systemEventWrites(reports)]))) return;
      await table.put(put);
    },
    async find(application, id) {
      for (const name of await namesOf(application)) {
        const row = await table.get({ pk: pk(name), sk: id }, { consistent: true });
        if (row === undefined) continue;
        const { refused, event } = row.document as Kept;
        return { refused, event: gunzipSync(Buffer.from(event, 'base64')).toString('utf8') };
      }
      return undefined;
    },
    async page(application, after, limit) {
      // The name of an application that writes outbox entries may hold slashes; an id holds none.
      const slash = after.lastIndexOf('/');
      const begun = after.slice(0, Math.max(0, slash));
      const behind = after.slice(slash + 1);
      if (application !== undefined) return await ofApplication(application, behind, limit);
      const items: Portion<Refused>['items'][number][] = [];
      const names = await table.page(applicationsPk, begun, applicationsAtOnce);
      for (const name of [...(begun === '' ? [] : [begun]), ...names.rows.map(({ sk }) => sk)]) {
        const part = await ofApplication(name, name === begun ? behind : '', limit - items.length);
        items.push(...part.items);
        if (part.last !== undefined) return { items, last: part.last };
      }
      return { items, last: names.last === undefined ? undefined : `${names.last}/${behindAll}` };
    },
    delete: (application, id) => table.delete({ pk: pk(application), sk: id }),
  };
}
