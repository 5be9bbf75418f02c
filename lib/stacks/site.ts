import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { extname, join, relative } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import type { SiteFile } from '../core/console/file.ts';

const root = join(import.meta.dirname, '..', '..');
const source = join(root, 'lib', 'console');
const cache = join(root, '.cache', 'site');

/**
 * Puts the built console into the folder `site` of a bundle: each file, its compressed forms and a list of them. It is built
 * again only when its sources have changed, which takes some seconds.
 * @throws Error with what the build printed when it fails.
 */
export function addSite(bundleDirectory: string): void {
  const built = join(cache, hashOf([source, join(root, 'package-lock.json')]));
  if (!existsSync(built)) buildSite(built);
  const target = join(bundleDirectory, 'site');
  rmSync(target, { recursive: true, force: true });
  cpSync(built, target, { recursive: true });
}

function buildSite(built: string): void {
  // Two processes may build at once: each into a folder of its own, and the first to end gives the name.
  const making = `${built}.${process.pid}`;
  try {
    const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
    execFileSync(process.execPath, [vite, 'build', source, '--outDir', making, '--emptyOutDir'], {
      stdio: 'pipe',
      env: { ...process.env, NODE_ENV: 'production' },
    });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: Buffer | string; stderr?: Buffer | string };
    rmSync(making, { recursive: true, force: true });
    // What it printed says it all; the error itself has the same as bytes.
    throw new Error(`The console could not be built:\n${stdout}${stderr}`);
  }
  const files = filesBelow(making).map((file) => keep(making, file));
  writeFileSync(join(making, 'files.json'), JSON.stringify(files));
  try {
    mkdirSync(cache, { recursive: true });
    renameSync(making, built);
  } catch (error) {
    if (!existsSync(built)) throw error;
    rmSync(making, { recursive: true, force: true });
  }
}

/** Compresses a file as far as it goes: it is built once and sent many times. */
function keep(directory: string, path: string): SiteFile {
  const content = readFileSync(join(directory, path));
  const type = types[extname(path)];
  if (type === undefined) throw new Error(`lib/stacks/site.ts knows no media type for ${path}.`);
  const forms = [
    ['br', brotliCompressSync(content, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } })],
    ['gzip', gzipSync(content, { level: 9 })],
  ] as const;
  const smaller = forms.filter(([, form]) => form.length < content.length);
  for (const [coding, form] of smaller) writeFileSync(join(directory, `${path}.${coding}`), form);
  return {
    path,
    type,
    etag: `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`,
    codings: [...smaller.map(([coding]) => coding), 'identity'],
  };
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const filesBelow = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)))
    .sort();

function hashOf(paths: readonly string[]): string {
  const hash = createHash('sha256');
  for (const path of paths) {
    const names = path === source ? filesBelow(source).map((file) => join(source, file)) : [path];
    for (const name of names) hash.update(`${relative(root, name)}\0`).update(readFileSync(name));
  }
  return hash.digest('hex').slice(0, 16);
}
