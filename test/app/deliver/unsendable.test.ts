import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { publish } from '../../../lib/app/publish/publish.ts';
import { deliveryIdOf } from '../../../lib/core/deliver/delivery.ts';
import { faultReceivesMax } from '../../../lib/core/deliver/fault.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { admin, answer, shorthand, type TestBus, testBus } from '../bus.ts';

/** Whatever fails between receiving an event and posting it has an outcome with a cause. */

const url = 'https://shop.example.com/events';
const second = 1000;
const day = 24 * 3600 * second;

async function orderedBus(fields: object = {}): Promise<TestBus> {
  const bus = await testBus();
  await bus.topic('orders', { ordered: true });
  await bus.receiver('shop', fields);
  await bus.subscription('orders', 'shop');
  bus.endpoint(url, () => 204);
  return bus;
}

const event = (id: string, more: object = {}) => ({
  type: 't',
  id,
  source: '/s',
  subject: 'a',
  data: {},
  ...more,
});
const send = (bus: TestBus, ...events: object[]) =>
  publish(bus.tools, admin, { topic: 'orders' }, shorthand(events));
const sentIds = (bus: TestBus) => bus.requests.map(({ body }) => JSON.parse(String(body)).id);
const letters = async (bus: TestBus, receiver = 'shop') =>
  (await bus.receive(bus.urlOf(receiver, 'dead-letters'))).map(({ attributes }) => attributes);
const recordOf = async (bus: TestBus, id: string) => {
  const deliveryId = deliveryIdOf({ source: '/s', id }, 'orders', 'shop');
  return (await bus.tools.deliveries.find([deliveryId])).get(deliveryId);
};

/** Puts a message into the ordered lane as nobody publishes it. */
const put = (bus: TestBus, body: string) =>
  bus.sqs.send(
    new SendMessageCommand({
      QueueUrl: bus.urlOf('shop', 'ordered'),
      MessageBody: body,
      MessageAttributes: { 'busbar-topic': { DataType: 'String', StringValue: 'orders' } },
      MessageGroupId: 'orders/a',
      MessageDeduplicationId: body.slice(0, 100).replaceAll(/[^a-z0-9]/gi, '-'),
    }),
  );
const raw = (id: string, members: string) =>
  `{"specversion":"1.0","id":"${id}","source":"/s","type":"t"${members}}`;

describe('an event that the form of its receiver cannot carry', () => {
  it.each<[string, string]>([
    ['names a member twice', raw('bad', ',"data":1,"data":2')],
    [
      'nests deeper than any event that is accepted',
      raw('bad', `,"data":${'['.repeat(40)}${']'.repeat(40)}`),
    ],
    ['has half a surrogate pair in an attribute', raw('bad', ',"x":"\\ud800"')],
  ])('is a dead letter at once when it %s, and its key goes on', async (_, body) => {
    const bus = await orderedBus({ format: 'binary' });
    await put(bus, body);
    await send(bus, event('after'));
    await bus.runLane('shop', bus.tools, 'ordered');
    await bus.runLane('shop', bus.tools, 'ordered');
    expect(bus.requests.map(({ headers }) => headers['ce-id'])).toEqual(['after']);
    expect(await letters(bus)).toMatchObject([{ 'busbar-cause': 'unwritable', 'busbar-attempts': '1' }]);
    expect(await recordOf(bus, 'bad')).toMatchObject({ state: 'dead', cause: 'unwritable', attempts: 1 });
  });

  it('is a dead letter at once when HTTP cannot carry a header of it', async () => {
    const bus = await orderedBus();
    bus.endpoint(url, ({ body }) =>
      String(body).includes('"bad"')
        ? { kind: 'failure', failure: 'unwritable', message: 'Invalid ce-x header.' }
        : 204,
    );
    await send(bus, event('bad'), event('after'));
    await bus.runLane('shop', bus.tools, 'ordered');
    await bus.runLane('shop', bus.tools, 'ordered');
    expect(await letters(bus)).toMatchObject([
      { 'busbar-cause': 'unwritable', 'busbar-detail': expect.stringContaining('Invalid ce-x header') },
    ]);
    expect(sentIds(bus).at(-1)).toBe('after');
  });

  it('is carried in both forms when it is nested as deep as is accepted', async () => {
    const bus = await orderedBus({ format: 'binary' });
    const deep = `${'['.repeat(32)}${']'.repeat(32)}`;
    const { events } = await publish(
      bus.tools,
      admin,
      { topic: 'orders' },
      {
        contentType: 'application/json',
        headers: { 'ce-specversion': '1.0', 'ce-id': 'deep', 'ce-source': '/s', 'ce-type': 't' },
        body: Buffer.from(deep),
      },
    );
    expect(events).toMatchObject([{ status: 'accepted' }]);
    await bus.runLane('shop', bus.tools, 'ordered');
    expect(String(bus.requests[0]?.body)).toBe(deep);
  });
});

describe('a fault of the bus', () => {
  it('is an attempt that is retried, and a dead letter with its cause in the end', async () => {
    const bus = await orderedBus({ retry: { delaysSeconds: [5, 30] } });
    bus.endpoint(url, ({ body }) => {
      if (String(body).includes('"bad"')) throw new TypeError('a bug');
      return 204;
    });
    bus.run();
    await send(bus, event('bad'), event('after'));
    await bus.clock.until(() => sentIds(bus).includes('after'), 3600 * second);
    expect(await letters(bus)).toMatchObject([
      {
        'busbar-cause': 'bus-fault',
        'busbar-attempts': '3',
        'busbar-detail': expect.stringContaining('a bug'),
      },
    ]);
  });

  it('is why secrets cannot be read, and shows them neither in the letter nor in the log', async () => {
    const earlier = { id: 'one', until: '2027-01-01T00:00:00.000Z' };
    const bus = await orderedBus({ retry: { delaysSeconds: [5] }, earlierSecrets: [earlier] });
    bus.intercept('dynamodb.BatchGetItem', (input, next) => {
      if (!JSON.stringify(input).includes('secret#')) return next();
      throw new AwsError('InternalServerError', 'The fault of this test', { status: 500 });
    });
    bus.run();
    await send(bus, event('1'));
    await bus.clock.advance(60 * second);
    expect(bus.requests).toEqual([]);
    expect(await letters(bus)).toMatchObject([
      { 'busbar-cause': 'bus-fault', 'busbar-detail': expect.stringContaining('The fault of this test') },
    ]);
    bus.restore('dynamodb.BatchGetItem');
    await send(bus, event('2'));
    await bus.clock.advance(60 * second);
    expect(sentIds(bus)).toEqual(['2']);
  });

  it('does not open the breaker of an endpoint that was not asked', async () => {
    const bus = await orderedBus({ retry: { delaysSeconds: [] }, breaker: { minimumAttempts: 2 } });
    bus.endpoint(url, () => {
      throw new TypeError('a bug');
    });
    bus.run();
    await send(bus, ...Array.from({ length: 20 }, (_, at) => event(`e${at}`, { subject: `k${at}` })));
    await bus.clock.advance(60 * second);
    expect(await letters(bus)).toHaveLength(10);
    expect(await bus.tools.breakers.read('shop')).toBeUndefined();
  });

  it('around a batch leaves each message with a decision, and with a cause after some hours', async () => {
    const bus = await testBus();
    await bus.receiver('shop');
    bus.endpoint(url, () => 204);
    await publish(bus.tools, admin, { receiver: 'shop' }, shorthand([event('1')]));
    const broken = {
      ...bus.tools,
      offloads: new Proxy(bus.tools.offloads, {
        get: () => () => {
          throw new TypeError('a bug outside any attempt');
        },
      }),
      log: (level: string, message: string, fields?: object) => {
        if (message === 'Hot types could not be read') throw new TypeError('a bug outside any attempt');
        bus.lines.push(`${level}: ${message} ${JSON.stringify(fields)}`);
      },
    } as typeof bus.tools;
    for (let receives = 1; receives < faultReceivesMax; receives++) {
      expect((await bus.runLane('shop', broken)).kept).toBe(1);
      await bus.clock.advance(1200 * second);
    }
    expect(bus.clock.now() - Date.parse('2026-01-01T00:00:00Z')).toBeLessThan(14 * day);
    expect((await bus.runLane('shop', broken)).kept).toBe(0);
    expect(await letters(bus)).toMatchObject([
      {
        'busbar-cause': 'bus-fault',
        'busbar-attempts': '0',
        'busbar-detail': expect.stringContaining('a bug outside'),
      },
    ]);
  });

  it('that cannot count what is skipped leaves the rest of the batch alone', async () => {
    const bus = await testBus();
    bus.endpoint(url, () => 204);
    const { clock } = bus;
    await bus.receiver('shop', {
      skip: {
        before: new Date(clock.now() + 30 * second).toISOString(),
        at: new Date(clock.now()).toISOString(),
      },
    });
    await publish(bus.tools, admin, { receiver: 'shop' }, shorthand([event('old')]));
    await clock.advance(60 * second);
    await publish(bus.tools, admin, { receiver: 'shop' }, shorthand([event('new')]));
    bus.intercept('dynamodb.UpdateItem', (input, next) => {
      if (!JSON.stringify(input).includes('skip#')) return next();
      throw new AwsError('InternalServerError', 'The fault of this test', { status: 500 });
    });
    expect(await bus.runLane('shop')).toEqual({ received: 2, kept: 1 });
    expect(sentIds(bus)).toEqual(['new']);
    bus.restore('dynamodb.UpdateItem');
    await clock.advance(60 * second);
    expect(await bus.runLane('shop')).toEqual({ received: 1, kept: 0 });
    expect(sentIds(bus)).toEqual(['new']);
  });
});

describe('dead letters', () => {
  it('that together exceed what SQS takes in one call are all stored', async () => {
    const bus = await testBus();
    await bus.receiver('shop', { retry: { delaysSeconds: [] }, breaker: { minimumAttempts: 10_000 } });
    bus.endpoint(url, () => answer(500, {}, 'x'.repeat(2000)));
    for (let at = 0; at < 10; at++) {
      await publish(
        bus.tools,
        admin,
        { receiver: 'shop' },
        shorthand([event(`e${at}`, { data: 'x'.repeat(250_000) })]),
      );
    }
    expect(await bus.runLane('shop')).toEqual({ received: 10, kept: 0 });
    expect(await bus.count(bus.urlOf('shop', 'dead-letters'))).toMatchObject({ ready: 10 });
  });
});
