import { z } from 'zod';
import type { Account, ResourceContext } from '../resource.ts';
import { flag, integer, type Placed, resourceType, textMember, unlessGone, waived } from '../resource.ts';

const tags = z.array(z.strictObject({ Key: z.string(), Value: z.string() })).optional();

const properties = z.strictObject({
  QueueName: z.string().optional(),
  FifoQueue: flag.optional(),
  ContentBasedDeduplication: flag.optional(),
  DeduplicationScope: z.string().optional(),
  FifoThroughputLimit: z.string().optional(),
  DelaySeconds: integer.optional(),
  MaximumMessageSize: integer.optional(),
  MessageRetentionPeriod: integer.optional(),
  ReceiveMessageWaitTimeSeconds: integer.optional(),
  VisibilityTimeout: integer.optional(),
  RedrivePolicy: z.strictObject({ deadLetterTargetArn: z.string(), maxReceiveCount: integer }).optional(),
  RedriveAllowPolicy: z
    .strictObject({ redrivePermission: z.string(), sourceQueueArns: z.array(z.string()).optional() })
    .optional(),
  Tags: tags,
  SqsManagedSseEnabled: waived('AWS encrypts at rest; here the data file is on your own disk.'),
  KmsMasterKeyId: waived('AWS encrypts at rest; here the data file is on your own disk.'),
  KmsDataKeyReusePeriodSeconds: waived('There is no KMS here.'),
});
type Properties = z.infer<typeof properties>;

/** The default that an attribute returns to when its property leaves the template. */
const defaults = {
  DelaySeconds: '0',
  MaximumMessageSize: '1048576',
  MessageRetentionPeriod: '345600',
  ReceiveMessageWaitTimeSeconds: '0',
  VisibilityTimeout: '30',
  RedrivePolicy: '',
  RedriveAllowPolicy: '',
} as const;

function attributes(wanted: Properties): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of [
    'ContentBasedDeduplication',
    'DeduplicationScope',
    'FifoThroughputLimit',
    'DelaySeconds',
    'MaximumMessageSize',
    'MessageRetentionPeriod',
    'ReceiveMessageWaitTimeSeconds',
    'VisibilityTimeout',
  ] as const) {
    const value = wanted[name];
    if (value !== undefined) found[name] = String(value);
  }
  for (const name of ['RedrivePolicy', 'RedriveAllowPolicy'] as const) {
    if (wanted[name] !== undefined) found[name] = JSON.stringify(wanted[name]);
  }
  return found;
}

async function queueUrl(account: Account, queueName: string): Promise<string> {
  return textMember(await account.call('sqs', 'GetQueueUrl', { QueueName: queueName }), 'QueueUrl');
}

const tagMap = (list: Properties['Tags']) =>
  Object.fromEntries((list ?? []).map(({ Key, Value }) => [Key, Value]));

async function setTags(account: Account, url: string, wanted: Properties, before: Properties): Promise<void> {
  const gone = Object.keys(tagMap(before.Tags)).filter((key) => tagMap(wanted.Tags)[key] === undefined);
  if (gone.length > 0) await account.call('sqs', 'UntagQueue', { QueueUrl: url, TagKeys: gone });
  if (wanted.Tags !== undefined && wanted.Tags.length > 0) {
    await account.call('sqs', 'TagQueue', { QueueUrl: url, Tags: tagMap(wanted.Tags) });
  }
}

/** The physical id is the queue's name: its URL changes with the port of the endpoint. */
export const sqsQueue = resourceType<Properties>({
  type: 'AWS::SQS::Queue',
  properties,
  replacedBy: ['QueueName', 'FifoQueue'],
  nameProperty: 'QueueName',
  async create(wanted, context) {
    const queueName =
      wanted.QueueName ??
      context.name({ maxLength: 80, ...(wanted.FifoQueue === true ? { suffix: '.fifo' } : {}) });
    await context.account.call('sqs', 'CreateQueue', {
      QueueName: queueName,
      Attributes: { ...attributes(wanted), ...(wanted.FifoQueue === true ? { FifoQueue: 'true' } : {}) },
      ...(wanted.Tags === undefined ? {} : { tags: tagMap(wanted.Tags) }),
    });
    return { physicalId: queueName };
  },
  async update(placed, wanted, before, { account }) {
    const url = await queueUrl(account, placed.physicalId);
    const now = attributes(wanted);
    for (const [name, value] of Object.entries(defaults)) {
      if (now[name] === undefined && attributes(before)[name] !== undefined) now[name] = value;
    }
    if (Object.keys(now).length > 0) {
      await account.call('sqs', 'SetQueueAttributes', { QueueUrl: url, Attributes: now });
    }
    await setTags(account, url, wanted, before);
    return placed;
  },
  async delete(placed, _properties, { account }) {
    await unlessGone(
      async () =>
        account.call('sqs', 'DeleteQueue', { QueueUrl: await queueUrl(account, placed.physicalId) }),
      ['QueueDoesNotExist'],
    );
  },
  async values(placed: Placed, _properties, { account }: ResourceContext) {
    const url = await queueUrl(account, placed.physicalId);
    return {
      ref: url,
      attributes: {
        Arn: `arn:aws:sqs:${account.region}:${account.account}:${placed.physicalId}`,
        QueueName: placed.physicalId,
        QueueUrl: url,
      },
    };
  },
});
