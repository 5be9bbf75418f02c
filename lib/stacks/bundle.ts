import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BuildOptions, buildSync } from 'esbuild';
import { aliases, finishText } from '../connectors/bundling.ts';
import { addSite } from './site.ts';

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

/** What no function can use is left out of the SDK, and what few invocations use comes when they do; each file says why. */
const sdkShims = {
  '@aws-sdk/credential-provider-node': './lib/runtime/aws/shims/credential-provider.ts',
  '@aws-sdk/middleware-endpoint-discovery': './lib/runtime/aws/shims/endpoint-discovery.ts',
};

/** What comes when it is used, in the bundles of functions; their parts have the real ones. */
const onDemandClients = {
  '@aws-sdk/client-lambda': './lib/runtime/aws/shims/client-lambda.ts',
  '@aws-sdk/client-scheduler': './lib/runtime/aws/shims/client-scheduler.ts',
  '@aws-sdk/client-sns': './lib/runtime/aws/shims/client-sns.ts',
  '@smithy/core/event-streams': './lib/runtime/aws/shims/event-streams.ts',
};

/** These parse what people write with most of their requests, and have zod inside. */
const parsing = ['admin', 'declare', 'keys'].map((name) => `functions/${name}.ts`);

const onDemandOf = (file: string) => ({
  ...onDemandClients,
  ...(!parsing.includes(file) && { zod: './lib/runtime/shims/zod.ts' }),
});

/** A process that synthesizes several stacks, as the tests do, bundles each function once. */
const bundled = new Map<string, string>();

/** Bundles any file below the root in the way functions are bundled. */
export function bundleFile(file: string, directory: string): string {
  const result = buildSync(bundleOptions(file, directory));
  // Such as a name that a shim does not export, which would be undefined when it is used.
  if (result.warnings.length > 0) throw new Error(`${file} cannot be bundled: ${result.warnings[0]?.text}`);
  writeBundle(directory, result.outputFiles);
  writeFileSync(`${directory}.meta.json`, JSON.stringify(result.metafile));
  return directory;
}

/** The esbuild options for a file; pass what esbuild makes of them to `writeBundle`. */
export function bundleOptions(file: string, directory: string, isPart = false) {
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
    alias: { ...aliases, ...sdkShims, ...(!isPart && onDemandOf(file)) },
    // CommonJS has no import.meta, by which parts are found.
    define: { 'import.meta.url': 'bundleUrl' },
    banner: { js: '"use strict";const bundleUrl=require("node:url").pathToFileURL(__filename).href;' },
    metafile: true,
    write: false,
    logLevel: 'warning',
  } satisfies BuildOptions;
}

/** Writes the files of a bundle, and beside them the parts that it may come to load (`lib/runtime/part.ts`). */
export function writeBundle(
  directory: string,
  files: readonly { readonly path: string; readonly text: string }[],
) {
  mkdirSync(directory, { recursive: true });
  for (const { path, text } of files) writeFileSync(path, finishText(root, text));
  for (const [name, entry] of Object.entries(parts)) {
    if (!files.some(({ text }) => text.includes(JSON.stringify(name)))) continue;
    writeFileSync(join(directory, `${name}.cjs`), partOf(entry, directory));
  }
  if (files.some(({ text }) => text.includes(siteFolder))) addSite(directory);
}

/** How the function that serves the console names the folder with its files. */
const siteFolder = './site/';

const parts: Readonly<Record<string, string>> = {
  'lambda-client': 'lib/runtime/lambda-client.ts',
  'scheduler-client': 'lib/runtime/scheduler-client.ts',
  'schema-compiler': 'lib/runtime/schema-compiler.ts',
  'sns-client': 'lib/runtime/sns-client.ts',
  'staff-tokens': 'lib/runtime/staff-tokens.ts',
  zod: 'lib/runtime/zod.ts',
};

/** Many functions have the same parts, which are built once. */
const builtParts = new Map<string, string>();

function partOf(entry: string, directory: string): string {
  const built =
    builtParts.get(entry) ?? buildSync(bundleOptions(entry, directory, true)).outputFiles[0]?.text ?? '';
  builtParts.set(entry, built);
  return built;
}
