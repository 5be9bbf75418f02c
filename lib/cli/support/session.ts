import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type Client, type ClientOptions, createClient } from '../../client/index.ts';
import { parseExact } from '../../core/kernel/exact-numbers.ts';
import { type Subject, usageError } from './failure.ts';
import { messageOf } from './values.ts';
import type { World } from './world.ts';

/** One run of the CLI. */
export interface Session {
  readonly world: World;
  /** The exit code of the process, unless the command throws. */
  exitCode: number;
  /** Set by each command, for error messages. */
  about: Subject;
}

export const defaultUrl = 'http://127.0.0.1:4100';

interface GlobalOptions {
  readonly url?: string;
  readonly key?: string;
  readonly keyFile?: string;
  readonly json?: boolean;
}

/** A client for the bus that the options name, or the environment if they name none. */
export function connect(session: Session, command: Command, more: Partial<ClientOptions> = {}): Client {
  const { world } = session;
  const options = command.optsWithGlobals<GlobalOptions>();
  const url = options.url ?? world.env.BUSBAR_URL ?? defaultUrl;
  const publishUrl = 'publishUrl' in more ? more.publishUrl : publishUrlOf(options, world);
  session.about = { ...session.about, url };
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw usageError(`${url} is not an http or https URL.`, `Pass the bus as a URL such as ${defaultUrl}.`);
  }
  if (
    publishUrl !== undefined &&
    !(URL.canParse(publishUrl) && /^https?:$/.test(new URL(publishUrl).protocol))
  ) {
    throw usageError(
      `The publish URL ${publishUrl} is not an http or https URL.`,
      "Give BUSBAR_PUBLISH_URL or --publish-url the stack's output PublishUrl, or leave it out.",
    );
  }
  return createClient({
    url,
    key:
      options.key ??
      keyOf(options.keyFile) ??
      world.env.BUSBAR_KEY ??
      world.env.BUSBAR_ADMIN_KEY ??
      localKey(world, publishUrl === undefined ? [url] : [url, publishUrl]),
    fetch: world.fetch,
    random: world.random,
    uuid: world.uuid,
    source: '/busbar/cli',
    parse: parseExact,
    // A person is waiting and can retry, so the client itself retries only once.
    retry: { attempts: 2 },
    ...more,
    publishUrl,
  });
}

/** It belongs to the bus of the environment: a bus that an option names gets its events at its API. */
function publishUrlOf({ url }: GlobalOptions, { env }: World): string | undefined {
  const publishUrl = env.BUSBAR_PUBLISH_URL;
  return url !== undefined || publishUrl === '' ? undefined : publishUrl;
}

/** The key in a file; `-` is standard input. */
function keyOf(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  let key: string;
  try {
    key = readFileSync(file === '-' ? 0 : file, 'utf8').trim();
  } catch (error) {
    throw usageError(`Cannot read the key from ${file}: ${messageOf(error)}.`);
  }
  if (key === '') throw usageError(`${file === '-' ? 'Standard input' : file} contains no key.`);
  return key;
}

/** Whether the URL is of this machine. */
export function isLocal(url: string): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(url).hostname);
}

/** The key that `npm start` created. It is never sent to another machine, where it would not work. */
function localKey(world: World, urls: readonly string[]): string | undefined {
  if (!urls.every(isLocal)) return undefined;
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
