import { z } from 'zod';
import { flag, resourceType, unlessGone } from '../resource.ts';

const properties = z.strictObject({
  Action: z.string(),
  FunctionName: z.string(),
  FunctionUrlAuthType: z.string().optional(),
  InvokedViaFunctionUrl: flag.optional(),
  Principal: z.string(),
  SourceAccount: z.string().optional(),
  SourceArn: z.string().optional(),
});

/** A statement of the function's resource policy; the physical id is its statement id. */
export const lambdaPermission = resourceType<z.infer<typeof properties>>({
  type: 'AWS::Lambda::Permission',
  properties,
  replacedBy: [
    'Action',
    'FunctionName',
    'FunctionUrlAuthType',
    'InvokedViaFunctionUrl',
    'Principal',
    'SourceAccount',
    'SourceArn',
  ],
  async create(wanted, { account, name }) {
    const StatementId = name({ maxLength: 100 });
    await account.call('lambda', 'AddPermission', { ...wanted, StatementId });
    return { physicalId: StatementId };
  },
  update: async (placed) => placed,
  async delete(placed, properties, { account }) {
    await unlessGone(
      () =>
        account.call('lambda', 'RemovePermission', {
          FunctionName: properties.FunctionName,
          StatementId: placed.physicalId,
        }),
      ['ResourceNotFoundException'],
    );
  },
  values: async (placed) => ({ ref: placed.physicalId, attributes: { Id: placed.physicalId } }),
});
