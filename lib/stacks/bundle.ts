import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, buildSync } from 'esbuild';

const root = join(import.meta.dirname, '..', '..');

/**
 * Bundles the entry of one function into its own folder and returns that folder. CommonJS, because it
 * starts faster on Lambda than modules (docs/decisions/003-bundle-format.md); `.cjs`, so that Node takes it as
 * such wherever it lies. The metafile beside the folder says what is in it.
 */
export function bundle(name: string, entry = `functions/${name}.ts`): string {
  return bundleFile(entry, join(root, '.cache', 'bundles', name));
}

/** Bundles any file, below the root, as functions are. */
export function bundleFile(file: string, directory: string): string {
  const result = buildSync(bundleOptions(file, directory));
  mkdirSync(directory, { recursive: true });
  for (const { path, text } of result.outputFiles) writeFileSync(path, withRocketMqVersion(text));
  writeFileSync(`${directory}.meta.json`, JSON.stringify(result.metafile));
  return directory;
}

/** How a file is bundled into a directory; the outcome goes through `withRocketMqVersion`. */
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
    // The module builds of the SDK are what makes its unused half fall away.
    mainFields: ['module', 'main'],
    alias: rocketMqShims,
    metafile: true,
    write: false,
    logLevel: 'warning',
  } satisfies BuildOptions;
}

/** What the RocketMQ client asks for that a bundle cannot hold, or should not: each file says why. */
const rocketMqShims = {
  '@node-rs/crc32': './lib/connectors/rocketmq/shims/crc32.ts',
  address: './lib/connectors/rocketmq/shims/address.ts',
  'egg-logger': './lib/connectors/rocketmq/shims/egg-logger.ts',
};

/** How the RocketMQ client finds its version, after minification; of no other package. */
const readsVersion =
  /JSON\.parse\(\(0,[\w$]+\.readFileSync\)\([\w$]+\.default\.join\(__dirname,"\.\.\/\.\.\/package\.json"\),"utf-8"\)\)\.version/g;

/**
 * The client reads its version from a file two directories above, which no bundle has, as soon as it is loaded.
 * esbuild can replace that only by a plugin, and plugins do not work in a build that is synchronous, as the CDK
 * needs it: so it is written into the outcome.
 * @throws Error when the client reads its version in another way than this knows.
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
