import { z } from 'zod';
import { stackId } from '../parameters.ts';
import { integer, type Placed, type ResourceContext, resourceType } from '../resource.ts';

const properties = z.looseObject({
  /** The ARN of the function that implements the resource. */
  ServiceToken: z.string(),
  ServiceTimeout: integer.optional(),
});
type Properties = z.infer<typeof properties>;

/** How long CloudFormation waits for an answer unless ServiceTimeout is set. */
const answerTimeoutSeconds = 3600;

const answerShape = z.looseObject({
  Status: z.enum(['SUCCESS', 'FAILED']),
  Reason: z.string().optional(),
  PhysicalResourceId: z.string().optional(),
  Data: z.record(z.string(), z.unknown()).optional(),
});

/**
 * A custom resource: its function gets CloudFormation's request and answers with a PUT to the ResponseURL
 * (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref.html). A function that throws fails the
 * deployment at once; on AWS the deployment would wait for the timeout.
 */
export const customResource = resourceType<Properties>({
  type: 'AWS::CloudFormation::CustomResource',
  properties: properties as z.ZodObject & z.ZodType<Properties>,
  replacedBy: [],
  create: (wanted, context) => request('Create', wanted, {}, context),
  update: (placed, wanted, before, context) =>
    request(
      'Update',
      wanted,
      { PhysicalResourceId: placed.physicalId, OldResourceProperties: asText(before) },
      context,
    ),
  async delete(placed, properties, context) {
    await request('Delete', properties, { PhysicalResourceId: placed.physicalId }, context);
  },
  values: async (placed) => ({ ref: placed.physicalId, attributes: placed.data ?? {} }),
});

async function request(
  requestType: 'Create' | 'Update' | 'Delete',
  properties: Properties,
  more: Readonly<{ PhysicalResourceId?: string; OldResourceProperties?: unknown }>,
  context: ResourceContext,
): Promise<Placed> {
  const { account, logicalId, stack } = context;
  const timeoutSeconds = properties.ServiceTimeout ?? answerTimeoutSeconds;
  const expected = account.customResources.expect(timeoutSeconds * 1000);
  const event = {
    RequestType: requestType,
    ServiceToken: properties.ServiceToken,
    ResponseURL: expected.responseUrl,
    StackId: stackId(stack),
    RequestId: context.uuid(),
    ResourceType: context.type,
    LogicalResourceId: logicalId,
    ...more,
    ResourceProperties: asText(properties),
  };
  try {
    const invoked = await account.call('lambda', 'Invoke', {
      FunctionName: properties.ServiceToken,
      InvocationType: 'RequestResponse',
      Payload: Buffer.from(JSON.stringify(event), 'utf8'),
    });
    if (invoked?.FunctionError !== undefined) {
      const payload =
        invoked.Payload instanceof Uint8Array ? Buffer.from(invoked.Payload).toString('utf8') : '';
      throw new Error(`Its function failed: ${payload}`);
    }
    const answer = answerShape.safeParse(await expected.answer);
    if (!answer.success) {
      throw new Error(`Its function sent no readable answer to the ResponseURL within ${timeoutSeconds} s.`);
    }
    if (answer.data.Status === 'FAILED') {
      throw new Error(`Its function answered FAILED: ${answer.data.Reason ?? 'no reason given'}`);
    }
    const physicalId = answer.data.PhysicalResourceId ?? more.PhysicalResourceId;
    if (physicalId === undefined) throw new Error('Its function answered without a PhysicalResourceId.');
    return { physicalId, ...(answer.data.Data === undefined ? {} : { data: answer.data.Data }) };
  } finally {
    expected.cancel();
  }
}

/** CloudFormation sends every scalar of the properties as a string. */
function asText(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asText);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, asText(item)]));
  }
  return value === null ? null : String(value);
}
