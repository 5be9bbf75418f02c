import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type Client, type ClientOptions, createClient } from '../../client/index.ts';
import { parseVerbatim } from '../../core/kernel/exact-numbers.ts';
import {
  chooseTarget,
  isSettled,
  type NamedProfile,
  type Target,
  urlProblem,
} from '../../core/profile/target.ts';
import { namedProfile } from '../profiles/named.ts';
import { fetchSignedIn } from '../signing-in/fetch.ts';
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
  /** The bus of this run, once a command has asked for it. */
  target?: Target;
}

export const defaultUrl = 'http://127.0.0.1:4100';

export interface GlobalOptions {
  readonly url?: string;
  readonly key?: string;
  readonly keyFile?: string;
  readonly profile?: string;
  readonly json?: boolean;
}

/** A client for the bus that the options name, or the environment, or a profile. */
export function connect(session: Session, command: Command, more: Partial<ClientOptions> = {}): Client {
  const { world } = session;
  // Once: standard input, which may hold the key, is read to its end.
  session.target ??= targetOf(world, command.optsWithGlobals<GlobalOptions>());
  const { target } = session;
  // Who brings a key acts by that.
  const signedIn = 'key' in more ? undefined : target.signedIn;
  const { url, urlSource } = target;
  const publishUrl = 'publishUrl' in more ? more.publishUrl : target.publishUrl;
  session.about = { ...session.about, url, urlSource, ...keySourceOf(target) };
  requireUrl(url, `Pass the bus as a URL such as ${defaultUrl}.`);
  if (publishUrl !== undefined) {
    const remedy = "Give BUSBAR_PUBLISH_URL or --publish-url the stack's output PublishUrl, or leave it out.";
    requireUrl(publishUrl, remedy, 'The publish URL: ');
  }
  const key = keyFor(world, target, publishUrl);
  if (key !== undefined && !/^[!-~]*$/.test(key.trim())) {
    throw usageError(
      `The key of ${target.key?.source ?? 'this bus'} has characters that no key has.`,
      'A key is one line of letters, digits, hyphens and underscores. Copy it again.',
    );
  }
  return createClient({
    url,
    key,
    fetch: signedIn === undefined ? world.fetch : fetchSignedIn(world, signedIn),
    random: world.random,
    uuid: world.uuid,
    source: '/busbar/cli',
    parse: parseVerbatim,
    // A person is waiting and can retry, so the client itself retries only once.
    retry: { attempts: 2 },
    ...more,
    publishUrl,
  });
}

/** @throws CliError for what is no URL of a bus, without a password that it has. */
export function requireUrl(url: string, remedy: string, of = ''): void {
  const problem = urlProblem(url);
  if (problem !== undefined) throw usageError(`${of}${problem}`, remedy);
}

/** The bus that a command talks to, and by what it is let in. @throws CliError for a profile that does not exist. */
function targetOf(world: World, options: GlobalOptions): Target {
  const { url, profile } = options;
  const value = options.key ?? keyOf(options.keyFile);
  const source = options.key === undefined ? '--key-file' : '--key';
  const given = { ...(url !== undefined && { url }), ...(value !== undefined && { key: { value, source } }) };
  const named: NamedProfile | undefined =
    profile === undefined && isSettled(given, world.env) ? undefined : namedProfile(world, profile);
  return chooseTarget(given, world.env, named, defaultUrl);
}

function keySourceOf({ key, signedIn }: Target): Pick<Subject, 'keySource' | 'signedIn'> {
  if (signedIn !== undefined) return { signedIn };
  return key === undefined ? {} : { keySource: key.source };
}

function keyFor(world: World, { url, key, signedIn }: Target, publishUrl: string | undefined) {
  if (signedIn !== undefined) return undefined;
  return key?.value ?? localKey(world, publishUrl === undefined ? [url] : [url, publishUrl]);
}

/** The key in a file; `-` is standard input. */
export function keyOf(file: string | undefined): string | undefined {
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
