import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Resolves when `count` has reached `expected`.
 * @throws Error when the count has not grown for `stallSeconds`.
 */
export async function waitForCount(options: {
  readonly what: string;
  readonly expected: number;
  readonly stallSeconds: number;
  readonly pollMs: number;
  count(): Promise<number>;
}): Promise<void> {
  const { what, expected, stallSeconds, pollMs } = options;
  let highest = -1;
  let grownAtMs = performance.now();
  for (;;) {
    const now = await options.count();
    if (now >= expected) return;
    if (now > highest) grownAtMs = performance.now();
    else if (performance.now() - grownAtMs > stallSeconds * 1000) {
      throw new Error(`Only ${now} of ${expected} ${what} arrived, and none for ${stallSeconds} s.`);
    }
    highest = now;
    await sleep(pollMs);
  }
}
