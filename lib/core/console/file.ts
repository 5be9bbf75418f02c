import { isKnown } from '../kernel/etag.ts';

/** Which file of the console answers a request, and with which headers. */

/** A file as it was built, by each coding that it is kept in; `identity` is always there. */
export interface SiteFile {
  readonly path: string;
  readonly type: string;
  /** A strong tag of its bytes, in quotes. */
  readonly etag: string;
  readonly codings: readonly Coding[];
}

/** In the order of preference. */
const codings = ['br', 'gzip', 'identity'] as const;
export type Coding = (typeof codings)[number];

export interface SiteAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Undefined where the answer has no body. */
  readonly body?: { readonly path: string; readonly coding: Coding };
}

export interface SiteRequest {
  readonly method: string;
  /** As the client sent it, such as `/console/receivers/billing`. */
  readonly path: string;
  /** With names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

const base = '/console/';
/** Where the page is. */
export const home = '/console';
const page = 'index.html';

/**
 * Answers a request for the console. Any path that is not the name of a file is an address within the page, so that links
 * can be shared; a missing asset is a 404, because a page that was open during a deployment must not take HTML for a script.
 */
export function siteAnswer(
  request: SiteRequest,
  files: ReadonlyMap<string, SiteFile>,
  /** The origins that the page may call beside its own: those of the provider by which people sign in. */
  origins: readonly string[],
): SiteAnswer {
  const { method, path, headers } = request;
  if (method !== 'GET' && method !== 'HEAD') return refusal(405, { allow: 'GET, HEAD' });
  const name = path.slice(base.length);
  const file = files.get(name) ?? (name.startsWith('assets/') ? undefined : files.get(page));
  if (file === undefined) return refusal(404);
  const coding = codingFor(headers['accept-encoding'] ?? '', file.codings);
  const own = {
    ...safety,
    ...(file.path === page && { 'content-security-policy': contentSecurityPolicy(origins) }),
    'content-type': file.type,
    // The name of an asset has the hash of its content.
    'cache-control': file.path.startsWith('assets/') ? 'public, max-age=31536000, immutable' : 'no-cache',
    etag: file.etag,
    vary: 'accept-encoding',
  };
  if (isKnown(headers['if-none-match'], file.etag)) return { status: 304, headers: own };
  return {
    status: 200,
    headers: { ...own, ...(coding !== 'identity' && { 'content-encoding': coding }) },
    ...(method === 'GET' && { body: { path: file.path, coding } }),
  };
}

/** The page runs its own scripts and calls its own bus, whatever a tenant has managed to write into it. */
const contentSecurityPolicy = (origins: readonly string[]): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "manifest-src 'self'",
    `connect-src ${["'self'", ...origins].join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');

const safety = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=()',
} as const;

const refusal = (status: number, headers: Readonly<Record<string, string>> = {}): SiteAnswer => ({
  status,
  headers: { ...safety, 'cache-control': 'no-store', ...headers },
});

/** The best coding that the client takes; one with `q=0` it does not (RFC 9110, section 12.5.3). */
function codingFor(accepted: string, kept: readonly Coding[]): Coding {
  const taken = new Set(
    accepted
      .toLowerCase()
      .split(',')
      .map((part) => part.split(';').map((piece) => piece.trim()))
      .filter(([, ...parameters]) => !parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter)))
      .map(([name]) => name),
  );
  return codings.find((coding) => kept.includes(coding) && taken.has(coding)) ?? 'identity';
}
