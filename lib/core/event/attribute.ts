import * as z from 'zod';

/** Names of CloudEvents attributes where a team names them in settings. */

export const attributeSchema = z
  .string()
  .regex(/^[a-z0-9]{1,64}$/, 'is no CloudEvents attribute: lower-case letters and digits')
  .refine((name) => !/^(data|specversion)$/.test(name), 'is no attribute that says anything about an event');

/** These are not alike for any two events, or say nothing about which belong together. */
const noKey = /^(id|time|specversion|data|datacontenttype|dataschema|traceparent|tracestate)$/;

/** An attribute by whose value events belong together. */
export const orderAttributeSchema = z
  .string()
  .regex(/^[a-z0-9]{1,64}$/, 'is no CloudEvents attribute: lower-case letters and digits')
  .refine((name) => !noKey.test(name), 'is no key: name subject, source, type or an extension attribute');
