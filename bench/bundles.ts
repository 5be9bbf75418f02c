import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildSync, type Format } from 'esbuild';
import { assembly } from '../lib/local/assembly.ts';
import { synthesize } from '../lib/local/synth.ts';
import { bundleOptions, writeBundle } from '../lib/stacks/bundle.ts';
import { deployedFunctions } from './functions.ts';
import type { Scope } from './scope.ts';
import { withDirectory } from './stand.ts';
import { median } from './statistics.ts';

/** A bundle as it is deployed. Times are medians over fresh processes that import it and create the handler. */
export interface Bundle {
  readonly name: string;
  readonly bytes: number;
  readonly gzipBytes: number;
  readonly startMs: number;
  /** With Node's compile cache filled. */
  readonly cachedStartMs: number;
}

interface BundleFile {
  readonly name: string;
  readonly file: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Measures the bundle of every function in the template. */
export async function measureBundles({ processes, progress }: Scope): Promise<Bundle[]> {
  const files = await functionFiles(progress);
  return await measureFiles(files, processes);
}

/** Builds and measures the bundle formats that docs/decisions/003-bundle-format.md compares. */
export async function measureFormats({ processes, progress }: Scope): Promise<Bundle[]> {
  const deployed = await functionFiles(progress);
  return await withDirectory(async (directory) => {
    const files: BundleFile[] = [];
    for (const name of ['publish', 'deliver']) {
      const environment = deployed.find((found) => found.name === name)?.environment;
      if (environment === undefined) throw new Error(`The template has no function ${name}.`);
      for (const format of ['cjs', 'esm'] as const) {
        for (const mainFields of ['main,module', 'module,main']) {
          const extension = format === 'cjs' ? 'cjs' : 'mjs';
          const file = join(directory, `${name}-${files.length}`, `index.${extension}`);
          build(name, file, format, mainFields.split(','));
          files.push({ name: `${name} ${format} ${mainFields}`, file, environment });
        }
      }
    }
    return measureFiles(files, processes);
  });
}

async function functionFiles(progress: (message: string) => void): Promise<BundleFile[]> {
  await synthesize({ ...assembly, progress });
  const template = readFileSync(join(assembly.outDirectory, 'Busbar.template.json'), 'utf8');
  return deployedFunctions(JSON.parse(template)).map(({ name, asset, environment }) => ({
    name,
    file: join(assembly.outDirectory, asset, 'index.cjs'),
    environment,
  }));
}

/** Builds a bundle as lib/stacks/bundle.ts does, except for the options that are compared. */
function build(name: string, outfile: string, format: Format, mainFields: string[]): void {
  const { outputFiles } = buildSync({
    ...bundleOptions(`functions/${name}.ts`, dirname(outfile)),
    outfile,
    format,
    mainFields,
    // CommonJS code inside an ESM bundle still calls require.
    ...(format === 'esm' && {
      define: {},
      banner: { js: "import{createRequire as r}from'node:module';const require=r(import.meta.url);" },
    }),
  });
  writeBundle(dirname(outfile), outputFiles);
}

function measureFiles(files: readonly BundleFile[], processes: number): Promise<Bundle[]> {
  return withDirectory(async (cache) => {
    const times = files.map(() => ({ plain: [] as number[], cached: [] as number[] }));
    // The first turn fills the compile cache and the file cache, and is not counted, except in a check.
    const warmUps = processes > 1 ? 1 : 0;
    for (let turn = 0; turn < warmUps + processes; turn++) {
      for (const [index, file] of files.entries()) {
        const plain = startMs(file, {});
        const cached = startMs(file, { NODE_COMPILE_CACHE: cache });
        if (turn < warmUps) continue;
        times[index]?.plain.push(plain);
        times[index]?.cached.push(cached);
      }
    }
    return files.map(({ name, file }, index) => {
      const code = readFileSync(file);
      return {
        name,
        bytes: code.length,
        gzipBytes: gzipSync(code).length,
        startMs: median(times[index]?.plain ?? []),
        cachedStartMs: median(times[index]?.cached ?? []),
      };
    });
  });
}

/** What each process runs. The runtime sends nothing, because creating a handler makes no call. */
const script = `
const runtime = {
  env: process.env,
  clock: { now: () => 0, setTimer: () => () => undefined },
  random: { next: () => 0, uuid: () => '', bytes: (length) => new Uint8Array(length) },
  http: { send: async () => { throw new Error('The benchmark sends nothing.'); } },
  log: () => undefined,
  aws: { region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } },
};
const start = performance.now();
import(process.env.BENCH_BUNDLE).then((loaded) => {
  const create = loaded.create ?? loaded.default.create;
  if (typeof create(runtime) !== 'function') throw new Error('The bundle created no handler.');
  console.log(performance.now() - start);
});
`;

function startMs({ file, environment }: BundleFile, env: Readonly<Record<string, string>>): number {
  const { NODE_COMPILE_CACHE: _, ...inherited } = process.env;
  const child = spawnSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
    env: { ...inherited, ...environment, AWS_REGION: 'us-east-1', BENCH_BUNDLE: file, ...env },
  });
  const milliseconds = Number.parseFloat(child.stdout);
  if (child.status !== 0 || !(milliseconds > 0)) {
    // Node prints the line that threw, which in a minified bundle is the whole bundle.
    const output = child.stderr
      .split('\n')
      .filter((line) => line.length < 500)
      .join('\n');
    throw new Error(`${file} could not be started: ${output}`);
  }
  return milliseconds;
}
