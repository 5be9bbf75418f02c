import * as z from 'zod';
import { makeKey, revokeKey } from '../lib/app/access/keys.ts';
import { createAuditor } from '../lib/app/audit/auditor.ts';
import { keySchema } from '../lib/core/access/key.ts';
import { changeOf } from '../lib/core/audit/audit.ts';
import { BusbarError } from '../lib/core/kernel/errors.ts';
import { nameSchema, parseSpec } from '../lib/core/kernel/spec.ts';
import { open } from '../lib/runtime/open.ts';
import type { BaseRuntime } from '../lib/runtime/runtime.ts';
import { applications, audit, keys } from '../lib/runtime/stores.ts';
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
  const tools = open(runtime, { applications, audit, keys });
  const auditor = createAuditor(tools);
  return async (event: unknown, context?: { readonly awsRequestId?: string }): Promise<unknown> => {
    const request = parseSpec(requestSchema, event);
    if (request.action === 'create' && request.key !== undefined && tools.endpoints === 'public') {
      throw new BusbarError(
        'invalid_request',
        'key: a deployed bus makes its keys itself. Leave the key out.',
      );
    }
    let application = request.action === 'create' ? request.application : undefined;
    const { action, key: _, ...change } = request;
    const complete = await auditor.begin({
      principal: { application: '(iam)', role: 'admin' },
      call: `keys ${action}`,
      target: application === undefined ? 'keys' : `applications/${application}/keys`,
      requestId: context?.awsRequestId ?? '',
      change: changeOf(change),
      owners: async () => (application === undefined ? [] : [application]),
    });
    try {
      const key =
        request.action === 'create' ? await makeKey(tools, request) : await revokeKey(tools, request.key);
      application = key.application;
      await complete(200, { target: `applications/${application}/keys/${key.keyId}` });
      return action === 'create' ? key : { revoked: true };
    } catch (error) {
      await complete(error instanceof BusbarError ? error.status : 500);
      throw error;
    }
  };
}

export const handler = lazy(() => create(systemRuntime()));
