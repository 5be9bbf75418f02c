import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, buildSync } from 'esbuild';
import { aliases, finishText } from '../connectors/bundling.ts';

const root = join(import.meta.dirname, '..', '..');

/**
 * Bundles the entry of a function into a folder and returns the folder. CommonJS starts faster on Lambda than modules
 * (docs/decisions/003-bundle-format.md), and Node treats a `.cjs` file as CommonJS in any folder. The metafile beside
 * the folder lists what the bundle contains.
 */
export function bundle(name: string, entry = `functions/${name}.ts`): string {
  const directory = bundled.get(name) ?? bundleFile(entry, join(root, '.cache', 'bundles', name));
  bundled.set(name, directory);
  return directory;
}

/** A process that synthesizes several stacks, as the tests do, bundles each function once. */
const bundled = new Map<string, string>();

/** Bundles any file below the root in the way functions are bundled. */
export function bundleFile(file: string, directory: string): string {
  const result = buildSync(bundleOptions(file, directory));
  mkdirSync(directory, { recursive: true });
  for (const { path, text } of result.outputFiles) writeFileSync(path, finishBundle(text));
  writeFileSync(`${directory}.meta.json`, JSON.stringify(result.metafile));
  return directory;
}

/** The esbuild options for a file; pass what esbuild writes to `finishBundle`. */
export function bundleOptions(file: string, directory: string) {
  return {
    absWorkingDir: root,
    entryPoints: [file],
    outfile: join(directory, 'index.cjs'),
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    // Tree shaking needs the module builds of the SDK; it halves them.
    mainFields: ['module', 'main'],
    alias: aliases,
    metafile: true,
    write: false,
    logLevel: 'warning',
  } satisfies BuildOptions;
}

/** Replaces in the text of a bundle what esbuild cannot. */
export const finishBundle = (text: string): string => finishText(root, text);
