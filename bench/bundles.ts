import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { buildSync, type Format } from 'esbuild';
import { variables } from '../lib/runtime/config.ts';
import { withDirectory } from './stand.ts';
import { median } from './statistics.ts';

const root = join(import.meta.dirname, '..');
const bundlesDirectory = join(root, '.cache', 'bundles');

/** A bundle as it is deployed. Times are medians over fresh processes: import it, and make the handler. */
export interface Bundle {
  readonly name: string;
  readonly bytes: number;
  readonly gzipBytes: number;
  readonly startMs: number;
  /** With the compile cache of Node filled. */
  readonly cachedStartMs: number;
}

/** Measures every bundle that the last synthesis left. */
export async function measureBundles(
  processes: number,
  progress: (message: string) => void,
): Promise<Bundle[]> {
  return await withDirectory(async (directory) => {
    const names = readdirSync(bundlesDirectory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
    progress(`Bundles: ${names.join(', ')}`);
    return measureFiles(
      names.map((name) => ({ name, file: join(bundlesDirectory, name, 'index.cjs') })),
      directory,
      processes,
    );
  });
}

/** The choices of docs/decisions/003-bundle-format.md, each built and measured beside the others. */
export async function measureFormats(
  processes: number,
  progress: (message: string) => void,
): Promise<Bundle[]> {
  return await withDirectory(async (directory) => {
    const files: { name: string; file: string }[] = [];
    for (const name of ['publish', 'deliver']) {
      for (const format of ['cjs', 'esm'] as const) {
        for (const mainFields of ['main,module', 'module,main']) {
          const file = join(
            directory,
            `${name}-${files.length}`,
            format === 'cjs' ? 'index.cjs' : 'index.mjs',
          );
          build(name, file, format, mainFields.split(','));
          files.push({ name: `${name} ${format} ${mainFields}`, file });
        }
      }
    }
    progress(`Bundle formats: ${files.length} builds`);
    return measureFiles(files, directory, processes);
  });
}

/** As lib/stacks/bundle.ts builds, but for what is being compared. */
function build(name: string, outfile: string, format: Format, mainFields: string[]): void {
  buildSync({
    absWorkingDir: root,
    entryPoints: [`functions/${name}.ts`],
    outfile,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format,
    mainFields,
    logLevel: 'warning',
    // What is CommonJS inside a bundle of modules still calls require.
    ...(format === 'esm' && {
      banner: { js: "import{createRequire as r}from'node:module';const require=r(import.meta.url);" },
    }),
  });
}

function measureFiles(
  files: readonly { name: string; file: string }[],
  directory: string,
  processes: number,
): Bundle[] {
  const cache = join(directory, 'compile-cache');
  mkdirSync(cache, { recursive: true });
  const times = files.map(() => ({ plain: [] as number[], cached: [] as number[] }));
  // The first turn fills the compile cache and the file cache, and is not counted.
  for (let turn = 0; turn <= processes; turn++) {
    for (const [index, { file }] of files.entries()) {
      const plain = startMs(file, {});
      const cached = startMs(file, { NODE_COMPILE_CACHE: cache });
      if (turn === 0) continue;
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
}

/** What a fresh process does: the runtime is one that sends nothing, for making a handler makes no call. */
const script = `
const runtime = {
  env: process.env,
  clock: { now: () => 0, setTimer: () => () => undefined },
  random: { next: () => 0, uuid: () => '', bytes: (length) => new Uint8Array(length) },
  http: { send: async () => { throw new Error('Nothing is sent here.'); } },
  log: () => undefined,
  aws: { region: 'us-east-1', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } },
};
const start = performance.now();
import(process.env.BENCH_BUNDLE).then((loaded) => {
  const create = loaded.create ?? loaded.default.create;
  if (typeof create(runtime) !== 'function') throw new Error('The bundle made no handler.');
  console.log(performance.now() - start);
});
`;

function startMs(file: string, env: Readonly<Record<string, string>>): number {
  const { NODE_COMPILE_CACHE: _, ...inherited } = process.env;
  const configuration = Object.fromEntries(Object.values(variables).map((name) => [name, 'https://x/1/y']));
  const child = spawnSync(process.execPath, ['-e', script], {
    encoding: 'utf8',
    env: {
      ...inherited,
      ...configuration,
      [variables.endpoints]: 'public',
      [variables.trace]: 'failures',
      AWS_REGION: 'us-east-1',
      BENCH_BUNDLE: file,
      ...env,
    },
  });
  const milliseconds = Number.parseFloat(child.stdout);
  if (child.status !== 0 || !(milliseconds > 0)) {
    // Node shows the line that threw, and in a bundle that is all of it.
    const said = child.stderr
      .split('\n')
      .filter((line) => line.length < 500)
      .join('\n');
    throw new Error(`${file} could not be started: ${said}`);
  }
  return milliseconds;
}
