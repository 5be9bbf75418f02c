import type { Breaker, Counts } from '../../core/breaker/breaker.ts';
import { breakerCacheSeconds } from '../../core/breaker/limits.ts';
import type { SystemEvent } from '../../core/system-event/system-event.ts';
import type { Table } from '../aws/table/table.ts';
import type { Clock } from '../clock.ts';
import { breakerAttentionWrites } from './attention.ts';
import { replaceAndReport } from './system-events.ts';

/** The breakers of the receivers, as they were kept, and what their attempts came to. */
export interface BreakerStore {
  /** What is a few seconds old will do: for the hot path. */
  cached(receiver: string): Promise<Breaker | undefined>;
  read(receiver: string): Promise<Breaker | undefined>;
  /** Replaces what was read; false when another invocation was first. */
  swap(
    receiver: string,
    was: Breaker | undefined,
    breaker: Breaker,
    /** What is reported of it, in the same transaction. */
    reports?: readonly SystemEvent[],
    /** Whose receiver it is: the overview finds what is not closed by that. */
    owner?: string,
  ): Promise<boolean>;
  /**
   * Adds to the receiver's window and answers what it has come to over all invocations. Successes alone are only
   * remembered here, and told with the next failure: a receiver that is well costs no write.
   */
  count(receiver: string, windowSeconds: number, counts: Counts): Promise<Counts | undefined>;
  delete(receiver: string): Promise<void>;
}

const stateKey = (receiver: string) => ({ pk: `breaker#${receiver}`, sk: 'state' });

interface Tally {
  readonly window: number;
  readonly successes: number;
}

export function createBreakerStore(table: Table, clock: Clock): BreakerStore {
  const cache = new Map<string, { readonly untilMs: number; readonly breaker: Breaker | undefined }>();
  const tallies = new Map<string, Tally>();

  const remember = (receiver: string, breaker: Breaker | undefined): Breaker | undefined => {
    cache.set(receiver, { untilMs: clock.now() + breakerCacheSeconds * 1000, breaker });
    return breaker;
  };
  const read = async (receiver: string) => {
    const row = await table.get(stateKey(receiver), { consistent: true });
    return remember(receiver, row?.document as Breaker | undefined);
  };

  return {
    async cached(receiver) {
      const kept = cache.get(receiver);
      if (kept === undefined) return await read(receiver);
      if (kept.untilMs > clock.now()) return kept.breaker;
      // A throttle must not make an open breaker look closed.
      return await read(receiver).catch(() => remember(receiver, kept.breaker));
    },
    read,
    async swap(receiver, was, breaker, reports = [], owner = undefined) {
      const row = { ...stateKey(receiver), document: breaker };
      const beside =
        owner === undefined ? [] : breakerAttentionWrites(receiver, owner, was, breaker, clock.now());
      const swapped = await replaceAndReport(table, row, was, reports, beside);
      if (swapped) remember(receiver, breaker);
      return swapped;
    },
    async count(receiver, windowSeconds, { successes, failures }) {
      const window = Math.floor(clock.now() / 1000 / windowSeconds);
      const tally = tallies.get(receiver);
      const known = (tally?.window === window ? tally.successes : 0) + successes;
      if (failures === 0) {
        tallies.set(receiver, { window, successes: known });
        return undefined;
      }
      const counts = await table.add(
        { pk: `breaker#${receiver}`, sk: `window#${window}` },
        { failures, successes: known },
        (window + 2) * windowSeconds,
      );
      tallies.set(receiver, { window, successes: 0 });
      return { failures: counts.failures ?? failures, successes: counts.successes ?? known };
    },
    async delete(receiver) {
      cache.delete(receiver);
      await table.delete(stateKey(receiver));
    },
  };
}
