import type { Host } from '../engine.ts';
import type { Database } from './database.ts';

/** An item that expired longer ago stays, as on AWS: a wrong unit must not empty a table. */
const ignoredAfterSeconds = 5 * 365 * 24 * 60 * 60;

/** How often expired items and old stream records are deleted. */
const everySeconds = 60 * 60;

export interface Sweep {
  stop(): void;
}

/**
 * Deletes expired items, and stream records older than a day, every hour. AWS deletes expired items "typically within
 * two days". Until then they can be read, on both.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
 */
export function startSweep(host: Host, database: Database): Sweep {
  let cancel = schedule();
  function schedule(): () => void {
    return host.clock.setTimer(everySeconds * 1000, () => {
      sweep(host, database);
      cancel = schedule();
    });
  }
  return { stop: () => cancel() };
}

function sweep(host: Host, database: Database): void {
  const nowSeconds = Math.floor(host.clock.now() / 1000);
  for (const table of database.tables.values()) {
    for (const id of table.expiredIds(nowSeconds - ignoredAfterSeconds, nowSeconds)) {
      const before = table.get(id)?.item;
      // Deletions by the service are free.
      database.write(table, { id, before, after: undefined, afterSizeBytes: 0 }, true);
    }
  }
  database.streams.trim();
}
