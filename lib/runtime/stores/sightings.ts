import { bus } from '../../core/limits.ts';
import type { Sighting } from '../../core/occurrence.ts';
import { scheduleName } from '../../core/schedule.ts';
import { eventHash } from '../../core/trace.ts';
import type { Table } from '../table.ts';

/**
 * Where an event can be found by its id alone: a row for each of its deliveries that failed once, and for each time
 * it waits in a schedule. Both have a row of their own already; this one is written once.
 */
export interface SightingStore {
  find(eventId: string): Promise<Sighting[]>;
  put(sightings: readonly Sighting[]): Promise<void>;
}

/** An id may be longer than a key. */
const partition = (eventId: string) => `event#${eventHash(eventId)}`;

export function createSightingStore(table: Table): SightingStore {
  return {
    async find(eventId) {
      return (await table.query(partition(eventId))).map((row) => row.document as Sighting);
    },
    put: (sightings) =>
      table.putMany(
        sightings.map((sighting) => ({
          pk: partition(sighting.id),
          sk:
            sighting.kind === 'failing'
              ? `failing#${sighting.deliveryId}`
              : `scheduled#${scheduleName(sighting.target, sighting, sighting.dueAtMs)}`,
          document: sighting,
          expiresAtSeconds:
            Math.ceil((sighting.kind === 'failing' ? sighting.atMs : sighting.dueAtMs) / 1000) +
            bus.deliveryRecordSeconds,
        })),
      ),
  };
}
