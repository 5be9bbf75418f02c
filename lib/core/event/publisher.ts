import { BusbarError, type FieldError } from '../kernel/errors.ts';

/**
 * The CloudEvents extension attribute by which the bus names who published an event: an application, `bridge:<name>`,
 * or `iam:direct` for an invocation by IAM. The bus writes it, whatever the event brings, so receivers can rely on it.
 */
export const publisherAttribute = 'busbarpublisher';

/** A bridge as a publisher; no application has a colon in its name. */
export const bridgePublisher = (bridge: string) => `bridge:${bridge}`;

/** Whoever may invoke the publish function by IAM. */
export const directPublisher = 'iam:direct';

/** Who published an event, by its JSON; undefined for one that the bus took over before it wrote this. */
export function publisherOf(body: string): string | undefined {
  try {
    const publisher: unknown = JSON.parse(body)?.[publisherAttribute];
    return typeof publisher === 'string' ? publisher : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

/** The source of the events of the bus itself. */
export const busSource = '/busbar';

/** The source of an application's events that name none. */
export const applicationSource = (application: string) => `/applications/${application}`;

/** Why an application may not use a source. */
interface SourceRefusal {
  readonly code: 'source_reserved';
  readonly detail: string;
  readonly errors: readonly FieldError[];
}

/**
 * Refuses a source that names another application, or the bus. Receivers read `/applications/<name>` as the name of the
 * producer, and `/busbar` as the bus, so nobody else may use it, an admin neither.
 */
export function sourceRefusal(source: string, application: string): SourceRefusal | undefined {
  const path = pathOf(source);
  if (path === busSource || path === `${busSource}/`) {
    const detail = `is reserved for what the bus reports about itself. Leave it out, or give ${applicationSource(application)}`;
    return { code: 'source_reserved', detail: `source ${detail}.`, errors: [{ path: 'source', detail }] };
  }
  const named = path === undefined ? undefined : namedBy(path);
  if (named === undefined || named === application) return undefined;
  const own = applicationSource(application);
  const detail = `is reserved for ${named === '' ? 'applications' : `the application ${named}`}, and ${application} publishes this event. Leave it out, or give ${own} or a source that does not begin with /applications/`;
  return { code: 'source_reserved', detail: `source ${detail}.`, errors: [{ path: 'source', detail }] };
}

/** @throws BusbarError source_reserved. */
export function checkSource(source: string, application: string): void {
  const refusal = sourceRefusal(source, application);
  if (refusal === undefined) return;
  throw new BusbarError(refusal.code, refusal.detail, { fields: refusal.errors });
}

/**
 * The path of a source that may be reserved. References to the same resource count as equal, however they are written
 * (RFC 3986, section 6.2.2: dot segments and percent-encoding).
 */
function pathOf(source: string): string | undefined {
  // Nearly every source ends here, without being parsed.
  if (!/applications|busbar|%/.test(source)) return undefined;
  const base = 'http://base.invalid';
  if (!URL.canParse(source, base)) return undefined;
  const url = new URL(source, base);
  // An absolute URI, or one with an authority of its own, names something else.
  if (url.origin !== base) return undefined;
  return decoded(url.pathname);
}

/** The application that a path names; empty when it begins like one and names none. */
function namedBy(path: string): string | undefined {
  const [, first, name] = path.split('/');
  return first === 'applications' && name !== undefined ? name : undefined;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // Bytes that are not UTF-8 name no application.
    return path;
  }
}
