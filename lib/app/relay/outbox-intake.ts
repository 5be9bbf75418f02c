import { outboxPlace } from '../../core/relay/outbox.ts';
import type { OutboxMove, OwnEntry } from '../../runtime/aws/outbox-move.ts';
import type { Log } from '../../runtime/log.ts';

export interface IntakeTools {
  /** The application in whose name entries are written: IAM lets this function write no other. */
  readonly application: string;
  readonly move: OutboxMove;
  readonly log: Log;
}

/** An entry of a producer's own table, with its place in the order of writing. */
export interface Arrived {
  readonly entry: OwnEntry;
  /** Of the stream record; undefined for an entry that was found by scanning the table. */
  readonly sequenceNumber: string | undefined;
}

/**
 * Moves entries from a producer's own table to the outbox of the bus, each in one transaction: none is ever in both,
 * and an entry that comes twice is moved once. The entries of a key go one after the other; when one fails, those
 * behind it stay as well.
 * @returns the places of the entries that stay.
 */
export async function takeInEntries(tools: IntakeTools, arrived: readonly Arrived[]): Promise<Set<number>> {
  const left = new Set<number>();
  const byPartition = new Map<string, { place: number; sk: string; one: Arrived }[]>();
  for (const [place, one] of arrived.entries()) {
    const { pk, sk } = outboxPlace(tools.application, one.entry, one.sequenceNumber);
    byPartition.set(pk, [...(byPartition.get(pk) ?? []), { place, sk, one }]);
  }
  await Promise.all(
    [...byPartition].map(async ([pk, list]) => {
      let failed = false;
      for (const { place, sk, one } of list) {
        if (failed) left.add(place);
        else {
          try {
            await tools.move(one.entry, { pk, sk });
          } catch (error) {
            tools.log('error', 'An entry could not be moved to the outbox', { pk, reason: String(error) });
            failed = true;
            left.add(place);
          }
        }
      }
    }),
  );
  return left;
}
