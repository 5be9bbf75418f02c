import * as z from 'zod';
import { BusbarError } from '../../core/kernel/errors.ts';

/** Headers that the bus, the connection or the proxy in between owns; a receiver may not set them. */
const reservedHeader =
  /^(host|connection|content-.*|transfer-encoding|te|trailer|upgrade|expect|keep-alive|proxy-.*|date|via|forwarded|x-forwarded-.*|webhook-.*|busbar-.*|ce-.*|traceparent|tracestate|user-agent|cookie)$/;

/** Headers whose values are credentials by their names: they cannot be marked public. */
const credentialHeader = /auth|key|token|secret|passw|signature|credential|cookie|session|jwt|bearer/i;
/** What stands for a value in what the API shows. */
export const hidden = '(hidden)';

export type Headers = Readonly<Record<string, string>>;

/** What a body or a row says of its headers. */
interface WithHeaders {
  readonly headers?: Headers | undefined;
  /** The names of headers whose values are shown. */
  readonly publicHeaders?: readonly string[] | undefined;
}

const nameSchema = z
  .string()
  .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, 'is no header name')
  .refine((name) => !reservedHeader.test(name.toLowerCase()), 'is a header that the bus sets itself');

const headersOf = (value: z.ZodType<string, string>) =>
  z
    .record(nameSchema, value)
    .refine((headers) => Object.keys(headers).length <= 20, 'has more than 20 headers')
    .refine(
      (headers) =>
        new Set(Object.keys(headers).map((name) => name.toLowerCase())).size === Object.keys(headers).length,
      'names a header twice',
    );

const valueSchema = z
  .string()
  .max(2048)
  .regex(/^[\t\x20-\x7e]*$/, 'must be printable ASCII on one line');

/** The headers that a receiver adds to each request. A value `(hidden)` keeps the one that the receiver has. */
export const headersSchema = headersOf(valueSchema);

/** A template says what it means: there is nothing that it could have been shown. */
export const declaredHeadersSchema = headersOf(
  valueSchema.refine(
    (value) => value !== hidden,
    'is what is shown in place of the value. Give the value itself',
  ),
);

export const publicHeadersSchema = z
  .array(
    nameSchema.refine(
      (name) => !credentialHeader.test(name),
      'is a credential by its name, whose value is never shown. Leave it out',
    ),
  )
  .max(20);

/** What is wrong with `publicHeaders` beside `headers`. */
export function publicHeaderProblems({ headers = {}, publicHeaders = [] }: WithHeaders) {
  return publicHeaders.flatMap((name, at) =>
    entryOf(headers, name) === undefined
      ? [{ path: `publicHeaders.${at}`, detail: `is ${name}, which headers does not have` }]
      : [],
  );
}

/** Names of headers do not differ by case (RFC 9110, section 5.1). */
function entryOf(headers: Headers, name: string): readonly [string, string] | undefined {
  return Object.entries(headers).find(([each]) => each.toLowerCase() === name.toLowerCase());
}

const isPublic = ({ publicHeaders = [] }: WithHeaders, name: string): boolean =>
  !credentialHeader.test(name) && publicHeaders.some((each) => each.toLowerCase() === name.toLowerCase());

/**
 * The headers to store: a value that is only shown as hidden is the one that the receiver has.
 * @param existing undefined when the events go to another origin: what is kept for one must not be sent to another.
 * @throws BusbarError invalid_request for a hidden value that is not kept, or that would become public by it.
 */
export function keptHeaders(body: WithHeaders, existing: WithHeaders | undefined): Headers | undefined {
  const { headers } = body;
  if (headers === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      if (value !== hidden) return [name, value];
      const kept = existing?.headers && entryOf(existing.headers, name)?.[1];
      if (kept === undefined) {
        throw wrong(name, 'no value is kept for this header at this origin');
      }
      if (isPublic(body, name)) throw wrong(name, 'a hidden value does not become public');
      return [name, kept];
    }),
  );
}

function wrong(name: string, cause: string): BusbarError {
  const detail = `is ${hidden}, and ${cause}. Give the value itself`;
  return new BusbarError('invalid_request', `headers.${name} ${detail}.`, {
    fields: [{ path: `headers.${name}`, detail }],
  });
}

/** Headers as the API shows them: a value is hidden unless it is marked public. */
export function shownHeaders(row: WithHeaders): Record<string, string> {
  return Object.fromEntries(
    Object.entries(row.headers ?? {}).map(([name, value]) => [name, isPublic(row, name) ? value : hidden]),
  );
}

/** The values that nobody may read. */
export function hiddenValues(row: WithHeaders): string[] {
  const values = Object.entries(row.headers ?? {}).filter(([name]) => !isPublic(row, name));
  // Of `Bearer abc` the credential is `abc`, and an endpoint may repeat it alone.
  return values.flatMap(([, value]) => [value, value.replace(/^\S+\s+/, '')]);
}
