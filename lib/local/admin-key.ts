import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory } from './make-directory.ts';
import { isKey, StartError } from './settings.ts';

const fileName = 'admin.key';

/**
 * The admin key of this data directory: the given one, otherwise the one created at the first start. It is kept in a
 * file that only its owner can read, where the CLI finds it.
 * @throws StartError if the key is invalid or the file cannot be read or written.
 */
export function keepAdminKey(dataDirectory: string, given: string | undefined): string {
  const file = join(dataDirectory, fileName);
  const kept = readKept(file);
  const key = given ?? (kept === '' ? `bbk_${randomBytes(32).toString('base64url')}` : kept);
  if (!isKey(key)) {
    throw new StartError(
      `The file ${file} does not contain a valid key (1 to 256 printable ASCII characters without spaces). Delete it to create a new key, or set BUSBAR_ADMIN_KEY.`,
    );
  }
  if (key === kept) return key;
  writePrivate(dataDirectory, file, `${key}\n`);
  return key;
}

/**
 * Writes the key as a header for `curl -H @<file>`: a key on a command line shows in the process list.
 * @returns the path of the file. @throws StartError if it cannot be written.
 */
export function keepAdminHeader(dataDirectory: string, key: string): string {
  const file = join(dataDirectory, 'admin.header');
  writePrivate(dataDirectory, file, `authorization: Bearer ${key}\n`);
  return file;
}

/** Writes a file that only its owner can read. */
function writePrivate(dataDirectory: string, file: string, text: string): void {
  try {
    makeDirectory(dataDirectory);
    writeFileSync(file, text, { mode: 0o600 });
    chmodSync(file, 0o600);
  } catch (error) {
    throw new StartError(
      `Cannot write to the data directory ${dataDirectory} (${(error as Error).message}). Make it writable, or point BUSBAR_DATA to another directory.`,
    );
  }
}

function readKept(file: string): string {
  if (!existsSync(file)) return '';
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new StartError(
      `Cannot read the admin key in ${file} (${(error as Error).message}). Make it readable, or point BUSBAR_DATA to another directory.`,
    );
  }
}
