import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';

const readFile = fs.readFile;

/**
 * Every bundle's SDK looks for `~/.aws/config` and `~/.aws/credentials` at its first call. A disk answers when it likes,
 * and then a run would depend on more than its seed: here there are no such files, and it is told so at once.
 */
export function hideAwsFiles(): void {
  fs.readFile = ((path: unknown, ...rest: []) =>
    /[\\/]\.aws[\\/]/.test(String(path))
      ? Promise.reject(Object.assign(new Error(`ENOENT: no such file ${path}`), { code: 'ENOENT' }))
      : readFile(path as string, ...rest)) as typeof fs.readFile;
  syncBuiltinESMExports();
}
