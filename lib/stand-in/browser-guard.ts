import type { IncomingMessage } from 'node:http';

/** A request that the server refuses because a web page of another site may have made it. */
export interface ForeignRequest {
  readonly code: 'foreign_host' | 'foreign_origin';
  /** Names the remedy. */
  readonly detail: string;
}

/**
 * Tells requests of programs on this machine from those that a browser makes for a web page. A page reaches a port on the
 * loopback address either under a name of its own that resolves to 127.0.0.1 (DNS rebinding), which the `Host` header
 * shows, or across origins, which `Origin` and `Sec-Fetch-Site` show. A page can set none of the three.
 * Links to here may be followed from anywhere.
 */
export function browserGuard(options: {
  readonly port: number;
  /** More hosts to serve, as `name` for any port or `name:port`, in lower case. */
  readonly hosts: readonly string[];
  /** The setting that adds hosts, for the remedy. */
  readonly variable: string;
}): (request: IncomingMessage) => ForeignRequest | undefined {
  const { port, variable } = options;
  const exact = new Set(['127.0.0.1', 'localhost', '[::1]'].map((name) => `${name}:${port}`));
  const more = new Set(options.hosts);
  const isKnown = ({ name, authority }: Authority) =>
    exact.has(authority) || more.has(authority) || more.has(name);

  return (request) => {
    const [host, ...otherHosts] = valuesOf(request, 'host');
    const authority = host === undefined ? undefined : authorityOf(`http://${host}`);
    if (authority === undefined || otherHosts.length > 0 || !isKnown(authority)) {
      return {
        code: 'foreign_host',
        detail: `This port does not serve the host ${shown(host)}, to keep web pages from reaching it under a name of their own. Call it as 127.0.0.1:${port} or localhost:${port}, or start the bus with ${variable}=<host> to allow another one.`,
      };
    }
    const origins = valuesOf(request, 'origin');
    const site = valuesOf(request, 'sec-fetch-site')[0];
    const isAllowed =
      origins.length > 0
        ? origins.every((origin) => isKnownOrigin(origin))
        : site === undefined || site === 'same-origin' || site === 'none' || isVisit(request);
    if (isAllowed) return undefined;
    return {
      code: 'foreign_origin',
      detail: `A web page of ${origins.length > 0 ? shown(origins[0]) : 'another site'} made this request, and this port serves only its own pages. Start the bus with ${variable}=<host>:<port of the page> if you trust that page.`,
    };
  };

  function isKnownOrigin(origin: string): boolean {
    const authority = /^https?:\/\/[^/?#]+$/i.test(origin) ? authorityOf(origin) : undefined;
    return authority !== undefined && isKnown(authority);
  }
}

/**
 * A person follows a link to here, or is led back here: the page that had the link sees nothing of the answer and adds nothing
 * to the request, so it gets no further than with any link. Posted forms have an `Origin`, frames another destination.
 */
function isVisit(request: IncomingMessage): boolean {
  const is = (name: string, value: string) => {
    const [first, ...others] = valuesOf(request, name);
    return first === value && others.length === 0;
  };
  return request.method === 'GET' && is('sec-fetch-mode', 'navigate') && is('sec-fetch-dest', 'document');
}

interface Authority {
  /** Without the port. */
  readonly name: string;
  /** With the port, also where it is the default one. */
  readonly authority: string;
}

/** Undefined if the URL has anything besides a host and a port. */
function authorityOf(url: string): Authority | undefined {
  if (!URL.canParse(url)) return undefined;
  const { protocol, hostname, port, username, password, pathname, search, hash } = new URL(url);
  if (username !== '' || password !== '' || pathname !== '/' || search !== '' || hash !== '')
    return undefined;
  // A URL normalises 127.1 and a trailing dot stays, so only the spelled-out text may pass as a known host.
  if (!url.toLowerCase().startsWith(`${protocol}//${hostname}`)) return undefined;
  return { name: hostname, authority: `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}` };
}

function valuesOf(request: IncomingMessage, name: string): string[] {
  // `headers` joins or drops repeated headers, and a second Host must be noticed.
  return request.headersDistinct[name] ?? [];
}

/** Foreign text for an error message: short and printable. */
function shown(text: string | undefined): string {
  return text === undefined ? '(none)' : JSON.stringify(text.replace(/[^\x20-\x7e]/g, '?').slice(0, 100));
}
