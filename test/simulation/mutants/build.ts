import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { bundleOptions, writeBundle } from '../../../lib/stacks/bundle.ts';
import type { SimulationOptions } from '../simulate.ts';
import { type Mutant, mutate, pathOf } from './mutant.ts';

export interface Mutated {
  /** The code of a function, for a simulation: with the bug where the mutant has it, else as it is deployed. */
  readonly codeOf: NonNullable<SimulationOptions['codeOf']>;
  remove(): void;
}

/**
 * Bundles the functions of a mutant as they are deployed, but for its bug.
 * @throws Error when a function is named that does not contain the file: it would be run without the bug.
 */
export async function buildMutant(mutant: Mutant, prefix = 'busbar'): Promise<Mutated> {
  const directory = mkdtempSync(join(tmpdir(), 'busbar-mutant-'));
  const built = new Map<string, string>();
  for (const name of mutant.functions) {
    const own = join(directory, name);
    let isIn = false;
    const plugin: Plugin = {
      name: 'mutant',
      setup(esbuild) {
        esbuild.onLoad({ filter: literally(pathOf(mutant)) }, () => {
          isIn = true;
          return { contents: mutate(mutant), loader: 'ts' };
        });
      },
    };
    const { outputFiles } = await build({ ...bundleOptions(`functions/${name}.ts`, own), plugins: [plugin] });
    if (!isIn) throw new Error(`The function ${name} does not contain ${mutant.file}.`);
    writeBundle(own, outputFiles);
    built.set(`${prefix}-${name}`, own);
  }
  return {
    codeOf: (definition) => built.get(definition.name) ?? definition.code,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

const literally = (text: string) => new RegExp(`^${text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')}$`);
