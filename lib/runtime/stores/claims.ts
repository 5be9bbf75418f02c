import type { Claim } from '../../core/publish/duplicate.ts';
import type { Table } from '../aws/table/table.ts';

/** The claims of deduplication (see core/duplicate). */
export interface ClaimStore {
  /** Takes the claim; answers the one that already stands when there is one. */
  take(key: string, claim: Claim, nowMs: number): Promise<Claim | undefined>;
  /** Makes claims acceptances, after their events were sent. */
  accept(keys: readonly string[], claim: Claim): Promise<void>;
  /** Gives claims back, because their events could not be sent. */
  release(keys: readonly string[]): Promise<void>;
}

const rowKey = (key: string) => ({ pk: `claim#${key}`, sk: 'claim' });
const row = (key: string, claim: Claim) => ({
  ...rowKey(key),
  document: claim.state,
  expiresAtSeconds: claim.expiresAtSeconds,
});

export function createClaimStore(table: Table): ClaimStore {
  return {
    async take(key, claim, nowMs) {
      const standing = await table.putIfFree(row(key, claim), nowMs);
      if (standing === undefined) return undefined;
      return { state: standing.document as Claim['state'], expiresAtSeconds: standing.expiresAtSeconds ?? 0 };
    },
    accept: (keys, claim) => table.putMany(keys.map((key) => row(key, claim))),
    release: (keys) => table.deleteMany(keys.map(rowKey)),
  };
}
