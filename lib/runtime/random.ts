import { randomFillSync, randomUUID } from 'node:crypto';

/** Randomness as an argument: seeded under simulation. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** A version 4 UUID. */
  uuid(): string;
  /** Unpredictable bytes, for secrets, keys and traces. */
  bytes(length: number): Uint8Array;
}

/** A call of the generator costs microseconds however few bytes it gives, so that they are drawn in advance. */
const poolBytes = 4096;
const pool = new Uint8Array(poolBytes);
let poolUsed = poolBytes;

function drawBytes(length: number): Uint8Array {
  if (length > poolBytes) return randomFillSync(new Uint8Array(length));
  if (poolUsed + length > poolBytes) {
    randomFillSync(pool);
    poolUsed = 0;
  }
  const drawn = pool.slice(poolUsed, poolUsed + length);
  // What was given out stays nowhere else.
  pool.fill(0, poolUsed, poolUsed + length);
  poolUsed += length;
  return drawn;
}

export const systemRandom: Random = { next: Math.random, uuid: () => randomUUID(), bytes: drawBytes };
