import { eventHash } from '../../core/event/hash.ts';
import { bus } from '../../core/kernel/limits.ts';
import type { Sighting } from '../../core/why/occurrence.ts';
import type { Row, Table } from '../aws/table/table.ts';
import { isDelayedRow, keptDelayed } from './delayed.ts';

/**
 * Where an event can be found by its id alone: a row for each of its deliveries that failed once and for each time it
 * was refused, written here, and the row in which it waits when it is delayed.
 */
export interface SightingStore {
  find(eventId: string): Promise<Sighting[]>;
  put(sightings: readonly Extract<Sighting, { kind: 'failing' | 'refused' }>[]): Promise<void>;
}

/** An id may be longer than a key. */
const partition = (eventId: string) => `event#${eventHash(eventId)}`;

export function createSightingStore(table: Table): SightingStore {
  return {
    async find(eventId) {
      return (await table.query(partition(eventId))).map(sightingOf);
    },
    put: (sightings) =>
      table.putMany(
        sightings.map((sighting) => ({
          pk: partition(sighting.id),
          sk:
            sighting.kind === 'failing' ? `failing#${sighting.deliveryId}` : `refused#${sighting.refusedId}`,
          document: sighting,
          expiresAtSeconds: Math.ceil(sighting.atMs / 1000) + bus.deliveryRecordSeconds,
        })),
      ),
  };
}

function sightingOf(row: Row): Sighting {
  if (!isDelayedRow(row)) return row.document as Sighting;
  const { event, state } = keptDelayed(row);
  const { id, source, type, target, atMs, acting } = event;
  const { incarnation, actor } = acting ?? {};
  const about = { id, source, type, target, incarnation, by: actor?.application };
  return { kind: 'scheduled', ...about, atMs, dueAtMs: state.dueAtMs, state: state.state };
}
