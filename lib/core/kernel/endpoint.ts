import { isAddress, isPublicAddress } from './address.ts';
import { type BusbarError, invalidField } from './errors.ts';

/** Where endpoints may be: `any` allows private addresses and plain HTTP, on a laptop only. */
export type EndpointPolicy = 'public' | 'any';

/** The ports at which endpoints may be reached. */
export type EndpointPorts = 'any' | readonly number[];

/** Other ports lead to mail servers, databases and consoles, which were never meant to take webhooks. */
export const endpointPortsDefault: EndpointPorts = [443, 8443];

/** Reads `any` or a list such as `443,8443`; undefined for anything else. */
export function readEndpointPorts(text: string): EndpointPorts | undefined {
  if (text === 'any') return 'any';
  const ports = text.split(',').map((port) => (/^\s*\d{1,5}\s*$/.test(port) ? Number(port) : 0));
  return ports.every((port) => port >= 1 && port <= 65_535) ? ports : undefined;
}

/**
 * Checks the endpoint of a receiver as far as its text tells. What its name leads to is checked when it is resolved.
 * @param options.ownHosts the `host[:port]` under which the bus itself is reached.
 * @throws BusbarError invalid_request, with the cause and how to solve it.
 */
export function checkEndpoint(
  endpoint: string,
  options: {
    readonly policy: EndpointPolicy;
    readonly ports: EndpointPorts;
    readonly ownHosts: readonly string[];
  },
): URL {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined) throw refusal('is no URL. Give the whole of it, such as https://example.com/events');
  if (url.protocol !== 'https:' && !(options.policy === 'any' && url.protocol === 'http:')) {
    throw refusal(`has the scheme ${url.protocol.slice(0, -1)}. Endpoints are reached by https`);
  }
  if (url.username !== '' || url.password !== '') {
    throw refusal('has a user name or password in it. Send credentials by `headers` instead');
  }
  if (url.hash !== '') throw refusal('has a fragment, which is never sent. Leave it out');
  if (url.port === '0') throw refusal('has the port 0, where nothing can be reached');
  if (!isAllowedPort(url, options.ports)) {
    const allowed = String(options.ports).replaceAll(',', ', ');
    throw refusal(
      `has the port ${portOf(url)}; this bus calls ${allowed} alone. Serve it there, or have the operator of the bus add the port to its stack parameter EndpointPorts`,
    );
  }
  const host = url.hostname.replace(/\.$/, '');
  if (host === '0.0.0.0' || host === '[::]')
    throw refusal(`has the host ${host}, which is no address to reach`);
  // RFC 6761, section 6.4: names under invalid never resolve.
  if (host === 'invalid' || host.endsWith('.invalid'))
    throw refusal(`has the host ${host}, which never resolves`);
  const local = options.policy === 'public' ? whyLocal(host) : undefined;
  if (local !== undefined) {
    throw refusal(`has the host ${host}, which ${local}. Give one that the public internet reaches`);
  }
  if (isOwnHost(url, options.ownHosts)) {
    throw refusal(
      'is the bus itself, so that events would go round in a circle. Give the endpoint of a consumer',
    );
  }
  return url;
}

/** The port that a URL leads to, its scheme's own when it names none. */
const portOf = (url: URL): number => Number(url.port || (url.protocol === 'https:' ? 443 : 80));

export const isAllowedPort = (url: URL, ports: EndpointPorts): boolean =>
  ports === 'any' || ports.includes(portOf(url));

/**
 * Names that a network gives to its own machines: those of RFC 6761, 6762, 7686 and 8375, `internal`, which ICANN has
 * set aside for it, and AWS's resolver uses so.
 */
const localDomains = ['localhost', 'local', 'internal', 'home.arpa', 'onion', 'localdomain'];

/** Why a host, as the URL parser writes it, is not one of the public internet; undefined when its text does not tell. */
function whyLocal(host: string): string | undefined {
  const address = host.replace(/^\[|\]$/g, '');
  if (isAddress(address)) return isPublicAddress(address) ? undefined : 'is no public address';
  if (localDomains.some((domain) => host === domain || host.endsWith(`.${domain}`)) || !host.includes('.')) {
    return 'is a name of a local network';
  }
  return undefined;
}

/**
 * Whether a URL leads to the bus itself.
 * @param ownHosts of the form `host[:port]`; one without a port is the bus at every port, as a DNS name is.
 */
export const isOwnHost = (url: URL, ownHosts: readonly string[]): boolean =>
  ownHosts.some((own) => sameHost(url, own));

/** All names of the machine itself count as one. The URL parser writes case, punycode and addresses in one way. */
function sameHost(url: URL, own: string): boolean {
  const mine = URL.canParse(`${url.protocol}//${own}`) ? new URL(`${url.protocol}//${own}`) : undefined;
  if (mine === undefined || hostIdentity(url.hostname) !== hostIdentity(mine.hostname)) return false;
  return !/:\d+$/.test(own) || portOf(url) === portOf(mine);
}

function hostIdentity(hostname: string): string {
  const host = hostname.toLowerCase().replace(/\.$/, '');
  const loopback =
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host.startsWith('127.') ||
    host === '[::1]' ||
    // The URL parser writes ::ffff:127.0.0.1 so.
    host.startsWith('[::ffff:7f');
  return loopback ? 'loopback' : host;
}

const refusal = (problem: string): BusbarError => invalidField('endpoint', problem);
