import { randomUUID } from 'node:crypto';
import { type Remembered, standing, type WorkStore } from './work-store.ts';

export interface MemoryStoreOptions {
  /** So many keys are remembered; beyond, those that were done the longest ago are forgotten. Default 100,000. */
  readonly keysMax?: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  readonly uuid?: () => string;
}

/**
 * Remembers in this process: for one instance, and until it ends. Several instances need a store that they share.
 */
export function memoryStore(options: MemoryStoreOptions = {}): WorkStore & { readonly size: number } {
  const { keysMax = 100_000, now = Date.now, uuid = randomUUID } = options;
  // In the order in which they were written last.
  const rows = new Map<string, Remembered>();

  function write(key: string, row: Remembered): void {
    rows.delete(key);
    rows.set(key, row);
  }

  /** Makes room for one more key. What is being worked on is not forgotten. */
  function makeRoom(nowMs: number): void {
    for (const [key, row] of rows) {
      if (rows.size < keysMax) return;
      if (row.leaseUntilMs <= nowMs) rows.delete(key);
    }
    if (rows.size >= keysMax) {
      throw new Error(`${rows.size} pieces of work are under way, which is all that this store remembers.`);
    }
  }

  return {
    get size() {
      return rows.size;
    },
    async begin(key, version, leaseSeconds) {
      const nowMs = now();
      const row = rows.get(key);
      const obstacle = standing(row, version, nowMs);
      if (obstacle !== undefined) return obstacle;
      if (row === undefined) makeRoom(nowMs);
      const leaseUntilMs = nowMs + leaseSeconds * 1000;
      const isLive = row !== undefined && row.expiresAtMs > nowMs;
      const token = uuid();
      write(key, {
        version: isLive ? row.version : 0,
        token,
        leaseUntilMs,
        expiresAtMs: Math.max(isLive ? row.expiresAtMs : 0, leaseUntilMs),
      });
      return { state: 'begun', work: { key, version, token } };
    },
    async finish({ key, version, token }, keepSeconds) {
      if (rows.get(key)?.token !== token) return false;
      write(key, { version, token, leaseUntilMs: 0, expiresAtMs: now() + keepSeconds * 1000 });
      return true;
    },
    async abandon({ key, token }) {
      const row = rows.get(key);
      if (row?.token !== token) return;
      if (row.version === 0) rows.delete(key);
      else write(key, { ...row, leaseUntilMs: 0 });
    },
  };
}
