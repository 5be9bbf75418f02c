import { z } from 'zod';
import { integer, resourceType, unlessGone } from '../resource.ts';

const destination = z.strictObject({ Destination: z.string() });
const properties = z.strictObject({
  FunctionName: z.string(),
  Qualifier: z.literal('$LATEST'),
  MaximumEventAgeInSeconds: integer.optional(),
  MaximumRetryAttempts: integer.optional(),
  DestinationConfig: z
    .strictObject({ OnSuccess: destination.optional(), OnFailure: destination.optional() })
    .optional(),
});

/** How asynchronous invocations of a function are retried and where their records go. */
export const lambdaEventInvokeConfig = resourceType<z.infer<typeof properties>>({
  type: 'AWS::Lambda::EventInvokeConfig',
  properties,
  replacedBy: ['FunctionName', 'Qualifier'],
  async create(wanted, { account, name }) {
    await account.call('lambda', 'PutFunctionEventInvokeConfig', wanted);
    return { physicalId: name({ maxLength: 128 }) };
  },
  async update(placed, wanted, _before, { account }) {
    // Put replaces the whole configuration, which removes what left the template.
    await account.call('lambda', 'PutFunctionEventInvokeConfig', wanted);
    return placed;
  },
  async delete(_placed, { FunctionName, Qualifier }, { account }) {
    await unlessGone(
      () => account.call('lambda', 'DeleteFunctionEventInvokeConfig', { FunctionName, Qualifier }),
      ['ResourceNotFoundException'],
    );
  },
  values: async (placed) => ({ ref: placed.physicalId, attributes: {} }),
});
