import { randomUUID } from 'node:crypto';
import { type Remembered, standing, type WorkStore } from './work-store.ts';

export interface MemoryStoreOptions {
  /** The maximum number of keys. Beyond it, the oldest finished work is forgotten. Default 100,000. */
  readonly keysMax?: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  readonly uuid?: () => string;
}

/** Records work in the memory of this process. If there are several instances, use a store that they share. */
export function memoryStore(options: MemoryStoreOptions = {}): WorkStore & { readonly size: number } {
  const { keysMax = 100_000, now = Date.now, uuid = randomUUID } = options;
  // In the order of the last write.
  const rows = new Map<string, Remembered>();

  function write(key: string, row: Remembered): void {
    rows.delete(key);
    rows.set(key, row);
  }

  /** Makes room for one more key, without forgetting unfinished work. */
  function makeRoom(nowMs: number): void {
    for (const [key, row] of rows) {
      if (rows.size < keysMax) return;
      if (row.leaseUntilMs <= nowMs) rows.delete(key);
    }
    if (rows.size >= keysMax) {
      throw new Error(`The store is full: ${rows.size} keys have unfinished work.`);
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
