import { type MakeTopics, makeTopicsModes } from '../core/access/topic-access.ts';
import { deliveryBatchingSecondsMax, receiverConcurrencyMaxDefault } from '../core/deliver/limits.ts';
import { type TraceMode, traceModes } from '../core/event/trace-mode.ts';
import { type EndpointPolicy, type EndpointPorts, readEndpointPorts } from '../core/kernel/endpoint.ts';
import { type ValidateMode, validateModes } from '../core/registry/validation.ts';
import { type MetricsMode, metricsModes } from '../core/statistics/emf.ts';

/**
 * The environment of the functions: one vocabulary, written by the stack and read here, parsed once at the cold
 * start.
 */
export const variables = {
  /** The bus table. */
  table: 'BUSBAR_TABLE',
  /** Starts the name of everything the bus owns. */
  prefix: 'BUSBAR_PREFIX',
  partition: 'BUSBAR_PARTITION',
  account: 'BUSBAR_ACCOUNT',
  delayQueueUrl: 'BUSBAR_DELAY_QUEUE_URL',
  delayQueueArn: 'BUSBAR_DELAY_QUEUE_ARN',
  scheduleGroup: 'BUSBAR_SCHEDULE_GROUP',
  /** The role that EventBridge Scheduler takes to write to the delay queue. */
  scheduleRoleArn: 'BUSBAR_SCHEDULE_ROLE_ARN',
  /** `public`, or `any` on a laptop: whether endpoints may be private addresses and plain HTTP. */
  endpoints: 'BUSBAR_ENDPOINTS',
  /** The ports at which endpoints may be, such as `443,8443`, or `any`. */
  endpointPorts: 'BUSBAR_ENDPOINT_PORTS',
  /** `none`, or `handshake`: whether the owners of all endpoints must agree before anything is sent there. */
  validate: 'BUSBAR_VALIDATE',
  /** What the bus calls itself to them: a DNS name. */
  origin: 'BUSBAR_ORIGIN',
  /** The URL of the HTTP API; only where owners are told it. */
  apiUrl: 'BUSBAR_API_URL',
  /** The URL of the publish function; only where endpoints are called. */
  publishUrl: 'BUSBAR_PUBLISH_URL',
  /** Other hosts under which the bus is reached, such as `events.example.com`, or `none`. */
  apiHosts: 'BUSBAR_API_HOSTS',
  /** Origins to which any application may have the bus turn for tokens and checks, or `none`. */
  trustedOrigins: 'BUSBAR_TRUSTED_ORIGINS',
  /** `freely`, or `request`: whether members make topics, or ask an admin for each. */
  makeTopics: 'BUSBAR_MAKE_TOPICS',
  /** How staff sign in; only where they may. */
  signIn: 'BUSBAR_OIDC',
  /** The most requests at once that a receiver may ask for. */
  receiverConcurrency: 'BUSBAR_RECEIVER_CONCURRENCY',
  /** How long a lane's function waits for a batch to fill, or 0. */
  deliveryBatching: 'BUSBAR_DELIVERY_BATCHING_SECONDS',
  /** The table of traces. */
  traceTable: 'BUSBAR_TRACE_TABLE',
  /** `none`, `failures` or `all`: what is recorded of a topic that does not say so itself, and of invoked events. */
  trace: 'BUSBAR_TRACE',
  /** `off`, `bus` or `declared`: which metrics are written into the logs. */
  metrics: 'BUSBAR_METRICS',
  /** The URL of a collector of OpenTelemetry, without `/v1/traces`, or `none`; only where spans are made. */
  otlpEndpoint: 'BUSBAR_OTLP_ENDPOINT',
  /** The secret with the headers that it wants, or `none`. */
  otlpHeadersSecret: 'BUSBAR_OTLP_HEADERS_SECRET',
} as const;

export interface Config {
  readonly table: string;
  readonly prefix: string;
  readonly partition: string;
  readonly account: string;
  readonly region: string;
  readonly delayQueueUrl: string;
  readonly delayQueueArn: string;
  readonly scheduleGroup: string;
  readonly scheduleRoleArn: string;
  readonly endpoints: EndpointPolicy;
  readonly endpointPorts: EndpointPorts;
  readonly validate: ValidateMode;
  readonly origin: string;
  readonly apiUrl: string | undefined;
  /** The `host[:port]` under which the bus itself is reached, as far as the stack knows. */
  readonly ownHosts: readonly string[];
  readonly trustedOrigins: readonly string[];
  readonly receiverConcurrencyMax: number;
  readonly makeTopics: MakeTopics;
  /** As `settingOf` writes it. */
  readonly signIn: string | undefined;
  readonly deliveryBatchingSeconds: number;
  readonly traceTable: string;
  readonly trace: TraceMode;
  readonly metrics: MetricsMode;
  readonly otlpEndpoint: string | undefined;
  readonly otlpHeadersSecret: string | undefined;
  /** The origin and account of every queue URL, without a slash at its end. */
  readonly queueUrlBase: string;
}

/** @throws Error that names the variable which is missing or wrong. */
export function parseConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const read = (name: string) => readVariable(env, name);
  const endpoints = read(variables.endpoints);
  if (endpoints !== 'public' && endpoints !== 'any') {
    throw new Error(
      `The environment variable ${variables.endpoints} is ${JSON.stringify(endpoints)}; it is public or any.`,
    );
  }
  const endpointPorts = readEndpointPorts(read(variables.endpointPorts));
  if (endpointPorts === undefined) {
    throw new Error(
      `The environment variable ${variables.endpointPorts} is ${JSON.stringify(env[variables.endpointPorts])}; it is any, or ports such as 443,8443.`,
    );
  }
  const delayQueueUrl = read(variables.delayQueueUrl);
  return {
    table: read(variables.table),
    prefix: read(variables.prefix),
    partition: read(variables.partition),
    account: read(variables.account),
    region: read('AWS_REGION'),
    delayQueueUrl,
    delayQueueArn: read(variables.delayQueueArn),
    scheduleGroup: read(variables.scheduleGroup),
    scheduleRoleArn: read(variables.scheduleRoleArn),
    endpoints,
    endpointPorts,
    validate: readMode(variables.validate, validateModes, read(variables.validate)),
    origin: read(variables.origin),
    apiUrl: env[variables.apiUrl],
    ownHosts: readOwnHosts(env),
    trustedOrigins: readList(env[variables.trustedOrigins]),
    makeTopics: readMode(
      variables.makeTopics,
      makeTopicsModes,
      env[variables.makeTopics] ?? makeTopicsModes[0],
    ),
    signIn: env[variables.signIn],
    deliveryBatchingSeconds: readBatchingSeconds(env[variables.deliveryBatching]),
    receiverConcurrencyMax: readConcurrencyMax(env[variables.receiverConcurrency]),
    traceTable: read(variables.traceTable),
    trace: readMode(variables.trace, traceModes, read(variables.trace)),
    metrics: readMode(variables.metrics, metricsModes, env[variables.metrics] ?? metricsModes[0]),
    otlpEndpoint: readOptional(env[variables.otlpEndpoint]),
    otlpHeadersSecret: readOptional(env[variables.otlpHeadersSecret]),
    queueUrlBase: delayQueueUrl.slice(0, delayQueueUrl.lastIndexOf('/')),
  };
}

function readMode<Mode extends string>(name: string, modes: readonly Mode[], text: string): Mode {
  const mode = modes.find((one) => one === text);
  if (mode !== undefined) return mode;
  throw new Error(`The environment variable ${name} is ${JSON.stringify(text)}; it is ${modes.join(', ')}.`);
}

const readOptional = (text: string | undefined) => (text === 'none' || text === '' ? undefined : text);

function readBatchingSeconds(text = '0'): number {
  if (/^\d{1,2}$/.test(text) && Number(text) <= deliveryBatchingSecondsMax) return Number(text);
  throw new Error(
    `The environment variable ${variables.deliveryBatching} is ${JSON.stringify(text)}; it is 0 to ${deliveryBatchingSecondsMax} seconds.`,
  );
}

function readConcurrencyMax(text = String(receiverConcurrencyMaxDefault)): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new Error(
    `The environment variable ${variables.receiverConcurrency} is ${JSON.stringify(text)}; it is a whole number from 1.`,
  );
}

/** The hosts under which the bus is reached: those of its API and of its publish function, and those that the operator lists. */
export function readOwnHosts(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const urls = [env[variables.apiUrl], env[variables.publishUrl]];
  const hosts = urls.flatMap((url) => (url !== undefined && URL.canParse(url) ? [new URL(url).host] : []));
  return [...hosts, ...readList(env[variables.apiHosts])];
}

const readList = (text = 'none'): readonly string[] =>
  text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '' && each !== 'none');

/** @throws Error that names the variable when it is missing. */
export function readVariable(env: Readonly<Record<string, string | undefined>>, name: string): string {
  const value = env[name];
  if (value === undefined || value === '') {
    throw new Error(
      `The environment variable ${name} is missing. The stack sets it: deploy the function with the stack.`,
    );
  }
  return value;
}
