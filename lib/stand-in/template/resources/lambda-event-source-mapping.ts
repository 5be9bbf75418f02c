import { z } from 'zod';
import { flag, integer, resourceType, textMember, unlessGone } from '../resource.ts';

const destination = z.strictObject({ Destination: z.string() });
const properties = z.strictObject({
  EventSourceArn: z.string(),
  FunctionName: z.string(),
  Enabled: flag.optional(),
  BatchSize: integer.optional(),
  MaximumBatchingWindowInSeconds: integer.optional(),
  FunctionResponseTypes: z.array(z.string()).optional(),
  FilterCriteria: z.strictObject({ Filters: z.array(z.strictObject({ Pattern: z.string() })) }).optional(),
  ScalingConfig: z.strictObject({ MaximumConcurrency: integer.optional() }).optional(),
  StartingPosition: z.string().optional(),
  BisectBatchOnFunctionError: flag.optional(),
  MaximumRecordAgeInSeconds: integer.optional(),
  MaximumRetryAttempts: integer.optional(),
  ParallelizationFactor: integer.optional(),
  DestinationConfig: z.strictObject({ OnFailure: destination.optional() }).optional(),
});
type Properties = z.infer<typeof properties>;

/** The default that a property returns to when it leaves the template; a mapping of a queue has a smaller batch. */
const defaults = (eventSourceArn: string): Readonly<Record<string, unknown>> => ({
  Enabled: true,
  BatchSize: eventSourceArn.includes(':sqs:') ? 10 : 100,
  MaximumBatchingWindowInSeconds: 0,
  FunctionResponseTypes: [],
  FilterCriteria: { Filters: [] },
  ScalingConfig: {},
  BisectBatchOnFunctionError: false,
  MaximumRecordAgeInSeconds: -1,
  MaximumRetryAttempts: -1,
  ParallelizationFactor: 1,
  DestinationConfig: {},
});

/** The physical id is the UUID of the mapping. */
export const lambdaEventSourceMapping = resourceType<Properties>({
  type: 'AWS::Lambda::EventSourceMapping',
  properties,
  replacedBy: ['EventSourceArn', 'StartingPosition'],
  async create(wanted, { account }) {
    return {
      physicalId: textMember(await account.call('lambda', 'CreateEventSourceMapping', wanted), 'UUID'),
    };
  },
  async update(placed, wanted, before, { account }) {
    const { EventSourceArn, StartingPosition, ...now } = wanted;
    const gone = Object.entries(defaults(EventSourceArn)).filter(
      ([name]) =>
        wanted[name as keyof Properties] === undefined && before[name as keyof Properties] !== undefined,
    );
    await account.call('lambda', 'UpdateEventSourceMapping', {
      UUID: placed.physicalId,
      ...now,
      ...Object.fromEntries(gone),
    });
    return placed;
  },
  async delete(placed, _properties, { account }) {
    await unlessGone(
      () => account.call('lambda', 'DeleteEventSourceMapping', { UUID: placed.physicalId }),
      ['ResourceNotFoundException'],
    );
  },
  values: async (placed, _properties, { account }) => ({
    ref: placed.physicalId,
    attributes: {
      Id: placed.physicalId,
      EventSourceMappingArn: `arn:aws:lambda:${account.region}:${account.account}:event-source-mapping:${placed.physicalId}`,
    },
  }),
});
