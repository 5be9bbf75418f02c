import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mutants } from './index.ts';

const root = join(import.meta.dirname, '..', '..', '..');

/** A mutant whose code has moved would be skipped or fail only in the proof, which takes minutes. */
describe('every mutant', () => {
  it.each(mutants.map((mutant) => [mutant.name, mutant] as const))('finds its line once: %s', (_, mutant) => {
    const source = readFileSync(join(root, mutant.file), 'utf8');
    expect(source.split(mutant.find).length - 1).toBe(1);
  });
});
