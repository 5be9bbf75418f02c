import type { Host } from '../engine.ts';
import type { Database } from './database.ts';

/** An item whose time to live is older than this is left alone, so that a wrong unit does not empty a table. */
const ignoredAfterSeconds = 5 * 365 * 24 * 60 * 60;

export interface Sweep {
  stop(): void;
}

/**
 * Deletes items whose time to live has passed and stream records older than a day, every `everySeconds`. AWS deletes
 * expired items "typically within two days"; until then they can be read, here as there.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/howitworks-ttl.html
 */
export function startSweep(host: Host, database: Database, everySeconds: number): Sweep {
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
      // The service's own deletions are not charged.
      database.write(table, { id, before, after: undefined, afterSizeBytes: 0 }, true);
    }
  }
  database.streams.trim();
}
