import { ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import { ListSubscriptionsByTopicCommand, ListTopicsCommand } from '@aws-sdk/client-sns';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { listTopicsAndHolds } from '../../../lib/app/hold/topic-and-hold.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { getReceiver } from '../../../lib/app/registry/flow.ts';
import { listReceivers } from '../../../lib/app/registry/list-receivers.ts';
import { deleteReceiver } from '../../../lib/app/registry/receivers.ts';
import {
  deleteSubscription,
  getSubscription,
  listSubscriptions,
} from '../../../lib/app/registry/subscriptions.ts';
import { deleteTopic, getTopic } from '../../../lib/app/registry/topics.ts';
import { queueArn, topicArn } from '../../../lib/core/kernel/place.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { admin, member, shorthand, type TestBus, testBus } from '../bus.ts';
import { putReceiver, putRecurrence, putSubscription, putTopic } from '../calls.ts';

const shop = member('shop');
const crm = member('crm');
const endpoint = 'https://shop.example.com/events';

const topicsOfSns = async (bus: TestBus) =>
  ((await bus.sns.send(new ListTopicsCommand({}))).Topics ?? []).map(({ TopicArn }) => TopicArn);
const queuesOfSqs = async (bus: TestBus) =>
  ((await bus.sqs.send(new ListQueuesCommand({}))).QueueUrls ?? [])
    .map((url) => url.split('/').at(-1))
    .sort();
const subscriptionsOfSns = async (bus: TestBus, topic: string) =>
  (await bus.sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: topicArn(bus.config, topic) })))
    .Subscriptions ?? [];

const put = (bus: TestBus, principal = shop, body: object = { endpoint }) =>
  putReceiver(bus.tools, principal, 'shop', body, []);

describe('the concurrency of a receiver', () => {
  it('has a ceiling, which the operator sets; one that had more before keeps it', async () => {
    const bus = await testBus();
    const body = { endpoint, limits: { concurrency: 1001 } };
    await expect(put(bus, shop, body)).rejects.toMatchObject({
      code: 'invalid_request',
      message: expect.stringContaining('ReceiverConcurrency'),
      fields: [expect.objectContaining({ path: 'limits.concurrency' })],
    });
    const generous = { ...bus.tools, receiverConcurrencyMax: 5000 };
    await putReceiver(generous, shop, 'shop', body, []);
    await put(bus, shop, { ...body, timeoutSeconds: 5 });
    await expect(put(bus, shop, { endpoint, limits: { concurrency: 1002 } })).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });
});

describe('names that begin with busbar', () => {
  it('are the own of the bus, for topics, receivers and schedules alike', async () => {
    const bus = await testBus();
    const reserved = { code: 'forbidden', message: expect.stringContaining('reserved') };
    await expect(putTopic(bus.tools, admin, 'busbar', {})).rejects.toMatchObject(reserved);
    const endpoint = 'https://a.example.com/';
    await expect(putReceiver(bus.tools, admin, 'busbar-x', { endpoint }, [])).rejects.toMatchObject(reserved);
    const spec = { topic: 'orders', everySeconds: 60, event: { type: 'a' } };
    await expect(putRecurrence(bus.tools, admin, 'busbar-x', spec)).rejects.toMatchObject(reserved);
  });
});

describe('topics', () => {
  it('are made, changed, listed and deleted, in SNS as in the registry', async () => {
    const bus = await testBus();
    const made = await putTopic(bus.tools, shop, 'orders', { description: 'x' });
    expect(made).toEqual({
      created: true,
      ended: [],
      document: {
        topic: 'orders',
        description: 'x',
        owner: 'shop',
        incarnation: expect.any(String),
        declared: false,
        createdAt: '2026-01-01T00:00:00.000Z',
        updatedAt: '2026-01-01T00:00:00.000Z',
      },
    });
    await bus.clock.advance(1000);
    const changed = await putTopic(bus.tools, shop, 'orders', { dedupSeconds: 5 });
    expect(changed).toMatchObject({
      created: false,
      document: { createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:00:01.000Z' },
    });
    expect(changed.document).not.toHaveProperty('description');
    expect(await getTopic(bus.tools, 'orders')).toEqual(changed.document);
    expect(await listTopicsAndHolds(bus.tools, admin, { limit: 100 })).toEqual({
      topics: [changed.document],
    });
    expect(await topicsOfSns(bus)).toEqual([topicArn(bus.config, 'orders')]);

    await deleteTopic(bus.tools, shop, 'orders');
    expect(await topicsOfSns(bus)).toEqual([]);
    await expect(getTopic(bus.tools, 'orders')).rejects.toMatchObject({ code: 'unknown_topic' });
  });

  it('belong to whom a member is, and to whom an admin says', async () => {
    const bus = await testBus();
    await expect(putTopic(bus.tools, shop, 'orders', { owner: 'crm' })).rejects.toMatchObject({
      code: 'forbidden',
    });
    expect((await putTopic(bus.tools, admin, 'orders', { owner: 'crm' })).document.owner).toBe('crm');
    await expect(putTopic(bus.tools, shop, 'orders', {})).rejects.toMatchObject({ code: 'forbidden' });
    await expect(deleteTopic(bus.tools, shop, 'orders')).rejects.toMatchObject({ code: 'forbidden' });
    // Who changes it does not become its owner.
    expect((await putTopic(bus.tools, admin, 'orders', {})).document.owner).toBe('crm');
  });

  it.each([
    [{ schema: { type: 'strin' } }, 'invalid_schema'],
    [{ schema: { $ref: 'https://example.com/other.json' } }, 'invalid_schema'],
    [{ retention: 1 }, 'invalid_request'],
  ])('are refused with %j, and nothing is made', async (body, code) => {
    const bus = await testBus();
    await expect(putTopic(bus.tools, shop, 'orders', body)).rejects.toMatchObject({ code });
    expect(await topicsOfSns(bus)).toEqual([]);
  });

  it('are in the registry only when SNS has them', async () => {
    const bus = await testBus();
    bus.intercept('sns.CreateTopic', () => {
      throw new AwsError('InternalError', 'down', { status: 500 });
    });
    await expect(putTopic(bus.tools, shop, 'orders', {})).rejects.toThrow();
    expect(await listTopicsAndHolds(bus.tools, admin, { limit: 100 })).toEqual({ topics: [] });
  });

  it('take their subscriptions with them when they go', async () => {
    const bus = await testBus();
    await putTopic(bus.tools, shop, 'orders', {});
    await put(bus);
    await putSubscription(bus.tools, shop, 'orders', 'shop', {});
    await deleteTopic(bus.tools, shop, 'orders');
    await putTopic(bus.tools, shop, 'orders', {});
    expect(await listSubscriptions(bus.tools, admin, 'orders', { limit: 100 })).toEqual({
      subscriptions: [],
    });
    expect(await subscriptionsOfSns(bus, 'orders')).toEqual([]);
  });
});

describe('receivers', () => {
  it('are made with their queues and a secret that is shown once', async () => {
    const bus = await testBus();
    const { created, document } = await put(bus);
    expect(created).toBe(true);
    expect(document).toMatchObject({
      receiver: 'shop',
      endpoint,
      owner: 'shop',
      state: 'active',
      secret: expect.stringMatching(/^whsec_/),
    });
    expect(await queuesOfSqs(bus)).toEqual([
      'busbar-delay',
      'busbar-redrive',
      'busbar-shop-dead-letters',
      'busbar-shop-offline',
      'busbar-shop-online',
    ]);

    const again = await put(bus);
    expect(again.created).toBe(false);
    expect(again.document).not.toHaveProperty('secret');
    expect(await getReceiver(bus.tools, shop, 'shop')).not.toHaveProperty('secret');
    expect((await bus.tools.registry.receiver('shop'))?.secret).toBe(document.secret);
  });

  it('show a secret that is given, when it is new', async () => {
    const bus = await testBus();
    const secret = `whsec_${Buffer.alloc(24, 3).toString('base64')}`;
    expect((await put(bus, shop, { endpoint, secret })).document.secret).toBe(secret);
    expect((await put(bus, shop, { endpoint, secret })).document.secret).toBeUndefined();
  });

  it('are seen and changed by their owner and admins only', async () => {
    const bus = await testBus();
    await put(bus);
    await expect(getReceiver(bus.tools, crm, 'shop')).rejects.toMatchObject({ code: 'forbidden' });
    await expect(put(bus, crm)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(deleteReceiver(bus.tools, crm, 'shop', false)).rejects.toMatchObject({ code: 'forbidden' });
    expect(await listReceivers(bus.tools, crm, { limit: 100 })).toEqual({ receivers: [] });
    expect((await listReceivers(bus.tools, shop, { limit: 100 })).receivers).toHaveLength(1);
    expect((await listReceivers(bus.tools, admin, { limit: 100 })).receivers).toHaveLength(1);
  });

  it('get another concurrency when they are changed, and no call is made for nothing', async () => {
    const bus = await testBus();
    const concurrency = async () => {
      const { EventSourceMappings = [] } = await bus.lambda.send(
        new ListEventSourceMappingsCommand({ EventSourceArn: queueArn(bus.config, 'shop', 'online') }),
      );
      expect(EventSourceMappings).toHaveLength(1);
      return EventSourceMappings[0]?.ScalingConfig?.MaximumConcurrency;
    };
    await put(bus);
    expect(await concurrency()).toBe(10);
    bus.run();
    await bus.clock.advance(60_000);
    await put(bus, shop, { endpoint, limits: { concurrency: 200 } });
    await bus.clock.advance(60_000);
    const updates = () =>
      bus.calls.filter((call) => call.startsWith('lambda.UpdateEventSourceMapping')).length;
    // The offline lane has its part of the concurrency.
    expect(updates()).toBe(2);
    await put(bus, shop, { endpoint, limits: { concurrency: 200 } });
    expect(updates()).toBe(2);
    await put(bus, shop, { endpoint, limits: { concurrency: 50 } });
    await bus.clock.advance(60_000);
    expect(await concurrency()).toBe(5);
  });

  it('are not deleted while events wait for them, unless it is forced', async () => {
    const bus = await testBus();
    await put(bus);
    await publish(bus.tools, shop, { receiver: 'shop' }, shorthand({ type: 'a' }));
    await expect(deleteReceiver(bus.tools, shop, 'shop', false)).rejects.toMatchObject({
      code: 'in_use',
      status: 409,
    });
    await deleteReceiver(bus.tools, shop, 'shop', true);
    expect(await queuesOfSqs(bus)).toEqual(['busbar-delay', 'busbar-redrive']);
    expect(await listReceivers(bus.tools, admin, { limit: 100 })).toEqual({ receivers: [] });
  });

  it('take their subscriptions with them when they go', async () => {
    const bus = await testBus();
    await putTopic(bus.tools, shop, 'orders', {});
    await put(bus);
    await putSubscription(bus.tools, shop, 'orders', 'shop', {});
    await deleteReceiver(bus.tools, shop, 'shop', false);
    expect(await subscriptionsOfSns(bus, 'orders')).toEqual([]);
    expect(await listSubscriptions(bus.tools, admin, 'orders', { limit: 100 })).toEqual({
      subscriptions: [],
    });
  });

  it('are told to wait when their queues were deleted less than a minute ago', async () => {
    const bus = await testBus();
    await put(bus);
    await deleteReceiver(bus.tools, shop, 'shop', false);
    await expect(put(bus)).rejects.toMatchObject({ code: 'conflict', retryAfterSeconds: 60 });
    await bus.clock.advance(61_000);
    await expect(put(bus)).resolves.toMatchObject({ document: { state: 'active' } });
  });

  it.each<['public' | 'private' | 'absent' | 'unknown', string | undefined]>([
    ['public', undefined],
    ['unknown', undefined],
    ['private', 'not public'],
    ['absent', 'does not resolve'],
  ])('on AWS are checked for where their endpoint leads: %s', async (found, problem) => {
    const bus = await testBus();
    const tools = { ...bus.tools, endpoints: 'public' as const, lookup: async () => found };
    const answer = putReceiver(tools, shop, 'shop', { endpoint }, []);
    if (problem === undefined) await expect(answer).resolves.toMatchObject({ created: true });
    else
      await expect(answer).rejects.toMatchObject({
        code: 'invalid_request',
        message: expect.stringContaining(problem),
      });
  });
});

describe('subscriptions', () => {
  async function busWithBoth() {
    const bus = await testBus();
    await putTopic(bus.tools, shop, 'orders', {});
    await put(bus);
    return bus;
  }

  it('are made, changed and deleted, in SNS as in the registry', async () => {
    const bus = await busWithBoth();
    const made = await putSubscription(bus.tools, shop, 'orders', 'shop', { filter: { type: ['a'] } });
    expect(made).toMatchObject({
      created: true,
      document: { topic: 'orders', receiver: 'shop', filter: { type: ['a'] } },
    });
    expect(await subscriptionsOfSns(bus, 'orders')).toEqual([
      expect.objectContaining({ Protocol: 'sqs', Endpoint: queueArn(bus.config, 'shop', 'online') }),
    ]);
    const changed = await putSubscription(bus.tools, shop, 'orders', 'shop', {});
    expect(changed.created).toBe(false);
    expect(changed.document).not.toHaveProperty('filter');
    const { effectiveWithinSeconds, ...document } = changed.document;
    expect(effectiveWithinSeconds).toBe(4);
    expect(await getSubscription(bus.tools, 'orders', 'shop')).toEqual(document);
    await deleteSubscription(bus.tools, shop, 'orders', 'shop');
    expect(await subscriptionsOfSns(bus, 'orders')).toEqual([]);
    await expect(getSubscription(bus.tools, 'orders', 'shop')).rejects.toMatchObject({
      code: 'unknown_subscription',
    });
  });

  it('are never without a filter while it is changed within its scope', async () => {
    const bus = await testBus();
    await putTopic(bus.tools, shop, 'orders', {});
    await bus.receiver('shop');
    await putSubscription(bus.tools, shop, 'orders', 'shop', { filter: { type: ['a'] } });
    const policies: unknown[] = [];
    bus.intercept('sns.SetSubscriptionAttributes', (input, next) => {
      policies.push(input.AttributeValue);
      return next();
    });
    await putSubscription(bus.tools, shop, 'orders', 'shop', { filter: { type: ['b'] } });
    expect(policies).toEqual([JSON.stringify({ type: ['b'] })]);
  });

  it('let through what their filter says, as it is changed from one scope to the other and away', async () => {
    const bus = await busWithBoth();
    const send = async () => {
      await publish(
        bus.tools,
        shop,
        { topic: 'orders' },
        shorthand([
          { type: 'a', id: 'a1', data: { n: 1 } },
          { type: 'b', id: 'b2', data: { n: 2 } },
        ]),
      );
      await bus.clock.advance(1000);
      const messages = await bus.receive(bus.urlOf('shop', 'online'));
      return messages.map(({ body }) => JSON.parse(body).id).sort();
    };
    const filterBy = (filter?: object) =>
      putSubscription(bus.tools, shop, 'orders', 'shop', filter === undefined ? {} : { filter });
    await filterBy({ type: ['a'] });
    expect(await send()).toEqual(['a1']);
    await filterBy({ data: { n: [{ numeric: ['>', 1] }] } });
    expect(await send()).toEqual(['b2']);
    await filterBy({ type: [{ prefix: 'a' }] });
    expect(await send()).toEqual(['a1']);
    await filterBy();
    expect(await send()).toEqual(['a1', 'b2']);
  });

  it('filter for a quote in a subject as for any other character', async () => {
    const bus = await busWithBoth();
    await putSubscription(bus.tools, shop, 'orders', 'shop', { filter: { subject: ['a "quoted" one'] } });
    await publish(bus.tools, shop, { topic: 'orders' }, shorthand({ type: 'a', subject: 'a "quoted" one' }));
    await bus.clock.advance(1000);
    expect(await bus.receive(bus.urlOf('shop', 'online'))).toHaveLength(1);
  });

  it('need both ends to exist, and both owners to agree', async () => {
    const bus = await busWithBoth();
    await putReceiver(bus.tools, crm, 'crm', { endpoint }, []);
    const subscribe = (principal: typeof shop, topic: string, receiver: string) =>
      putSubscription(bus.tools, principal, topic, receiver, {});
    await expect(subscribe(shop, 'nothing', 'shop')).rejects.toMatchObject({ code: 'unknown_topic' });
    await expect(subscribe(shop, 'orders', 'nobody')).rejects.toMatchObject({ code: 'unknown_receiver' });
    await expect(subscribe(shop, 'orders', 'crm')).rejects.toMatchObject({ code: 'forbidden' });
    await expect(subscribe(crm, 'orders', 'crm')).rejects.toMatchObject({ code: 'forbidden' });
    await expect(subscribe(admin, 'orders', 'crm')).resolves.toMatchObject({ created: true });
  });

  it('are refused with a filter that SNS refuses, in its words', async () => {
    const bus = await busWithBoth();
    const filter = { data: { n: [{ numeric: ['>', 'two'] }] } };
    await expect(putSubscription(bus.tools, shop, 'orders', 'shop', { filter })).rejects.toMatchObject({
      code: 'invalid_filter',
      status: 400,
    });
    expect(await listSubscriptions(bus.tools, admin, 'orders', { limit: 100 })).toEqual({
      subscriptions: [],
    });
  });
});

describe('what is declared', () => {
  it('is not deleted over the API', async () => {
    const bus = await testBus();
    await bus.topic('orders', { declared: true });
    await bus.receiver('shop', { declared: true });
    await bus.tools.registry.changeSubscription('orders', 'shop', () => ({
      topic: 'orders',
      receiver: 'shop',
      declared: true,
      createdAt: '',
      updatedAt: '',
    }));
    await expect(deleteTopic(bus.tools, admin, 'orders')).rejects.toMatchObject({ code: 'declared' });
    await expect(deleteReceiver(bus.tools, admin, 'shop', true)).rejects.toMatchObject({ code: 'declared' });
    await expect(deleteSubscription(bus.tools, admin, 'orders', 'shop')).rejects.toMatchObject({
      code: 'declared',
    });
  });
});
