import { randomBytes, randomUUID } from 'node:crypto';

/** Randomness as an argument: seeded under simulation. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** A version 4 UUID. */
  uuid(): string;
  /** Unpredictable bytes, for secrets and keys. */
  bytes(length: number): Uint8Array;
}

export const systemRandom: Random = {
  next: Math.random,
  uuid: () => randomUUID(),
  bytes: (length) => randomBytes(length),
};
