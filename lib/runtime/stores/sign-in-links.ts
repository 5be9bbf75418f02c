import type { KeyRecord } from '../../core/access/key.ts';
import type { SignInLink } from '../../core/sign-in/link.ts';
import type { Table } from '../aws/table/table.ts';
import { newKeyWrites } from './keys.ts';

/** The links that sign in once, by the hash of their ticket, until they are used or have ended. */
export interface SignInLinkStore {
  put(link: SignInLink): Promise<void>;
  find(hash: string): Promise<SignInLink | undefined>;
  /** Puts a key in the place of a link; returns false, with nothing written, when another has used that. */
  redeem(link: SignInLink, record: KeyRecord): Promise<boolean>;
}

const rowKey = (hash: string) => ({ pk: `sign-in-link#${hash}`, sk: 'link' });

export function createSignInLinkStore(table: Table): SignInLinkStore {
  return {
    put: (link) =>
      table.put({
        ...rowKey(link.hash),
        document: link,
        expiresAtSeconds: Math.ceil(Date.parse(link.expiresAt) / 1000),
      }),
    find: async (hash) =>
      (await table.get(rowKey(hash), { consistent: true }))?.document as SignInLink | undefined,
    redeem: (link, record) =>
      table.transact([{ delete: rowKey(link.hash), was: link }, ...newKeyWrites(record)]),
  };
}
