import { BusbarError } from './errors.ts';

/**
 * Checks the endpoint of a receiver as far as its text tells.
 * @param options.policy `any` allows private addresses and plain HTTP, on a laptop only.
 * @param options.ownHosts the `host[:port]` under which the bus itself is reached.
 * @throws BusbarError invalid_request, with the cause and how to solve it.
 */
export function checkEndpoint(
  endpoint: string,
  options: { readonly policy: 'public' | 'any'; readonly ownHosts: readonly string[] },
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
  const host = url.hostname.replace(/\.$/, '');
  if (host === '0.0.0.0' || host === '[::]')
    throw refusal(`has the host ${host}, which is no address to reach`);
  // RFC 6761, section 6.4: names under invalid never resolve.
  if (host === 'invalid' || host.endsWith('.invalid'))
    throw refusal(`has the host ${host}, which never resolves`);
  if (options.ownHosts.some((own) => sameHost(url, own))) {
    throw refusal(
      'is the bus itself, so that events would go round in a circle. Give the endpoint of a consumer',
    );
  }
  return url;
}

/** All names of the machine itself count as one. */
function sameHost(url: URL, own: string): boolean {
  const mine = URL.canParse(`${url.protocol}//${own}`) ? new URL(`${url.protocol}//${own}`) : undefined;
  if (mine === undefined) return false;
  const port = (candidate: URL) => candidate.port || (candidate.protocol === 'https:' ? '443' : '80');
  return port(url) === port(mine) && hostIdentity(url.hostname) === hostIdentity(mine.hostname);
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

function refusal(problem: string): BusbarError {
  return new BusbarError('invalid_request', `endpoint ${problem}.`, {
    fields: [{ path: 'endpoint', detail: problem }],
  });
}
