import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { BusbarError } from '../../core/kernel/errors.ts';
import { parseSpec } from '../../core/kernel/spec.ts';
import { noProfiles, type Profiles, profilesSchema } from '../../core/profile/profiles.ts';
import { CliError, usageError } from '../support/failure.ts';
import { messageOf } from '../support/values.ts';
import type { World } from '../support/world.ts';

/** Longer ones are refused. */
const fileBytesMax = 1024 * 1024;
/** How long another command may take that is writing the file; it asks the provider for tokens meanwhile. */
const lockedMs = 30_000;
const lookAgainMs = 100;

/** Where the profiles of this person are; undefined when the environment does not say where settings go. */
export function profilesFile({ env, platform }: Pick<World, 'env' | 'platform'>): string | undefined {
  const { XDG_CONFIG_HOME, HOME, APPDATA } = env;
  if (platform === 'win32') return APPDATA ? join(APPDATA, 'busbar', 'config.json') : undefined;
  // The XDG base directory specification: a path that is not absolute is ignored.
  if (XDG_CONFIG_HOME !== undefined && isAbsolute(XDG_CONFIG_HOME)) {
    return join(XDG_CONFIG_HOME, 'busbar', 'config.json');
  }
  return HOME ? join(HOME, '.config', 'busbar', 'config.json') : undefined;
}

/**
 * The profiles of this person; none when there is no file. A file that others may read is refused, because it has keys.
 * @throws CliError
 */
export function readProfiles(world: Pick<World, 'env' | 'platform'>): Profiles {
  const file = profilesFile(world);
  if (file === undefined) return noProfiles;
  const text = readPrivate(file, world.platform);
  if (text === undefined) return noProfiles;
  try {
    return parseSpec(profilesSchema, JSON.parse(text));
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof BusbarError)) throw error;
    // What stands there may be a key, so it is not shown.
    const cause = error instanceof SyntaxError ? 'it is not JSON' : (error as Error).message;
    throw usageError(`The profiles in ${file} cannot be read: ${cause}`, 'Mend the file, or delete it.');
  }
}

function readPrivate(file: string, platform: string): string | undefined {
  let handle: number;
  try {
    handle = openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw usageError(`Cannot read the profiles: ${messageOf(error)}.`);
  }
  try {
    const { mode, size } = fstatSync(handle);
    // Windows has no such modes; %APPDATA% is of its user.
    if (platform !== 'win32' && (mode & 0o077) !== 0) {
      throw usageError(
        `Others may read or write ${file}, which has keys.`,
        `Run \`chmod 600 ${file}\`, and replace the keys if somebody may have read them.`,
      );
    }
    if (size > fileBytesMax) throw usageError(`${file} is longer than a file with profiles can be.`);
    return readFileSync(handle, 'utf8');
  } finally {
    closeSync(handle);
  }
}

/**
 * Changes the profiles, one command after another: between reading and writing no other one writes. The file is replaced in
 * one step, and only its owner can read it.
 * @param change gets the profiles as they are then; undefined leaves them so.
 */
export async function changeProfiles(
  world: Pick<World, 'env' | 'platform' | 'wait'>,
  change: (profiles: Profiles) => Profiles | undefined | Promise<Profiles | undefined>,
): Promise<void> {
  const file = profilesFile(world);
  if (file === undefined) {
    throw usageError(
      'There is no place for profiles.',
      world.platform === 'win32' ? 'Set APPDATA.' : 'Set HOME or XDG_CONFIG_HOME.',
    );
  }
  const unlock = await lock(world, file);
  try {
    const changed = await change(readProfiles(world));
    if (changed !== undefined) writePrivate(file, `${JSON.stringify(changed, undefined, 2)}\n`);
  } finally {
    unlock();
  }
}

function writePrivate(file: string, text: string): void {
  const next = `${file}.${process.pid}.new`;
  try {
    rmSync(next, { force: true });
    writeFileSync(next, text, { mode: 0o600, flag: 'wx' });
    renameSync(next, file);
  } catch (error) {
    rmSync(next, { force: true });
    throw new CliError(`Cannot write the profiles: ${messageOf(error)}.`);
  }
}

async function lock({ wait }: Pick<World, 'wait'>, file: string): Promise<() => void> {
  const name = `${file}.lock`;
  for (let waitedMs = 0; ; waitedMs += lookAgainMs) {
    try {
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      closeSync(openSync(name, 'wx', 0o600));
      return () => rmSync(name, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
        throw new CliError(`Cannot write the profiles: ${messageOf(error)}.`);
      }
    }
    if (isLeft(name)) rmSync(name, { force: true });
    else if (waitedMs >= lockedMs) {
      throw new CliError(
        'Another command is writing the profiles.',
        `Try again; if none is running, delete ${name}.`,
      );
    } else await wait(lookAgainMs);
  }
}

/** Whether a lock is older than any command holds one, so that its owner must have died. */
function isLeft(name: string): boolean {
  try {
    return Date.now() - statSync(name).mtimeMs > 2 * lockedMs;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
