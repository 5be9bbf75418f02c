import { z } from 'zod';
import { type Account, integer, orUndo, resourceType, unlessGone, waived } from '../resource.ts';

const properties = z.strictObject({
  FunctionName: z.string().optional(),
  Role: z.string(),
  Runtime: z.string(),
  Handler: z.string(),
  /** The asset is found by its key; the bucket is that of the CDK bootstrap. */
  Code: z.strictObject({ S3Bucket: z.string(), S3Key: z.string(), S3ObjectVersion: z.string().optional() }),
  Architectures: z.array(z.string()).optional(),
  Description: z.string().optional(),
  Environment: z.strictObject({ Variables: z.record(z.string(), z.coerce.string()).optional() }).optional(),
  MemorySize: integer.optional(),
  Timeout: integer.optional(),
  ReservedConcurrentExecutions: integer.optional(),
  PackageType: z.literal('Zip').optional(),
  LoggingConfig: z
    .strictObject({
      LogGroup: z.string().optional(),
      LogFormat: z.string().optional(),
      ApplicationLogLevel: z.string().optional(),
      SystemLogLevel: waived('The engine itself reports failures.'),
    })
    .optional(),
  EphemeralStorage: waived('A function uses the disk of this machine.'),
  TracingConfig: waived('There is no X-Ray here.'),
  RecursiveLoop: waived('The engine does not detect recursive loops, so it always allows them.'),
  RuntimeManagementConfig: waived('Every function runs on the Node.js of this process.'),
  VpcConfig: waived('A function can reach what this machine can reach.'),
  Tags: waived('No supported policy reads the tags of a function.'),
});
type Properties = z.infer<typeof properties>;

const functionArn = ({ region, account }: Account, name: string) =>
  `arn:aws:lambda:${region}:${account}:function:${name}`;

/** What UpdateFunctionConfiguration sets. A property that left the template returns to its default. */
function configuration(wanted: Properties) {
  return {
    Role: wanted.Role,
    Runtime: wanted.Runtime,
    Handler: wanted.Handler,
    Description: wanted.Description ?? '',
    MemorySize: wanted.MemorySize ?? 128,
    Timeout: wanted.Timeout ?? 3,
    Environment: { Variables: wanted.Environment?.Variables ?? {} },
    ...(wanted.LoggingConfig === undefined ? {} : { LoggingConfig: wanted.LoggingConfig }),
  };
}

async function reserveConcurrency(
  account: Account,
  FunctionName: string,
  wanted: Properties,
  before?: Properties,
): Promise<void> {
  const reserved = wanted.ReservedConcurrentExecutions;
  if (reserved === before?.ReservedConcurrentExecutions) return;
  if (reserved === undefined) await account.call('lambda', 'DeleteFunctionConcurrency', { FunctionName });
  else {
    await account.call('lambda', 'PutFunctionConcurrency', {
      FunctionName,
      ReservedConcurrentExecutions: reserved,
    });
  }
}

export const lambdaFunction = resourceType<Properties>({
  type: 'AWS::Lambda::Function',
  properties,
  replacedBy: ['FunctionName', 'PackageType'],
  nameProperty: 'FunctionName',
  async create(wanted, { account, name }) {
    const FunctionName = wanted.FunctionName ?? name({ maxLength: 64 });
    account.iam.assertTrusts(wanted.Role, 'lambda.amazonaws.com', functionArn(account, FunctionName));
    await account.call('lambda', 'CreateFunction', {
      FunctionName,
      Code: wanted.Code,
      ...(wanted.Architectures === undefined ? {} : { Architectures: wanted.Architectures }),
      ...configuration(wanted),
    });
    await orUndo(
      () => reserveConcurrency(account, FunctionName, wanted),
      () => account.call('lambda', 'DeleteFunction', { FunctionName }),
    );
    return { physicalId: FunctionName };
  },
  async update(placed, wanted, before, { account }) {
    const FunctionName = placed.physicalId;
    account.iam.assertTrusts(wanted.Role, 'lambda.amazonaws.com', functionArn(account, FunctionName));
    if (JSON.stringify(configuration(wanted)) !== JSON.stringify(configuration(before))) {
      await account.call('lambda', 'UpdateFunctionConfiguration', { FunctionName, ...configuration(wanted) });
    }
    if (
      JSON.stringify([wanted.Code, wanted.Architectures]) !==
      JSON.stringify([before.Code, before.Architectures])
    ) {
      await account.call('lambda', 'UpdateFunctionCode', {
        FunctionName,
        ...wanted.Code,
        Architectures: wanted.Architectures ?? ['x86_64'],
      });
    }
    await reserveConcurrency(account, FunctionName, wanted, before);
    return placed;
  },
  async delete(placed, _properties, { account }) {
    await unlessGone(
      () => account.call('lambda', 'DeleteFunction', { FunctionName: placed.physicalId }),
      ['ResourceNotFoundException'],
    );
  },
  values: async (placed, _properties, { account }) => ({
    ref: placed.physicalId,
    attributes: { Arn: functionArn(account, placed.physicalId) },
  }),
});
