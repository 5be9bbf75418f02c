import { gunzipSync, gzipSync } from 'node:zlib';
import type { Refused } from '../../core/relay/refused.ts';
import type { Table } from '../aws/table/table.ts';

/** What was refused after the bus took it over: few, in one partition, until somebody tries it again or deletes it. */
export interface RefusedStore {
  /** @param event its text, whatever it is. */
  put(refused: Refused, event: string): Promise<void>;
  /** @param application of which alone, or undefined for any. */
  find(application: string | undefined, id: string): Promise<{ refused: Refused; event: string } | undefined>;
  /** Some behind `after`; of one application, or of all. `last` is where to go on, if there may be more. */
  page(
    application: string | undefined,
    after: string,
    limit: number,
  ): Promise<{ refused: Refused[]; last: string | undefined }>;
  delete(application: string, id: string): Promise<void>;
}

interface Kept {
  readonly refused: Refused;
  /** Packed, because JSON in JSON could grow beyond what a row takes. */
  readonly event: string;
}

const pk = (application: string) => `refused#${application}`;
/** Every application that has some, so that an admin sees them all. */
const applicationsPk = 'refused-applications';

export function createRefusedStore(table: Table): RefusedStore {
  const namesOf = async (application: string | undefined) =>
    application === undefined ? (await table.query(applicationsPk)).map(({ sk }) => sk) : [application];

  return {
    async put(refused, event) {
      const document: Kept = { refused, event: gzipSync(event).toString('base64') };
      await table.put({ pk: applicationsPk, sk: refused.application, document: true });
      await table.put({ pk: pk(refused.application), sk: refused.id, document });
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
      const [of, behind = ''] = after === '' ? ['', ''] : after.split('/');
      const refused: Refused[] = [];
      for (const name of (await namesOf(application)).filter((candidate) => candidate >= (of ?? ''))) {
        const { rows, last } = await table.page(pk(name), name === of ? behind : '', limit - refused.length);
        refused.push(...rows.map((row) => (row.document as Kept).refused));
        const end = refused.at(-1);
        if (refused.length >= limit && end !== undefined) return { refused, last: `${name}/${end.id}` };
        if (last !== undefined) return { refused, last: `${name}/${last}` };
      }
      return { refused, last: undefined };
    },
    delete: (application, id) => table.delete({ pk: pk(application), sk: id }),
  };
}
