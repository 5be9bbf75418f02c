import * as z from 'zod';
import { makeKey, revokeKey } from '../lib/app/access/keys.ts';
import { keySchema } from '../lib/core/access/key.ts';
import { BusbarError } from '../lib/core/kernel/errors.ts';
import { nameSchema, parseSpec } from '../lib/core/kernel/spec.ts';
import { open } from '../lib/runtime/open.ts';
import type { BaseRuntime } from '../lib/runtime/runtime.ts';
import { applications, keys } from '../lib/runtime/stores.ts';
import { lazy, systemRuntime } from '../lib/runtime/system.ts';

const requestSchema = z.union([
  z.strictObject({
    action: z.literal('create'),
    application: nameSchema,
    ...keySchema.partial({ name: true }).shape,
    /** A key chosen beforehand, for a laptop only: what people choose is too short for the internet. */
    key: z
      .string()
      .regex(/^[\x21-\x7e]{1,256}$/, 'is no key: 1 to 256 printable characters without spaces')
      .optional(),
  }),
  z.strictObject({ action: z.literal('revoke'), key: z.string() }),
]);

/**
 * Makes and revokes keys. It has no route: who may invoke it is IAM's decision, which is how the first admin key
 * of a new bus comes about without a secret lying anywhere.
 */
export function create(runtime: BaseRuntime) {
  const tools = open(runtime, { applications, keys });
  return async (event: unknown): Promise<unknown> => {
    const request = parseSpec(requestSchema, event);
    if (request.action === 'create') {
      if (request.key !== undefined && tools.endpoints === 'public') {
        throw new BusbarError(
          'invalid_request',
          'key: a deployed bus makes its keys itself. Leave the key out.',
        );
      }
      return await makeKey(tools, request);
    }
    await revokeKey(tools, request.key);
    return { revoked: true };
  };
}

export const handler = lazy(() => create(systemRuntime()));
