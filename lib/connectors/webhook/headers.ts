import * as z from 'zod';

/** Headers that the bus, the connection or the proxy in between owns; a receiver may not set them. */
const reservedHeader =
  /^(host|connection|content-.*|transfer-encoding|te|trailer|upgrade|expect|keep-alive|proxy-.*|date|via|forwarded|x-forwarded-.*|webhook-.*|busbar-.*|ce-.*|traceparent|tracestate|user-agent|cookie)$/;

/** Headers whose values are credentials by their names. */
const credentialHeader = /auth|key|token|secret|password|signature/i;
/** What stands for a credential in what the API shows. */
const hidden = '(hidden)';

/** The headers that a receiver adds to each request. */
export const headersSchema = z
  .record(
    z
      .string()
      .regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/, 'is no header name')
      .refine((name) => !reservedHeader.test(name.toLowerCase()), 'is a header that the bus sets itself'),
    z
      .string()
      .max(2048)
      .regex(/^[\t\x20-\x7e]*$/, 'must be printable ASCII on one line')
      .refine((value) => value !== hidden, 'is what is shown in place of the value. Give the value itself'),
  )
  .refine((headers) => Object.keys(headers).length <= 20, 'has more than 20 headers')
  .refine(
    (headers) =>
      new Set(Object.keys(headers).map((name) => name.toLowerCase())).size === Object.keys(headers).length,
    'names a header twice',
  );

/** Headers as the API shows them. */
export function hideCredentials(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, credentialHeader.test(name) ? hidden : value]),
  );
}

/** The values that nobody may read. */
export function credentialsIn(headers: Readonly<Record<string, string>> = {}): string[] {
  const credentials = Object.entries(headers).filter(([name]) => credentialHeader.test(name));
  // Of `Bearer abc` the credential is `abc`, and an endpoint may repeat it alone.
  return credentials.flatMap(([, value]) => [value, value.replace(/^\S+\s+/, '')]);
}
