import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retriesMax } from '../../../lib/core/deliver/limits.ts';
import { poisonReceivesMax } from '../../../lib/core/deliver/receives.ts';
import { aws, bus } from '../../../lib/core/kernel/limits.ts';
import {
  type Place,
  type QueueRole,
  queueArn,
  queueName,
  queueOwner,
  topicArn,
} from '../../../lib/core/kernel/place.ts';
import { nameCharactersMax } from '../../../lib/core/kernel/spec.ts';
import {
  receiverResources,
  subscriptionResource,
  topicResources,
} from '../../../lib/core/registry/resources.ts';

const place: Place = { partition: 'aws', region: 'eu-west-1', account: '123456789012', prefix: 'busbar' };
const roles: readonly QueueRole[] = ['online', 'offline', 'dead-letters'];
const names = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,47}$/);
/** Names that end as queues of another role do. */
const trickyNames = fc
  .tuple(names, fc.constantFrom(...roles))
  .map(([name, role]) => `${name.slice(0, 30)}-${role}`);

describe('names', () => {
  it('of the longest prefix and receiver fit a queue', () => {
    for (const role of roles) {
      const name = queueName('p'.repeat(16), 'r'.repeat(nameCharactersMax), role);
      expect(name.length).toBeLessThanOrEqual(aws.sqs.queueNameCharactersMax);
      expect(name).toMatch(/^[A-Za-z0-9_-]+$/);
    }
  });

  it('lead back from a queue to its receiver and role', () => {
    fc.assert(
      fc.property(fc.oneof(names, trickyNames), fc.constantFrom(...roles), (receiver, role) => {
        expect(queueOwner(place.prefix, queueArn(place, receiver, role))).toEqual({ receiver, role });
      }),
    );
  });

  it.each(['a-online', 'x-dead-letters', 'offline', '-online', 'a-offline-online'])(
    'lead back to a receiver that is named %s',
    (receiver) => {
      for (const role of roles) {
        expect(queueOwner(place.prefix, queueArn(place, receiver, role))).toEqual({ receiver, role });
      }
    },
  );

  it('of two receivers never meet', () => {
    const pair = fc.tuple(fc.oneof(names, trickyNames), fc.oneof(names, trickyNames));
    fc.assert(
      fc.property(pair, fc.constantFrom(...roles), fc.constantFrom(...roles), ([left, right], a, b) => {
        fc.pre(left !== right || a !== b);
        expect(queueName('busbar', left, a)).not.toBe(queueName('busbar', right, b));
      }),
    );
  });

  it.each(['busbar-delay', 'busbar-delay-failed', 'other-a-online', 'busbar', 'busbarx-a-online'])(
    'of queues that are no lane, such as %s, lead to nobody',
    (name) => {
      expect(queueOwner('busbar', `arn:aws:sqs:eu-west-1:123456789012:${name}`)).toBeUndefined();
    },
  );
});

describe('a topic', () => {
  const resources = topicResources(place, 'orders', false, 'shop-team');

  it('is named by the prefix', () => {
    expect(resources).toMatchObject({ name: 'busbar-orders', arn: topicArn(place, 'orders') });
    expect(resources.arn).toBe('arn:aws:sns:eu-west-1:123456789012:busbar-orders');
  });

  it('is tagged for cost allocation', () => {
    expect(resources.tags).toEqual({ application: 'shop-team', topic: 'orders' });
    const { queues } = receiverResources(place, 'shop', { owner: 'shop-team' }, 'deliver');
    for (const { tags } of queues) expect(tags).toEqual({ application: 'shop-team', receiver: 'shop' });
  });

  it('refuses calls that are not encrypted in transit', () => {
    expect(resources.policy.Statement).toContainEqual(
      expect.objectContaining({
        Effect: 'Deny',
        Resource: resources.arn,
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      }),
    );
  });
});

describe('a receiver', () => {
  const { queues, mappings } = receiverResources(place, 'shop', {}, 'deliver');
  const queue = (role: QueueRole) => {
    const found = queues.find((candidate) => candidate.role === role);
    if (found === undefined) throw new Error(`There is no ${role} queue.`);
    return found;
  };

  it('has its dead letters before the lanes that name them', () => {
    expect(queues.map(({ role }) => role)).toEqual(['dead-letters', 'online', 'offline']);
  });

  it('hides a message for six times the timeout of the function', () => {
    for (const { attributes } of queues) {
      expect(attributes.VisibilityTimeout).toBe(bus.deliverTimeoutSeconds * 6);
      expect(attributes.MessageRetentionPeriod).toBe(14 * 24 * 3600);
      expect(attributes.SqsManagedSseEnabled).toBe(true);
    }
  });

  it('gives its lanes a backstop that is far above the attempts of any policy', () => {
    for (const role of ['online', 'offline'] as const) {
      expect(queue(role).attributes.RedrivePolicy).toEqual({
        deadLetterTargetArn: queue('dead-letters').arn,
        maxReceiveCount: poisonReceivesMax,
      });
    }
    // SQS takes a maxReceiveCount of 1 to 1000.
    expect(poisonReceivesMax).toBeLessThanOrEqual(1000);
    expect(poisonReceivesMax).toBeGreaterThan(10 * retriesMax);
    expect(queue('dead-letters').attributes.RedrivePolicy).toBeUndefined();
  });

  it('lets its dead letters come from its own lanes only', () => {
    expect(queue('dead-letters').attributes.RedriveAllowPolicy).toEqual({
      redrivePermission: 'byQueue',
      sourceQueueArns: [queue('online').arn, queue('offline').arn],
    });
  });

  it('takes messages from the topics of this bus and from no other', () => {
    for (const { arn, policy } of queues) {
      const allows = policy.Statement.filter((statement) => statement.Effect === 'Allow');
      expect(allows).toEqual([
        expect.objectContaining({
          Principal: { Service: 'sns.amazonaws.com' },
          Action: 'sqs:SendMessage',
          Resource: arn,
          Condition: { ArnLike: { 'aws:SourceArn': 'arn:aws:sns:eu-west-1:123456789012:busbar-*' } },
        }),
      ]);
    }
  });

  it('reports what failed of a batch, and polls only the lane that is used', () => {
    expect(mappings).toEqual([
      expect.objectContaining({ lane: 'online', enabled: true, maximumConcurrency: 10 }),
      expect.objectContaining({ lane: 'offline', enabled: false, maximumConcurrency: 5 }),
    ]);
    for (const mapping of mappings) {
      expect(mapping.functionResponseTypes).toEqual(['ReportBatchItemFailures']);
      expect(mapping.batchSize).toBe(10);
    }
  });
});

describe('a subscription', () => {
  it('delivers raw to the online lane and keeps what SNS cannot hand over', () => {
    expect(subscriptionResource(place, 'orders', 'shop', { filter: undefined, isOrdered: false })).toEqual({
      topicArn: topicArn(place, 'orders'),
      endpoint: queueArn(place, 'shop', 'online'),
      attributes: {
        RawMessageDelivery: true,
        RedrivePolicy: { deadLetterTargetArn: queueArn(place, 'shop', 'dead-letters') },
      },
    });
  });

  it('has the scope that its filter needs', () => {
    const scopeOf = (filter: Parameters<typeof subscriptionResource>[3]['filter']) =>
      subscriptionResource(place, 'orders', 'shop', { filter, isOrdered: false }).attributes
        .FilterPolicyScope;
    expect(scopeOf({ type: ['a'] })).toBe('MessageAttributes');
    expect(scopeOf({ data: { a: [1] } })).toBe('MessageBody');
  });
});
