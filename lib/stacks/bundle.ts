import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildSync } from 'esbuild';

const root = join(import.meta.dirname, '..', '..');

/**
 * Bundles one function of `functions/` into a folder of its own and answers that folder. CommonJS, because it
 * starts faster on Lambda than modules (docs/decisions/003-bundle-format.md); `.cjs`, so that Node takes it as
 * such wherever it lies. The metafile beside the folder says what is in it.
 */
export function bundle(name: string): string {
  return bundleFile(`functions/${name}.ts`, join(root, '.cache', 'bundles', name));
}

/** Bundles any file, below the root, as functions are. */
export function bundleFile(file: string, directory: string): string {
  const result = buildSync({
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
  });
  mkdirSync(directory, { recursive: true });
  for (const { path, text } of result.outputFiles) writeFileSync(path, withRocketMqVersion(text));
  writeFileSync(`${directory}.meta.json`, JSON.stringify(result.metafile));
  return directory;
}

/** What the RocketMQ client asks for that a bundle cannot hold, or should not: each file says why. */
const rocketMqShims = {
  '@node-rs/crc32': './lib/runtime/rocketmq-shims/crc32.ts',
  address: './lib/runtime/rocketmq-shims/address.ts',
  'egg-logger': './lib/runtime/rocketmq-shims/egg-logger.ts',
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
function withRocketMqVersion(text: string): string {
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
