import { type LookupAddress, type LookupAllOptions, lookup as systemLookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
// The dispatcher alone: undici's index also brings fetch, WebSocket and caches, twice the size of the bundle.
import Agent from 'undici/lib/dispatcher/agent.js';
import { isAddress, isPublicAddress } from '../../core/kernel/address.ts';
import { type EndpointPolicy, type EndpointPorts, isAllowedPort } from '../../core/kernel/endpoint.ts';
import type { HttpFailure, HttpResult } from '../../core/kernel/http-result.ts';
import type { Clock } from '../clock.ts';
import type { Http, HttpRequest } from './http.ts';

/** How many bytes of a response are read; the rest is ignored. */
export const responseBytesMax = 64 * 1024;

/**
 * A socket that idled longer is not used again: a function is frozen between invocations, and the other side
 * has often closed what looks open after the thaw.
 */
const idleSocketMs = 4000;

/** A failure on its way to the outcome: undici and the resolver hand errors on. */
class Failed extends Error {
  readonly failure: HttpFailure;
  constructor(failure: HttpFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

/** How names are resolved, and which of the addresses are called; the system's, and public ones. */
export interface Addresses {
  lookup(
    hostname: string,
    options: LookupAllOptions,
    callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
  ): void;
  isAllowed(address: string): boolean;
}

const publicAddresses: Addresses = { lookup: systemLookup, isAllowed: isPublicAddress };

/**
 * Sends by undici, about ten times cheaper a request than fetch.
 * @param options.addresses what the policy `public` goes by.
 */
export function undiciHttp(options: {
  clock: Clock;
  endpoints: EndpointPolicy;
  ports: EndpointPorts;
  connectionsPerOrigin?: number;
  addresses?: Addresses;
}): Http {
  const { clock, endpoints, addresses = publicAddresses } = options;
  const lookup: LookupFunction = endpoints === 'public' ? checkedLookup(addresses) : systemLookup;
  const openAgent = () =>
    new Agent({
      connections: options.connectionsPerOrigin ?? 128,
      pipelining: 1,
      keepAliveTimeout: idleSocketMs,
      keepAliveMaxTimeout: idleSocketMs,
      connect: { lookup },
    });
  let agent = openAgent();
  let lastUsedMs = clock.now();

  return {
    async send(request) {
      const nowMs = clock.now();
      if (nowMs - lastUsedMs > idleSocketMs) {
        // The timers that close idle sockets stand still in a freeze, so they cannot be relied on here.
        const stale = agent;
        agent = openAgent();
        stale.close().catch(() => stale.destroy());
      }
      lastUsedMs = nowMs;
      const url = new URL(request.url);
      const refused = forbiddenPort(url, options.ports) ?? forbiddenUrl(url, endpoints, addresses);
      return refused ?? (await exchange(agent, url, request, clock));
    },
  };
}

/** What was registered before the ports were narrowed is refused here. */
function forbiddenPort(url: URL, ports: EndpointPorts): HttpResult | undefined {
  if (isAllowedPort(url, ports)) return undefined;
  return failed('forbidden', `The endpoint's port is none that this bus calls (${ports}).`);
}

/** An address in the URL is never looked up, so that it is checked here; a name is checked when it is resolved. */
function forbiddenUrl(url: URL, endpoints: EndpointPolicy, addresses: Addresses): HttpResult | undefined {
  if (endpoints === 'any') return undefined;
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (url.protocol !== 'https:') return failed('forbidden', 'The endpoint is not https.');
  if (isAddress(host) && !addresses.isAllowed(host)) {
    return failed('forbidden', `The endpoint's address ${host} is not public.`);
  }
  return undefined;
}

const failed = (failure: HttpFailure, message: string): HttpResult => ({
  kind: 'failure',
  failure,
  message,
});

/**
 * Resolves a name, once a connection, to allowed addresses only; the socket connects to the very addresses that were
 * checked, so that a second answer of the name cannot lead elsewhere.
 */
const checkedLookup =
  ({ lookup, isAllowed }: Addresses): LookupFunction =>
  (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error !== null) return callback(error, '', 0);
      const allowed = addresses.filter((entry) => isAllowed(entry.address));
      const first = allowed[0];
      if (first === undefined) {
        const refusal = new Failed(
          'forbidden',
          `The endpoint's name ${hostname} resolves to no public address.`,
        );
        return callback(refusal, '', 0);
      }
      if (options.all) return callback(null, allowed);
      callback(null, first.address, first.family);
    });
  };

type Handler = Parameters<Agent['dispatch']>[1];
type Controller = Parameters<NonNullable<Handler['onRequestStart']>>[0];

/**
 * One request and the start of its answer. Reads up to the limit and lets go of the rest: an endpoint must not fill
 * our memory, or hold us with its body. By callbacks, because a stream and a signal for each request would take
 * longer than the request.
 */
function exchange(agent: Agent, url: URL, request: HttpRequest, clock: Clock): Promise<HttpResult> {
  const { promise, resolve } = Promise.withResolvers<HttpResult>();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let status = 0;
  let headers: Record<string, string> = {};
  let controller: Controller | undefined;
  let given: HttpResult | undefined;

  const settle = (outcome: HttpResult): void => {
    cancelTimer();
    given ??= outcome;
    resolve(given);
  };
  /** The outcome stands; the socket is closed, or the request never sent. */
  const letGo = () => controller?.abort(new Error('The outcome of this request is settled.'));
  const answer = (): HttpResult => {
    const body = Buffer.concat(chunks).subarray(0, responseBytesMax).toString('utf8');
    return { kind: 'answer', status, headers, body };
  };
  const cancelTimer = clock.setTimer(request.timeoutMs, () => {
    settle(failed('timeout', `No complete answer within ${request.timeoutMs / 1000} s.`));
    letGo();
  });

  const handler: Handler = {
    onRequestStart(started) {
      controller = started;
      if (given !== undefined) letGo();
    },
    onResponseStart(_, statusCode, given) {
      // Informational answers come before the real one.
      if (statusCode < 200) return;
      status = statusCode;
      headers = joined(given);
    },
    onResponseData(_, chunk) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes < responseBytesMax) return;
      settle(answer());
      letGo();
    },
    // undici uses a connection again in the turn after its answer: who went on before it would open another.
    onResponseEnd: () => queueMicrotask(() => setImmediate(() => settle(answer()))),
    onResponseError: (_, error) => settle(classify(error)),
  };
  agent.dispatch(
    {
      origin: url.origin,
      path: url.pathname + url.search,
      method: request.method,
      headers: request.headers,
      body: request.body ?? null,
      headersTimeout: 0,
      bodyTimeout: 0,
    },
    handler,
  );
  return promise;
}

function joined(given: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  // Without a prototype, so that a header named `__proto__` is one like any other.
  const headers: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) headers[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return headers;
}

function classify(error: unknown): HttpResult {
  const {
    name = '',
    code = '',
    message = String(error),
    cause,
  } = error as { name?: string; code?: string; message?: string; cause?: unknown };
  // Such a request never left: it is no failure of the endpoint.
  if (code === 'UND_ERR_INVALID_ARG') throw error;
  const own = [error, cause].find((candidate) => candidate instanceof Failed);
  if (own !== undefined) return failed(own.failure, own.message);
  // Not every error of the parser has a code.
  const failure = name === 'HTTPParserError' ? 'protocol' : failureOf(code);
  return failed(failure, code === '' || message.includes(code) ? message : `${code}: ${message}`);
}

function failureOf(code: string): HttpFailure {
  if (code === 'ENOTFOUND' || code === 'ENODATA' || code.startsWith('EAI_')) return 'dns';
  if (code === 'ECONNREFUSED' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return 'refused';
  if (code === 'ETIMEDOUT' || code === 'UND_ERR_CONNECT_TIMEOUT') return 'timeout';
  if (/^(CERT_|ERR_TLS|ERR_SSL|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|EPROTO)/.test(code))
    return 'tls';
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH')
    return 'protocol';
  return 'reset';
}
