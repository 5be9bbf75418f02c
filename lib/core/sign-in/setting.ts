import type { Role } from '../access/access.ts';

/** How staff sign in, as the functions are told it. */
export interface SignIn {
  /** The `iss` of its tokens, and where its metadata is. */
  readonly issuer: string;
  /** A token is for one of these. */
  readonly audience: readonly string[];
  /** The client by which the CLI signs in. */
  readonly clientId?: string;
  readonly scope?: string;
  /** Where the console may send requests, beside the origin of the issuer. */
  readonly consoleOrigins?: readonly string[];
  /** The claim that has the groups. */
  readonly groupsClaim: string;
  readonly roles: readonly (readonly [group: string, application: string, role: Role])[];
}

/** @param text a value of `settingOf`. */
export const readSetting = (text: string): SignIn => JSON.parse(text) as SignIn;

const loopback = ['127.0.0.1', '[::1]', 'localhost'];

/** Whether a provider is asked there: over https, or on this machine. */
export function isProviderUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (username !== '' || password !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && loopback.includes(hostname));
}

/** Whether it is an origin of a provider and nothing else, as `https://oauth2.example.com`. */
export const isProviderOrigin = (text: string): boolean =>
  isProviderUrl(text) && new URL(text).origin === text;

/** The origins of the provider that the page of the console calls: for its metadata, and for tokens. */
export const consoleOriginsOf = ({ issuer, consoleOrigins = [] }: SignIn): readonly string[] => [
  ...new Set([new URL(issuer).origin, ...consoleOrigins]),
];

/** OpenID Connect Discovery 1.0, section 3: no query and no fragment. */
export const isIssuer = (text: string): boolean => isProviderUrl(text) && !/[?#\s]/.test(text);

/** OpenID Connect Discovery 1.0, section 4.1. */
export const metadataUrl = (issuer: string): string =>
  `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
