import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type Client, type ClientOptions, createClient } from '../client/index.ts';
import { usageError } from './failure.ts';
import type { World } from './world.ts';

/** One run of the CLI: what its commands share. */
export interface Session {
  readonly world: World;
  /** What the process will end with, unless the command throws. */
  exitCode: number;
  /** What the command is about, so that an error can name it. */
  about: { readonly url?: string; readonly topic?: string; readonly receiver?: string };
}

export const defaultUrl = 'http://127.0.0.1:4100';

export interface GlobalOptions {
  readonly url?: string;
  readonly key?: string;
  readonly json?: boolean;
}

/** A client for the bus that the options, or else the environment, name. */
export function connect(session: Session, command: Command, more: Partial<ClientOptions> = {}): Client {
  const { world } = session;
  const options = command.optsWithGlobals<GlobalOptions>();
  const url = options.url ?? world.env.BUSBAR_URL ?? defaultUrl;
  session.about = { ...session.about, url };
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw usageError(`${url} is no http or https URL.`, `Give the bus as ${defaultUrl}.`);
  }
  return createClient({
    url,
    key: options.key ?? world.env.BUSBAR_KEY ?? world.env.BUSBAR_ADMIN_KEY ?? localKey(world, url),
    fetch: world.fetch,
    random: world.random,
    uuid: world.uuid,
    source: '/busbar/cli',
    // A person waits: trying again is up to them, unless the bus says when.
    retry: { attempts: 2 },
    ...more,
  });
}

/** The key that `npm start` made, for a bus on this machine only: it opens nothing elsewhere. */
function localKey(world: World, url: string): string | undefined {
  if (!['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname)) return undefined;
  try {
    return readFileSync(join(world.env.BUSBAR_DATA ?? '.busbar', 'admin.key'), 'utf8').trim() || undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

export function wantsJson(command: Command): boolean {
  return command.optsWithGlobals<GlobalOptions>().json === true;
}
