import type { Profile } from './profiles.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** A profile that a command may use. */
export interface NamedProfile {
  readonly name: string;
  readonly profile: Profile;
  /** By the option, which goes before the environment; otherwise by BUSBAR_PROFILE or `busbar profiles use`. */
  readonly isByOption: boolean;
}

/** A key, and where it came from: for error messages. */
export interface FoundKey {
  readonly value: string;
  readonly source: string;
}

/** The bus that a command talks to, and by what. */
export interface Target {
  readonly url: string;
  readonly urlSource: string;
  readonly publishUrl?: string | undefined;
  readonly key?: FoundKey;
  /** The profile whose tokens are used, in the place of a key. */
  readonly signedIn?: string;
}

/** Whether options and environment say everything, so that no profile is looked for. */
export const isSettled = (options: { readonly url?: string; readonly key?: FoundKey }, env: Environment) =>
  (options.url ?? env.BUSBAR_URL) !== undefined && (options.key ?? keyOfEnvironment(env)) !== undefined;

/**
 * Options go before the environment, and that before a profile; `--profile` is an option. What a profile holds is sent to no
 * bus but its own, and a publish URL belongs to the URL that stands beside it.
 */
export function chooseTarget(
  options: { readonly url?: string; readonly key?: FoundKey },
  env: Environment,
  named: NamedProfile | undefined,
  urlDefault: string,
): Target {
  const bus = chooseBus(options.url, env, named, urlDefault);
  const ofProfile = named !== undefined && isSameBus(named.profile.url, bus.url) ? credentialOf(named) : {};
  if (options.key !== undefined) return { ...bus, key: options.key };
  if (named?.isByOption && Object.keys(ofProfile).length > 0) return { ...bus, ...ofProfile };
  const key = keyOfEnvironment(env);
  return { ...bus, ...(key === undefined ? ofProfile : { key }) };
}

function chooseBus(
  url: string | undefined,
  env: Environment,
  named: NamedProfile | undefined,
  standard: string,
) {
  if (url !== undefined) return { url, urlSource: '--url' };
  const ofEnvironment = env.BUSBAR_URL;
  if (named !== undefined && (named.isByOption || ofEnvironment === undefined)) {
    const { name, profile } = named;
    return { url: profile.url, urlSource: `the profile ${name}`, publishUrl: profile.publishUrl };
  }
  return {
    url: ofEnvironment ?? standard,
    urlSource: ofEnvironment === undefined ? 'nothing, so it is the default' : 'BUSBAR_URL',
    publishUrl: env.BUSBAR_PUBLISH_URL || undefined,
  };
}

function keyOfEnvironment(env: Environment): FoundKey | undefined {
  for (const source of ['BUSBAR_KEY', 'BUSBAR_ADMIN_KEY']) {
    const value = env[source];
    if (value !== undefined) return { value, source };
  }
  return undefined;
}

function credentialOf({ name, profile }: NamedProfile): Pick<Target, 'key' | 'signedIn'> {
  if (profile.signedIn !== undefined) return { signedIn: name };
  return profile.key === undefined ? {} : { key: { value: profile.key, source: `the profile ${name}` } };
}

/** Why a text is not the URL of a bus; undefined for one that is. It does not repeat a password. */
export function urlProblem(url: string): string | undefined {
  if (/\/\/[^/?#]*@/.test(url)) return 'A URL of a bus has no user and no password: these stay out of it.';
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return undefined;
  return `${url} is not an http or https URL.`;
}

/** Whether two URLs are of the same bus. */
export function isSameBus(one: string, other: string): boolean {
  const plain = (url: string) => (URL.canParse(url) ? new URL(url).href.replace(/\/+$/, '') : url);
  return plain(one) === plain(other);
}
