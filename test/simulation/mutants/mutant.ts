import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SimulationOptions } from '../simulate.ts';
import { calm, type FaultRates, type Profile } from '../world/profile.ts';

/** A bug that is planted, and who has to find it. */
export interface Mutant {
  /** What the bus does wrong. */
  readonly name: string;
  /** A source file of the bus, from its root. */
  readonly file: string;
  /** Stands there exactly once … */
  readonly find: string;
  /** … and is replaced by this. */
  readonly replace: string;
  /** The functions into whose bundles it goes. */
  readonly functions: readonly string[];
  /** The checkers of which one has to complain. */
  readonly checkers: readonly string[];
  readonly under: Conditions;
}

/** What a mutant is run under, seed after seed, until it is found. */
export type Conditions = Pick<SimulationOptions, 'minutes' | 'focus' | 'outageMs' | 'livenessMs'> & {
  readonly profile: Profile;
  readonly seeds: readonly string[];
};

/** What a condition is but for what it names. */
export function conditions(
  rates: Partial<FaultRates>,
  others: Partial<Profile> &
    Pick<Conditions, 'focus' | 'outageMs' | 'livenessMs'> & {
      minutes?: number;
      seeds?: readonly string[];
    } = {},
): Conditions {
  const {
    minutes = 0.3,
    focus,
    outageMs,
    livenessMs,
    seeds = ['1', '2', '3', '4', '5', '6'],
    ...profile
  } = others;
  return {
    minutes,
    seeds,
    ...(focus !== undefined && { focus }),
    ...(outageMs !== undefined && { outageMs }),
    ...(livenessMs !== undefined && { livenessMs }),
    profile: {
      rates: { ...calm, ...rates },
      clockSkewMsMax: 0,
      endpointTrouble: 0,
      restarts: 0,
      schedulePrecisionMs: 60_000,
      outage: false,
      ...profile,
    },
  };
}

const root = join(import.meta.dirname, '..', '..', '..');

export const pathOf = ({ file }: Pick<Mutant, 'file'>): string => join(root, file);

/**
 * The source with the bug in it.
 * @throws Error when what is to be replaced does not stand there once: then the mutant is of a bus that is no more.
 */
export function mutate(mutant: Pick<Mutant, 'name' | 'file' | 'find' | 'replace'>): string {
  const parts = readFileSync(pathOf(mutant), 'utf8').split(mutant.find);
  if (parts.length === 2) return parts.join(mutant.replace);
  throw new Error(
    `${mutant.file} has ${parts.length - 1} places of what the mutant "${mutant.name}" replaces, and not one. Write the mutant anew:\n${mutant.find}`,
  );
}
