import { createHash } from 'node:crypto';
import type { Random } from '../../../lib/runtime/random.ts';
import { seededRandom } from '../../../lib/stand-in/random.ts';

/** A stream of random decisions. All streams of a run come from its one seed. */
export interface Dice extends Random {
  /** A stream of its own: what one part of the simulation draws does not shift what another draws. */
  fork(name: string): Dice;
  /** Whether something of this probability happens. */
  chance(probability: number): boolean;
  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number;
  /** One of several, each as likely as another. */
  pick<const T>(choices: readonly T[]): T;
  /** One of several, each as likely as its weight is of all. */
  weighted<T>(choices: readonly (readonly [weight: number, choice: T])[]): T;
  shuffled<T>(items: readonly T[]): T[];
}

export function createDice(seed: string): Dice {
  const random = seededRandom(createHash('sha256').update(seed).digest().readUInt32BE());
  const between = (low: number, high: number) => low + Math.floor(random.next() * (high - low + 1));
  return {
    ...random,
    fork: (name) => createDice(`${seed}/${name}`),
    chance: (probability) => random.next() < probability,
    between,
    pick(choices) {
      if (choices.length === 0) throw new Error('There is nothing to pick from.');
      return choices[between(0, choices.length - 1)] as (typeof choices)[number];
    },
    weighted(choices) {
      let rest = random.next() * choices.reduce((sum, [weight]) => sum + weight, 0);
      for (const [weight, choice] of choices) {
        rest -= weight;
        if (rest < 0) return choice;
      }
      const last = choices.at(-1);
      if (last === undefined) throw new Error('There is nothing to choose from.');
      return last[1];
    },
    shuffled(items) {
      const cards = [...items];
      for (let at = cards.length - 1; at > 0; at--) {
        const other = between(0, at);
        const [left, right] = [cards[at], cards[other]];
        if (left === undefined || right === undefined) continue;
        cards[at] = right;
        cards[other] = left;
      }
      return cards;
    },
  };
}
