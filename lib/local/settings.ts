import { resolve } from 'node:path';
import { type TraceMode, traceModes } from '../core/event/trace-mode.ts';

/** The settings of `npm start`, from its environment. */
export interface Settings {
  readonly port: number;
  readonly awsPort: number;
  /** Hosts that both ports serve besides the loopback addresses, as `name` or `name:port`. */
  readonly hosts: readonly string[];
  readonly dataDirectory: string;
  /** The admin key to use; if undefined, one is created and kept in the data directory. */
  readonly adminKey: string | undefined;
  /** What is traced for topics that set no trace themselves. */
  readonly trace: TraceMode;
  /** The collector that gets spans, and the name of the secret with its headers; `none` without. */
  readonly otlpEndpoint: string;
  readonly otlpHeadersSecret: string;
  /** What AWS Secrets Manager holds here, by name. */
  readonly secrets: Readonly<Record<string, string>>;
  /** Where to record which grants of the stack's roles are used; undefined records nothing. */
  readonly iamUsageDirectory: string | undefined;
}

/** A start that cannot succeed. The message is one sentence with the cause and the remedy. */
export class StartError extends Error {
  override readonly name = 'StartError';
}

/** @throws StartError that names the variable and what it may be. */
export function parseSettings(env: Readonly<Record<string, string | undefined>>): Settings {
  const port = parsePort(env, 'PORT', 4100);
  const awsPort = parsePort(env, 'AWS_PORT', 4566);
  if (port === awsPort && port !== 0) {
    throw new StartError(
      `PORT and AWS_PORT are both ${port}; the API and the AWS endpoint need different ports.`,
    );
  }
  return {
    port,
    awsPort,
    hosts: parseHosts(env.BUSBAR_HOSTS),
    dataDirectory: resolve(env.BUSBAR_DATA || '.busbar'),
    adminKey: parseKey(env.BUSBAR_ADMIN_KEY),
    trace: parseTrace(env.BUSBAR_TRACE),
    otlpEndpoint: env.BUSBAR_OTLP_ENDPOINT || 'none',
    otlpHeadersSecret: env.BUSBAR_OTLP_HEADERS_SECRET || 'none',
    secrets: parseSecrets(env.BUSBAR_SECRETS),
    iamUsageDirectory: env.BUSBAR_IAM_USAGE ? resolve(env.BUSBAR_IAM_USAGE) : undefined,
  };
}

/** The blocked ports above 1023: https://fetch.spec.whatwg.org/#port-blocking */
const unreachablePorts = new Set([
  1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697,
  10080,
]);

function parsePort(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
  standard: number,
): number {
  const text = env[name];
  if (text === undefined || text === '') return standard;
  const port = Number(text);
  if (unreachablePorts.has(port)) {
    throw new StartError(
      `The environment variable ${name} is ${port}, a port that browsers and fetch refuse to call. Choose another one.`,
    );
  }
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new StartError(
    `The environment variable ${name} is ${JSON.stringify(text)}; it must be a port from 0 (any free one) to 65535.`,
  );
}

/** Separated by commas; in lower case, as the `Host` of a request is compared. */
function parseHosts(text: string | undefined): readonly string[] {
  const hosts = (text ?? '').split(',').flatMap((part) => part.trim().toLowerCase() || []);
  for (const host of hosts) {
    if (/^(?:[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/.test(host)) continue;
    throw new StartError(
      `The environment variable BUSBAR_HOSTS contains ${JSON.stringify(host)}; it must be host names separated by commas, each with a port if you like, such as my-laptop.lan:4100.`,
    );
  }
  return hosts;
}

/** Everything by default: on a laptop it costs nothing. */
function parseTrace(text: string | undefined): TraceMode {
  if (text === undefined || text === '') return 'all';
  const mode = traceModes.find((known) => known === text);
  if (mode !== undefined) return mode;
  throw new StartError(
    `The environment variable BUSBAR_TRACE is ${JSON.stringify(text)}; it must be one of ${traceModes.join(', ')}.`,
  );
}

function parseKey(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (isKey(text)) return text;
  throw new StartError(
    'The environment variable BUSBAR_ADMIN_KEY must be 1 to 256 printable ASCII characters without spaces.',
  );
}

/** JSON such as `{"broker":"{\\"accessKey\\":…}"}`. Errors never quote it. */
function parseSecrets(text: string | undefined): Readonly<Record<string, string>> {
  if (text === undefined || text === '') return {};
  const wrong = new StartError(
    'The environment variable BUSBAR_SECRETS must be a JSON object that maps the name of each secret to its text.',
  );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw wrong;
  const entries = Object.entries(value);
  if (!entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')) throw wrong;
  return Object.fromEntries(entries);
}

export const isKey = (text: string) => /^[\x21-\x7e]{1,256}$/.test(text);
