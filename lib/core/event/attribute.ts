import * as z from 'zod';

/** Names of CloudEvents attributes in settings. */

export const attributeSchema = z
  .string()
  .regex(/^[a-z0-9]{1,64}$/, 'is not a CloudEvents attribute name: use lower-case letters and digits')
  .refine((name) => !/^(data|specversion)$/.test(name), 'does not tell events apart: name another attribute');

/** These differ for any two events, or do not tell which events belong together. */
const noKey = /^(id|time|specversion|data|datacontenttype|dataschema|traceparent|tracestate)$/;

/** An attribute by whose value events belong together. */
export const orderAttributeSchema = z
  .string()
  .regex(/^[a-z0-9]{1,64}$/, 'is not a CloudEvents attribute name: use lower-case letters and digits')
  .refine(
    (name) => !noKey.test(name),
    'cannot be a key: name subject, source, type or an extension attribute',
  );
