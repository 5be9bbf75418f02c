import type { EpochMs } from '../engine.ts';

/**
 * The sequence numbers of a FIFO queue: twenty digits that grow with every message, and over restarts as well,
 * because the time leads them.
 */
export class SequenceNumbers {
  #ms: EpochMs = 0;
  #step = 0;

  next(nowMs: EpochMs): string {
    if (nowMs > this.#ms) {
      this.#ms = nowMs;
      this.#step = 0;
    } else {
      this.#step += 1;
    }
    return `1${String(this.#ms).padStart(13, '0')}${String(this.#step).padStart(6, '0')}`;
  }
}
