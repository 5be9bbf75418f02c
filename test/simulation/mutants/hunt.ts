import { describe, expect, it } from 'vitest';
import { type SimulationResult, simulate } from '../simulate.ts';
import { buildMutant } from './build.ts';
import type { Conditions, Mutant } from './mutant.ts';

const controls = new Map<string, Promise<SimulationResult>>();

/** A run of the bus as it is, once for all mutants that are found under the same conditions. */
export function control(under: Conditions, seed: string): Promise<SimulationResult> {
  const { seeds: _, ...options } = under;
  const key = JSON.stringify([seed, options]);
  const found = controls.get(key) ?? simulate({ ...options, seed });
  controls.set(key, found);
  return found;
}

/** Who complained of a run. */
export const complaints = ({ violations }: SimulationResult): string[] => [
  ...new Set(violations.map(({ checker }) => checker)),
];

/** Runs a mutant under seed after seed until one of its checkers complains; says who complained under each. */
async function hunt(
  mutant: Mutant,
): Promise<{ foundBy: string | undefined; heard: Record<string, string[]> }> {
  const { seeds, ...options } = mutant.under;
  const { codeOf, remove } = await buildMutant(mutant);
  const heard: Record<string, string[]> = {};
  try {
    for (const seed of seeds) {
      const names = complaints(await simulate({ ...options, seed, codeOf }));
      heard[seed] = names;
      if (names.some((name) => mutant.checkers.includes(name))) return { foundBy: seed, heard };
    }
    return { foundBy: undefined, heard };
  } finally {
    remove();
  }
}

/** Each mutant is found by one of its checkers, and of the bus as it is nobody complains under the same seed. */
export function findEach(mutants: readonly Mutant[]): void {
  describe('the simulation finds', () => {
    it.each(mutants)('$name', async (mutant) => {
      const { foundBy, heard } = await hunt(mutant);
      expect(foundBy, `${mutant.checkers} did not complain, but: ${JSON.stringify(heard)}`).toBeDefined();
      expect(complaints(await control(mutant.under, foundBy ?? ''))).toEqual([]);
    });
  });
}
