import { GetEventSourceMappingCommand, ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import {
  GetSubscriptionAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListSubscriptionsCommand,
  ListTopicsCommand,
} from '@aws-sdk/client-sns';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { disable } from '../../../lib/app/registry/disable.ts';
import { pauseReceiver, resumeReceiver } from '../../../lib/app/registry/flow.ts';
import { deleteReceiver } from '../../../lib/app/registry/receivers.ts';
import { deleteSubscription, getSubscription } from '../../../lib/app/registry/subscriptions.ts';
import { deleteTopic } from '../../../lib/app/registry/topics.ts';
import type { WebhookReceiver } from '../../../lib/connectors/webhook/receiver.ts';
import { queueArn, topicArn } from '../../../lib/core/kernel/place.ts';
import type { Receiver } from '../../../lib/core/registry/receiver.ts';
import { admin, type TestBus, testBus } from '../bus.ts';
import { putReceiver, putSubscription, putTopic, skipEvents } from '../calls.ts';

const endpoint = 'https://shop.example.com/events';
const elsewhere = 'https://elsewhere.example.com/events';
const before = '2026-01-01T00:00:00.000Z';

const kept = async (bus: TestBus) => await bus.newTools().registry.receiver('shop');

/** Lets `other` happen once, after the row was read for a change and before the change is written. */
function between(bus: TestBus, other: () => Promise<unknown>): void {
  // A change that is reported as a system event is written in one transaction with it.
  const writes = ['dynamodb.PutItem', 'dynamodb.TransactWriteItems'] as const;
  for (const write of writes) {
    bus.intercept(write, async (_, next) => {
      for (const each of writes) bus.restore(each);
      await other();
      return await next();
    });
  }
}

/** Lets `other` happen once, after the registry's row was read for its deletion and before it is deleted. */
function beforeDeletion(bus: TestBus, other: () => Promise<unknown>): void {
  bus.intercept('dynamodb.DeleteItem', async (input, next) => {
    const { Key } = input as { Key?: { pk?: { S?: string } } };
    if (Key?.pk?.S?.startsWith('registry#') !== true) return await next();
    bus.restore('dynamodb.DeleteItem');
    await other();
    return await next();
  });
}

const topicsAtAws = async (bus: TestBus) =>
  ((await bus.sns.send(new ListTopicsCommand({}))).Topics ?? []).map(({ TopicArn }) => TopicArn);
const subscriptionsAtAws = async (bus: TestBus) =>
  (await bus.sns.send(new ListSubscriptionsCommand({}))).Subscriptions ?? [];
const queuesAtAws = async (bus: TestBus) =>
  ((await bus.sqs.send(new ListQueuesCommand({}))).QueueUrls ?? []).filter((url) => url.includes('shop'));

async function mapping(bus: TestBus) {
  const { EventSourceMappings = [] } = await bus.lambda.send(
    new ListEventSourceMappingsCommand({ EventSourceArn: queueArn(bus.config, 'shop', 'online') }),
  );
  return await bus.lambda.send(new GetEventSourceMappingCommand({ UUID: EventSourceMappings[0]?.UUID }));
}

type Step = readonly [name: string, run: (bus: TestBus) => Promise<unknown>, leaves: Partial<Receiver>];

const steps: readonly Step[] = [
  [
    'a put',
    (bus) => putReceiver(bus.newTools(), admin, 'shop', { endpoint, timeoutSeconds: 7 }, []),
    { timeoutSeconds: 7 },
  ],
  ['a pause', (bus) => pauseReceiver(bus.newTools(), admin, 'shop'), { state: 'paused' }],
  [
    'a skip',
    (bus) => skipEvents(bus.newTools(), admin, 'shop', { before }),
    { skip: { before, at: expect.any(String) } },
  ],
];
const pairs = steps.flatMap((one) =>
  steps.filter((other) => other !== one).map((other) => [one[0], other[0], one, other] as const),
);

describe('two changes of a receiver at the same time', () => {
  it.each(pairs)('both take effect: %s, and %s in the middle of it', async (_, __, one, other) => {
    const bus = await testBus();
    await bus.receiver('shop');
    await bus.clock.advance(60_000);
    between(bus, () => other[1](bus));
    await one[1](bus);
    expect(await kept(bus)).toMatchObject({ ...other[2], ...one[2] });
  });

  it('make one receiver with one secret when both are its first put', async () => {
    const bus = await testBus();
    let inner: Awaited<ReturnType<typeof putReceiver>> | undefined;
    between(bus, async () => {
      inner = await putReceiver(bus.newTools(), admin, 'shop', { endpoint }, []);
    });
    const outer = await putReceiver(bus.tools, admin, 'shop', { endpoint }, []);
    expect([inner?.created, outer.created]).toEqual([true, false]);
    expect(outer.document).not.toHaveProperty('secret');
    expect((await kept(bus))?.secret).toBe(inner?.document.secret);
  });

  it('leave an endpoint that was put while the old one answered 410', async () => {
    const bus = await testBus();
    await bus.receiver('shop');
    between(bus, () => putReceiver(bus.newTools(), admin, 'shop', { endpoint: elsewhere }, []));
    await disable(bus.tools, 'shop', { endpoint, cause: 'http-410' });
    expect(await kept(bus)).toMatchObject({ state: 'active', endpoint: elsewhere });
    expect((await mapping(bus)).State).not.toMatch(/^Disabl/);
  });

  it('do not bring back a receiver that was deleted', async () => {
    const bus = await testBus();
    await bus.receiver('shop');
    between(bus, () => deleteReceiver(bus.newTools(), admin, 'shop', true));
    await expect(pauseReceiver(bus.tools, admin, 'shop')).rejects.toMatchObject({ code: 'unknown_receiver' });
    expect(await kept(bus)).toBeUndefined();
  });

  it('leave the polling as the registry says, when a resume overtakes a pause at AWS', async () => {
    const bus = await testBus();
    await bus.receiver('shop');
    bus.run();
    await bus.clock.advance(60_000);
    bus.intercept('lambda.UpdateEventSourceMapping', async (_, next) => {
      bus.restore('lambda.UpdateEventSourceMapping');
      await resumeReceiver(bus.newTools(), admin, 'shop');
      return await next();
    });
    const done = pauseReceiver(bus.tools, admin, 'shop');
    for (let seconds = 0; seconds < 120; seconds++) await bus.clock.advance(1000);
    await done;
    expect((await kept(bus))?.state).toBe('active');
    expect((await mapping(bus)).State).toBe('Enabled');
  });

  it('are refused with a conflict, and nothing is changed, when others are first time and again', async () => {
    const bus = await testBus();
    await bus.receiver('shop');
    let others = 0;
    const always = () =>
      between(bus, async () => {
        others++;
        await bus.newTools().registry.changeReceiver('shop', (was) => {
          if (was === undefined) throw new Error('It was deleted.');
          return { ...was, timeoutSeconds: others };
        });
        always();
      });
    always();
    await expect(pauseReceiver(bus.tools, admin, 'shop')).rejects.toMatchObject({
      code: 'conflict',
      status: 409,
      retryable: true,
      retryAfterSeconds: 1,
    });
    expect(await kept(bus)).toMatchObject({ state: 'active', timeoutSeconds: others });
  });

  it('all take effect when six instances change it at once', async () => {
    const bus = await testBus();
    await bus.receiver('shop');
    const names = Array.from({ length: 6 }, (_, n) => `field-${n}`);
    await Promise.all(
      names.map((name) =>
        bus.newTools().registry.changeReceiver('shop', (was) => {
          if (was === undefined) throw new Error('It was deleted.');
          return {
            ...was,
            headers: { ...(was as WebhookReceiver).headers, [name]: 'set' },
          } as WebhookReceiver;
        }),
      ),
    );
    expect(Object.keys(((await kept(bus)) as WebhookReceiver).headers ?? {}).sort()).toEqual(names);
  });
});

describe('two changes of a topic or a subscription at the same time', () => {
  it('keep a topic with the owner that made it', async () => {
    const bus = await testBus();
    between(bus, () => putTopic(bus.newTools(), { application: 'crm', role: 'member' }, 'orders', {}));
    await expect(
      putTopic(bus.tools, { application: 'shop', role: 'member' }, 'orders', {}),
    ).rejects.toMatchObject({ code: 'forbidden' });
    expect(await bus.newTools().registry.topic('orders')).toMatchObject({ owner: 'crm' });
  });

  it('leave SNS with the filter that the registry has', async () => {
    const bus = await testBus();
    await bus.topic('orders');
    await bus.receiver('shop');
    await putSubscription(bus.tools, admin, 'orders', 'shop', {});
    const put = (type: string) =>
      putSubscription(bus.newTools(), admin, 'orders', 'shop', { filter: { type: [type] } });
    between(bus, () => put('inner'));
    await put('outer');
    expect(await getSubscription(bus.tools, 'orders', 'shop')).toMatchObject({ filter: { type: ['outer'] } });
    const { Subscriptions = [] } = await bus.sns.send(
      new ListSubscriptionsByTopicCommand({ TopicArn: topicArn(bus.config, 'orders') }),
    );
    const { Attributes } = await bus.sns.send(
      new GetSubscriptionAttributesCommand({ SubscriptionArn: Subscriptions[0]?.SubscriptionArn }),
    );
    expect(JSON.parse(Attributes?.FilterPolicy ?? '')).toMatchObject({ type: ['outer'] });
  });
});

describe('a deletion and a put at the same time', () => {
  it('leave nothing at AWS of a receiver that was put while it was deleted', async () => {
    const bus = await testBus();
    await bus.receiver('shop');
    beforeDeletion(bus, () =>
      putReceiver(bus.newTools(), admin, 'shop', { endpoint, limits: { concurrency: 7 } }, []),
    );
    // AWS makes no queue of a name again within a minute.
    bus.intercept('sqs.CreateQueue', async (_, next) => {
      await bus.clock.advance(61_000);
      return await next();
    });
    await deleteReceiver(bus.tools, admin, 'shop', true);
    expect(await kept(bus)).toBeUndefined();
    expect(await queuesAtAws(bus)).toEqual([]);
  });

  it('leave nothing at AWS of a topic that was put while it was deleted', async () => {
    const bus = await testBus();
    await putTopic(bus.tools, admin, 'orders', {});
    beforeDeletion(bus, () => putTopic(bus.newTools(), admin, 'orders', { description: 'anew' }));
    await deleteTopic(bus.tools, admin, 'orders');
    expect(await bus.newTools().registry.topic('orders')).toBeUndefined();
    expect(await topicsAtAws(bus)).not.toContain(topicArn(bus.config, 'orders'));
  });

  it('leave nothing at SNS of a subscription that was put while it was deleted', async () => {
    const bus = await testBus();
    await bus.topic('orders');
    await bus.receiver('shop');
    await putSubscription(bus.tools, admin, 'orders', 'shop', {});
    beforeDeletion(bus, () =>
      putSubscription(bus.newTools(), admin, 'orders', 'shop', { filter: { type: ['anew'] } }),
    );
    await deleteSubscription(bus.tools, admin, 'orders', 'shop');
    expect(await bus.newTools().registry.subscription('orders', 'shop')).toBeUndefined();
    expect(await subscriptionsAtAws(bus)).toEqual([]);
  });

  it('keep a topic that another made anew meanwhile', async () => {
    const bus = await testBus();
    const [shop, crm] = [
      { application: 'shop', role: 'member' },
      { application: 'crm', role: 'member' },
    ] as const;
    await putTopic(bus.tools, shop, 'orders', {});
    beforeDeletion(bus, async () => {
      await deleteTopic(bus.newTools(), shop, 'orders');
      await bus.clock.advance(61_000);
      await putTopic(bus.newTools(), crm, 'orders', {});
    });
    await expect(deleteTopic(bus.tools, shop, 'orders')).rejects.toMatchObject({ code: 'forbidden' });
    expect(await bus.newTools().registry.topic('orders')).toMatchObject({ owner: 'crm' });
    expect(await topicsAtAws(bus)).toContain(topicArn(bus.config, 'orders'));
  });

  it('have a topic at AWS again that was deleted while it was put', async () => {
    const bus = await testBus();
    await putTopic(bus.tools, admin, 'orders', {});
    between(bus, () => deleteTopic(bus.newTools(), admin, 'orders'));
    expect(await putTopic(bus.tools, admin, 'orders', {})).toMatchObject({ created: true });
    expect(await topicsAtAws(bus)).toContain(topicArn(bus.config, 'orders'));
  });

  it('are refused with a conflict, and the row stays, when others are first time and again', async () => {
    const bus = await testBus();
    await putTopic(bus.tools, admin, 'orders', {});
    let others = 0;
    const always = () =>
      beforeDeletion(bus, async () => {
        await putTopic(bus.newTools(), admin, 'orders', { description: String(++others) });
        always();
      });
    always();
    await expect(deleteTopic(bus.tools, admin, 'orders')).rejects.toMatchObject({ code: 'conflict' });
    expect(await bus.newTools().registry.topic('orders')).toMatchObject({ description: String(others) });
  });
});

it('a topic inherits no subscription that was written while an earlier one of its name was being deleted', async () => {
  const bus = await testBus();
  await putReceiver(bus.tools, admin, 'shop', { endpoint }, []);
  const left = { topic: 'orders', receiver: 'shop', declared: false, createdAt: 'then', updatedAt: 'then' };
  await bus.tools.registry.changeSubscription('orders', 'shop', () => left);
  await putTopic(bus.tools, admin, 'orders', {});
  expect(await bus.tools.registry.subscriptions('orders')).toEqual([]);
});
