import { type Guesses, guessesOf, waitSeconds } from '../../core/access/guesses.ts';
import type { Clock } from '../clock.ts';

/** How many wrong keys came lately, in this instance: from each address, and altogether. */
export interface WrongKeys {
  /** In how many seconds a key from this address is looked up again; 0 for at once. */
  waitSeconds(address: string): number;
  count(address: string): void;
}

const addressesMax = 1000;

export function createWrongKeys(clock: Clock): WrongKeys {
  const byAddress = new Map<string, Guesses>();
  let altogether: Guesses | undefined;
  return {
    waitSeconds: (address) =>
      Math.max(
        waitSeconds('address', byAddress.get(address), clock.now()),
        waitSeconds('instance', altogether, clock.now()),
      ),
    count(address) {
      // Whoever has so many addresses is bounded by the number of all.
      if (byAddress.size >= addressesMax) byAddress.clear();
      byAddress.set(address, guessesOf(byAddress.get(address), clock.now()));
      altogether = guessesOf(altogether, clock.now());
    },
  };
}
