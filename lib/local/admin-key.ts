import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isKey, StartError } from './settings.ts';

const fileName = 'admin.key';

/**
 * The admin key of this data directory: the given one, else the one made at the first start. It is kept in a file
 * that only its owner can read, where the CLI finds it.
 */
export function keepAdminKey(dataDirectory: string, given: string | undefined): string {
  const file = join(dataDirectory, fileName);
  const kept = readKept(file);
  const key = given ?? (kept === '' ? `bbk_${randomBytes(32).toString('base64url')}` : kept);
  if (!isKey(key)) {
    throw new StartError(
      `The file ${file} holds no key: 1 to 256 printable ASCII characters without spaces. Delete it to have a new one made, or give one with BUSBAR_ADMIN_KEY.`,
    );
  }
  if (key === kept) return key;
  try {
    mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
    writeFileSync(file, `${key}\n`, { mode: 0o600 });
    chmodSync(file, 0o600);
  } catch (error) {
    throw new StartError(
      `The data directory ${dataDirectory} cannot be written (${(error as Error).message}). Make it writable, or point BUSBAR_DATA elsewhere.`,
    );
  }
  return key;
}

function readKept(file: string): string {
  if (!existsSync(file)) return '';
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new StartError(
      `The admin key in ${file} cannot be read (${(error as Error).message}). Make it readable, or point BUSBAR_DATA elsewhere.`,
    );
  }
}
