import type { Claim, ClaimRef } from '../../core/publish/duplicate.ts';
import type { Row, Table } from '../aws/table/table.ts';

/** The claims of deduplication (see core/publish/duplicate). */
export interface ClaimStore {
  /** Takes the claim; answers the one that already stands when there is one. */
  take(ref: ClaimRef, claim: Claim, nowMs: number): Promise<Claim | undefined>;
  /** Makes claims acceptances, after their events were sent; not those that were freed or taken over meanwhile. */
  accept(refs: readonly ClaimRef[], claim: Claim): Promise<void>;
  /** Frees claims whose events are not sent; those that others took over stay. */
  free(refs: readonly ClaimRef[], nowMs: number): Promise<void>;
}

const rowKey = (key: string) => ({ pk: `claim#${key}`, sk: 'claim' });
type State = Claim['state'] | 'free';
const documentOf = (token: string, state: State) => ({ state, token });
const row = ({ key, token }: ClaimRef, state: State, expiresAtSeconds: number): Row => ({
  ...rowKey(key),
  document: documentOf(token, state),
  expiresAtSeconds,
});

/** Rows from before claims had tokens are the state alone. */
const stateOf = (document: unknown) =>
  (typeof document === 'string' ? document : (document as { state: string }).state) as Claim['state'];

/**
 * The row of a freed claim, and the documents that it replaces. It has expired, and an expired row is free: whoever frees
 * needs no right to delete.
 */
export const freedClaim = (ref: ClaimRef, nowMs: number) => ({
  row: row(ref, 'free', Math.floor(nowMs / 1000)),
  earlier: (['claimed', 'accepted'] as const).map((state) => documentOf(ref.token, state)),
});

export function createClaimStore(table: Table): ClaimStore {
  return {
    async take(ref, claim, nowMs) {
      const standing = await table.putIfFree(row(ref, claim.state, claim.expiresAtSeconds), nowMs);
      // The SDK makes a call again whose answer was lost, and then finds its own claim.
      if (standing === undefined || tokenOf(standing.document) === ref.token) return undefined;
      return { state: stateOf(standing.document), expiresAtSeconds: standing.expiresAtSeconds ?? 0 };
    },
    async accept(refs, { state, expiresAtSeconds }) {
      await Promise.all(
        refs.map((ref) => table.replace(row(ref, state, expiresAtSeconds), documentOf(ref.token, 'claimed'))),
      );
    },
    async free(refs, nowMs) {
      await Promise.all(
        refs.map(async (ref) => {
          const { row: freed, earlier } = freedClaim(ref, nowMs);
          for (const document of earlier) if (await table.replace(freed, document)) return;
        }),
      );
    },
  };
}

const tokenOf = (document: unknown) =>
  typeof document === 'object' && document !== null ? (document as { token?: string }).token : undefined;
