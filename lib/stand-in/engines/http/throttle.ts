import type { EpochMs } from '../engine.ts';
import type { Throttle } from './model.ts';

export interface TokenBucket {
  /** Takes a token; false when there is none. */
  take(nowMs: EpochMs): boolean;
}

/** API Gateway's throttle: a token bucket that starts full and refills steadily. */
export function tokenBucket({ burst, ratePerSecond }: Throttle, startMs: EpochMs): TokenBucket {
  let tokens = burst;
  let filledAtMs = startMs;
  return {
    take(nowMs) {
      tokens = Math.min(burst, tokens + ((nowMs - filledAtMs) / 1000) * ratePerSecond);
      filledAtMs = nowMs;
      if (tokens < 1) return false;
      tokens -= 1;
      return true;
    },
  };
}
