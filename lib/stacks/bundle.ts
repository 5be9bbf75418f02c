import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, buildSync } from 'esbuild';

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
  for (const { path, text } of result.outputFiles) writeFileSync(path, withRocketMqVersion(text));
  writeFileSync(`${directory}.meta.json`, JSON.stringify(result.metafile));
  return directory;
}

/** The esbuild options for a file; pass what esbuild writes to `withRocketMqVersion`. */
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
    alias: rocketMqShims,
    metafile: true,
    write: false,
    logLevel: 'warning',
  } satisfies BuildOptions;
}

/** Replacements for dependencies of the RocketMQ client that a bundle cannot or should not contain; each file says why. */
const rocketMqShims = {
  '@node-rs/crc32': './lib/connectors/rocketmq/shims/crc32.ts',
  address: './lib/connectors/rocketmq/shims/address.ts',
  'egg-logger': './lib/connectors/rocketmq/shims/egg-logger.ts',
};

/** How the RocketMQ client, and no other package, reads its version after minification. */
const readsVersion =
  /JSON\.parse\(\(0,[\w$]+\.readFileSync\)\([\w$]+\.default\.join\(__dirname,"\.\.\/\.\.\/package\.json"\),"utf-8"\)\)\.version/g;

/**
 * Writes the version of the RocketMQ client into a bundle. The client reads it on load from a file two directories up,
 * which a bundle does not have. esbuild can replace that only with a plugin, and plugins do not work in the synchronous
 * build that the CDK needs.
 * @throws Error when the client reads its version in a way that this function does not know.
 */
export function withRocketMqVersion(text: string): string {
  const bundled = text.replace(readsVersion, () => {
    const { version } = JSON.parse(
      readFileSync(join(root, 'node_modules', 'rocketmq-client-nodejs', 'package.json'), 'utf8'),
    );
    return JSON.stringify(version);
  });
  if (/readFileSync\)?\([^;]{0,80}package\.json/.test(bundled)) {
    throw new Error(
      'The RocketMQ client reads its package.json in a way that bundle.ts does not know; see withRocketMqVersion.',
    );
  }
  return bundled;
}
