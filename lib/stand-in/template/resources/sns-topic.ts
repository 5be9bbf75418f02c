import { z } from 'zod';
import { flag, resourceType, textMember, waived } from '../resource.ts';

const properties = z.strictObject({
  TopicName: z.string().optional(),
  DisplayName: z.string().optional(),
  FifoTopic: flag.optional(),
  ContentBasedDeduplication: flag.optional(),
  FifoThroughputScope: z.string().optional(),
  Tags: z.array(z.strictObject({ Key: z.string(), Value: z.string() })).optional(),
  KmsMasterKeyId: waived('AWS encrypts at rest; here the data file is on your own disk.'),
  TracingConfig: waived('There is no X-Ray here.'),
});

export const snsTopic = resourceType<z.infer<typeof properties>>({
  type: 'AWS::SNS::Topic',
  properties,
  replacedBy: ['TopicName', 'FifoTopic'],
  nameProperty: 'TopicName',
  async create(wanted, { account, name }) {
    const fifo = wanted.FifoTopic === true;
    const created = await account.call('sns', 'CreateTopic', {
      Name: wanted.TopicName ?? name({ maxLength: 256, ...(fifo ? { suffix: '.fifo' } : {}) }),
      Attributes: {
        ...(wanted.DisplayName === undefined ? {} : { DisplayName: wanted.DisplayName }),
        ...(fifo ? { FifoTopic: 'true' } : {}),
        ...(wanted.ContentBasedDeduplication === true ? { ContentBasedDeduplication: 'true' } : {}),
        ...(wanted.FifoThroughputScope === undefined
          ? {}
          : { FifoThroughputScope: wanted.FifoThroughputScope }),
      },
      ...(wanted.Tags === undefined ? {} : { Tags: wanted.Tags }),
    });
    return { physicalId: textMember(created, 'TopicArn') };
  },
  async update(placed, wanted, before, { account }) {
    const TopicArn = placed.physicalId;
    if (wanted.DisplayName !== before.DisplayName) {
      await account.call('sns', 'SetTopicAttributes', {
        TopicArn,
        AttributeName: 'DisplayName',
        AttributeValue: wanted.DisplayName ?? '',
      });
    }
    if (wanted.ContentBasedDeduplication !== before.ContentBasedDeduplication) {
      await account.call('sns', 'SetTopicAttributes', {
        TopicArn,
        AttributeName: 'ContentBasedDeduplication',
        AttributeValue: String(wanted.ContentBasedDeduplication ?? false),
      });
    }
    if (wanted.FifoThroughputScope !== before.FifoThroughputScope) {
      await account.call('sns', 'SetTopicAttributes', {
        TopicArn,
        AttributeName: 'FifoThroughputScope',
        // The defaults of SNS (API reference, CreateTopic).
        AttributeValue: wanted.FifoThroughputScope ?? 'Topic',
      });
    }
    const kept = new Set((wanted.Tags ?? []).map(({ Key }) => Key));
    const gone = (before.Tags ?? []).map(({ Key }) => Key).filter((key) => !kept.has(key));
    if (gone.length > 0) await account.call('sns', 'UntagResource', { ResourceArn: TopicArn, TagKeys: gone });
    if (wanted.Tags !== undefined) {
      await account.call('sns', 'TagResource', { ResourceArn: TopicArn, Tags: wanted.Tags });
    }
    return placed;
  },
  async delete(placed, _properties, { account }) {
    // SNS answers the deletion of an unknown topic with success, so there is no error to ignore.
    await account.call('sns', 'DeleteTopic', { TopicArn: placed.physicalId });
  },
  values: async (placed) => ({
    ref: placed.physicalId,
    attributes: {
      TopicArn: placed.physicalId,
      TopicName: placed.physicalId.slice(placed.physicalId.lastIndexOf(':') + 1),
    },
  }),
});
