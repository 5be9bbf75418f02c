import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';

const root = join(import.meta.dirname, '..', '..');

/**
 * Bundles one function of `functions/` into a folder of its own and answers that folder. CommonJS, because it
 * starts faster on Lambda than modules (docs/decisions/003-bundle-format.md); `.cjs`, so that Node takes it as
 * such wherever it lies. The metafile beside the folder says what is in it.
 */
export function bundle(name: string): string {
  const directory = join(root, '.cache', 'bundles', name);
  const result = buildSync({
    absWorkingDir: root,
    entryPoints: [`functions/${name}.ts`],
    outfile: join(directory, 'index.cjs'),
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    // The module builds of the SDK are what makes its unused half fall away.
    mainFields: ['module', 'main'],
    metafile: true,
    logLevel: 'warning',
  });
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${directory}.meta.json`, JSON.stringify(result.metafile));
  return directory;
}
