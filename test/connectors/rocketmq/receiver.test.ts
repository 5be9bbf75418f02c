import { ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import { publish } from '../../../lib/app/publish/publish.ts';
import { why } from '../../../lib/app/why/why.ts';
import { rocketMqHop } from '../../../lib/connectors/rocketmq/hop.ts';
import { deliveryIdOf } from '../../../lib/core/deliver/delivery.ts';
import { busHop, busId, hopsAttribute, loopsStopped } from '../../../lib/core/event/hops.ts';
import { queueArn } from '../../../lib/core/kernel/place.ts';
import { admin, member, shorthand, type TestBus, testBus } from '../../app/bus.ts';
import { listDeadLetters, putReceiver, rotateSecret } from '../../app/calls.ts';

const second = 1000;
const endpoint = 'mq.example.com:8081';
const orders = { endpoint, topic: 'Orders' };

async function busWithReceiver(fields: object = {}, rocketmq: object = {}): Promise<TestBus> {
  const bus = await testBus();
  bus.broker.createTopic('Orders');
  await bus.topic('orders', { trace: 'all' });
  await putReceiver(bus.tools, admin, 'legacy', { rocketmq: { ...orders, ...rocketmq }, ...fields }, []);
  await bus.subscription('orders', 'legacy');
  return bus;
}

const publishAll = (bus: TestBus, ...events: object[]) =>
  publish(
    bus.tools,
    admin,
    { topic: 'orders' },
    shorthand(events.map((each) => ({ type: 'order.placed', ...each }))),
  );

const sent = (bus: TestBus, topic = 'Orders') => bus.broker.messages(topic);
const ids = (bus: TestBus) => sent(bus).map(({ properties }) => properties.CE_id);

/** Runs the bus until it is so. */
async function until(bus: TestBus, isSo: () => boolean | Promise<boolean>, withinMs = 60 * second) {
  let met = false;
  const startedMs = bus.clock.now();
  while (!met) {
    met = await isSo();
    if (!met && bus.clock.now() - startedMs > withinMs) throw new Error(`Not within ${withinMs} ms`);
    if (!met) await bus.clock.advance(500);
  }
}

const letters = async (bus: TestBus) => (await listDeadLetters(bus.tools, admin, 'legacy', {})).deadLetters;

describe('a receiver that is a topic of RocketMQ', () => {
  it('gets each event as a message, by one client for a batch that is closed with it', async () => {
    const bus = await busWithReceiver();
    let opened = 0;
    const open = bus.broker.openProducer.bind(bus.broker);
    bus.broker.openProducer = async (...given) => {
      opened += 1;
      return await open(...given);
    };
    await publishAll(bus, ...['1', '2', '3'].map((id) => ({ id, subject: `s${id}`, data: { id } })));
    bus.run();
    await until(bus, () => sent(bus).length === 3);
    await until(bus, () => bus.broker.open === 0);
    expect(opened).toBe(1);
    const [first] = sent(bus);
    expect(first).toMatchObject({
      topic: 'Orders',
      tag: 'order.placed',
      keys: ['s1'],
      properties: {
        CE_id: '1',
        CE_busbarhops: busHop(busId(bus.config), { topic: 'orders' }),
        busbar_topic: 'orders',
        busbar_attempt: '1',
        busbar_delivery_id: deliveryIdOf({ source: '/applications/ops', id: '1' }, 'orders', 'legacy'),
      },
    });
    expect(Buffer.from(first?.body ?? []).toString()).toBe('{"id":"1"}');
    await until(bus, async () => (await bus.count(bus.urlOf('legacy', 'online'))).inFlight === 0);
    const answer = await why(bus.tools, admin, { id: '1', source: undefined, sinceMs: undefined });
    expect(answer.events[0]?.receivers[0]).toMatchObject({ receiver: 'legacy', state: 'delivered' });
  });

  it('is consumed by the function that speaks to RocketMQ, and by the other once it is an endpoint again', async () => {
    const bus = await busWithReceiver();
    const functions = async () => {
      const { EventSourceMappings = [] } = await bus.lambda.send(
        new ListEventSourceMappingsCommand({ EventSourceArn: queueArn(bus.config, 'legacy', 'online') }),
      );
      return EventSourceMappings.map(({ FunctionArn }) => FunctionArn?.split(':').at(-1));
    };
    expect(await functions()).toEqual(['busbar-deliver-rocketmq']);
    const url = 'https://shop.example.com/events';
    bus.endpoint(url, () => 204);
    const put = await putReceiver(bus.tools, admin, 'legacy', { endpoint: url }, []);
    // What an endpoint needs to verify is made for it, and shown.
    expect(put.document.secret).toMatch(/^whsec_/);
    expect(await functions()).toEqual(['busbar-deliver']);
    await putReceiver(bus.tools, admin, 'legacy', { rocketmq: orders }, []);
    expect(await functions()).toEqual(['busbar-deliver-rocketmq']);
  });

  it('keeps what comes to the wrong function while its lanes change hands', async () => {
    const bus = await busWithReceiver();
    await publishAll(bus, { id: '1' });
    // The tools of the deliver function, which cannot send to RocketMQ.
    expect(await bus.runLane('legacy')).toEqual({ received: 1, kept: 1 });
    expect(bus.requests).toEqual([]);
    bus.run();
    await until(bus, () => ids(bus).includes('1'));
  });

  it('is tried again while the broker is away, and gets the message with its attempt', async () => {
    const bus = await busWithReceiver({ retry: { delaysSeconds: [5, 5, 5, 5, 5, 5] } });
    bus.broker.stop();
    await publishAll(bus, { id: '1' });
    bus.run();
    await bus.clock.advance(8 * second);
    bus.broker.start();
    await until(bus, () => sent(bus).length === 1);
    expect(Number(sent(bus)[0]?.properties.busbar_attempt)).toBeGreaterThan(1);
    expect(bus.broker.open).toBe(0);
  });

  it('gets a message twice under one delivery id when the answer of the broker was lost', async () => {
    const bus = await busWithReceiver({ retry: { delaysSeconds: [5] } });
    bus.broker.failNext({ operation: 'send', failure: 'timeout', done: true });
    await publishAll(bus, { id: '1' });
    bus.run();
    await until(bus, () => sent(bus).length === 2);
    expect(new Set(sent(bus).map(({ properties }) => properties.busbar_delivery_id)).size).toBe(1);
  });

  it.each([
    ['not-found', 'open', 2],
    ['unauthorized', 'open', 2],
    ['broker', 'send', 2],
    ['throttled', 'send', 2],
    ['refused', 'send', 1],
    ['too-large', 'send', 1],
  ] as const)(
    'has %s for the cause of a dead letter, after as many attempts as are worth it',
    async (failure, operation, attempts) => {
      const bus = await busWithReceiver({ retry: { delaysSeconds: [1] } });
      for (let times = 0; times < 4; times++) bus.broker.failNext({ operation, failure });
      await publishAll(bus, { id: '1' });
      bus.run();
      await until(bus, async () => (await letters(bus)).length === 1);
      expect((await letters(bus))[0]).toMatchObject({ cause: `rocketmq-${failure}`, attempts });
      expect((await letters(bus))[0]?.detail).toContain('As the test asked for');
    },
  );

  it('is tried again after a refusal where the receiver wants that', async () => {
    const bus = await busWithReceiver({ retry: { delaysSeconds: [1], businessFailures: 'retry' } });
    bus.broker.failNext({ operation: 'send', failure: 'refused' });
    await publishAll(bus, { id: '1' });
    bus.run();
    await until(bus, () => sent(bus).length === 1);
  });

  it('opens its breaker in an outage, is probed through it, and gets everything afterwards', async () => {
    const bus = await busWithReceiver({
      retry: { delaysSeconds: Array(20).fill(600) },
      breaker: { minimumAttempts: 5, windowSeconds: 60 },
    });
    bus.broker.stop();
    const all = Array.from({ length: 30 }, (_, index) => String(index));
    await publishAll(bus, ...all.map((id) => ({ id })));
    bus.run();
    await until(bus, () => bus.lines.some((line) => line.includes('A breaker opened')));
    // Long enough that its lanes are polled no more and a schedule probes.
    await bus.clock.advance(600 * second);
    bus.broker.start();
    await until(bus, () => new Set(ids(bus)).size === 30, 7200 * second);
    expect(await letters(bus)).toEqual([]);
    expect(bus.broker.open).toBe(0);
  });

  it('keeps the order of an ordered topic as message groups, through a failure', async () => {
    const bus = await testBus();
    bus.broker.createTopic('Ordered', 'fifo');
    await bus.topic('orders', { ordered: true });
    await putReceiver(
      bus.tools,
      admin,
      'legacy',
      { rocketmq: { endpoint, topic: 'Ordered' }, retry: { delaysSeconds: [1, 1, 1] } },
      [],
    );
    await bus.subscription('orders', 'legacy');
    const events = Array.from({ length: 12 }, (_, index) => ({
      id: String(index),
      subject: `key-${index % 2}`,
    }));
    bus.broker.failNext({ operation: 'send', failure: 'broker' });
    await publishAll(bus, ...events);
    bus.run();
    await until(bus, () => sent(bus, 'Ordered').length === 12, 600 * second);
    for (const key of ['key-0', 'key-1']) {
      const got = sent(bus, 'Ordered').filter(({ group }) => group === `orders/${key}`);
      const expected = events.filter(({ subject }) => subject === key).map(({ id }) => id);
      expect(got.map(({ properties }) => properties.CE_id)).toEqual(expected);
    }
  });

  it('hands the delay of an event to RocketMQ where an attribute tells it', async () => {
    const bus = await busWithReceiver({}, { topic: 'Later', deliverAt: 'due' });
    bus.broker.createTopic('Later', 'delay');
    const due = new Date(bus.clock.now() + 3600 * second).toISOString();
    await publish(
      bus.tools,
      admin,
      { topic: 'orders' },
      {
        contentType: 'application/cloudevents+json',
        headers: {},
        body: Buffer.from(JSON.stringify({ specversion: '1.0', id: '1', source: '/s', type: 't', due })),
      },
    );
    bus.run();
    await until(bus, () => sent(bus, 'Later').length === 1);
    expect(sent(bus, 'Later')[0]?.deliverAtMs).toBe(Date.parse(due));
  });
});

describe('an event that goes round in a circle', () => {
  const structured = (id: string, hops: string) => ({
    contentType: 'application/cloudevents+json',
    headers: {},
    body: Buffer.from(
      JSON.stringify({ specversion: '1.0', id, source: '/s', type: 't', [hopsAttribute]: hops }),
    ),
  });

  it.each(['all', 'failures'] as const)(
    'is not sent to where it was, and why tells it (trace %s)',
    async (trace) => {
      const bus = await busWithReceiver();
      await bus.topic('orders', { trace });
      const there = rocketMqHop(endpoint, 'Orders');
      await publish(bus.tools, admin, { topic: 'orders' }, structured('1', there));
      await publishAll(bus, { id: '2' });
      bus.run();
      await until(bus, () => ids(bus).includes('2'));
      await until(bus, () => bus.lines.some((line) => line.includes(loopsStopped)));
      expect(ids(bus)).toEqual(['2']);
      const told = bus.lines
        .filter((line) => line.includes(loopsStopped))
        .map((line) => JSON.parse(line.slice(line.indexOf('{'))));
      expect(told).toEqual([{ receiver: 'legacy', count: 1 }]);
      const answer = await why(bus.tools, admin, { id: '1', source: undefined, sinceMs: undefined });
      expect(answer.events[0]?.receivers[0]).toMatchObject({
        receiver: 'legacy',
        state: 'stopped',
        attempts: [],
        note: expect.stringContaining(`The event has already been in ${there}`),
      });
      expect(await letters(bus)).toEqual([]);
      expect(await bus.count(bus.urlOf('legacy', 'online'))).toEqual({ ready: 0, inFlight: 0, delayed: 0 });
    },
  );

  it('is sent to another topic, with the whole chain', async () => {
    const bus = await busWithReceiver();
    const elsewhere = rocketMqHop(endpoint, 'Raw');
    await publish(bus.tools, admin, { topic: 'orders' }, structured('1', elsewhere));
    bus.run();
    await until(bus, () => sent(bus).length === 1);
    expect(sent(bus)[0]?.properties.CE_busbarhops).toBe(
      `${elsewhere} ${busHop(busId(bus.config), { topic: 'orders' })}`,
    );
  });
});

describe('the registration of a RocketMQ topic', () => {
  const refused = (bus: TestBus, body: object, principal = admin) =>
    putReceiver(bus.tools, principal, 'legacy', body, []).then(
      () => 'taken',
      (error) => error.fields?.[0]?.path ?? error.code,
    );

  it.each([
    ['rocketmq.endpoint', { rocketmq: { ...orders, endpoint: 'https://mq.example.com' } }],
    ['rocketmq.endpoint', { rocketmq: { ...orders, endpoint: 'mq.example.com' } }],
    ['rocketmq.endpoint', { rocketmq: { ...orders, endpoint: 'mq.example.com:0' } }],
    ['rocketmq.endpoint', { rocketmq: { ...orders, endpoint: 'mq.example.com:65536' } }],
    ['rocketmq.endpoint', { rocketmq: { ...orders, endpoint: 'a:1;b:2' } }],
    ['rocketmq.topic', { rocketmq: { endpoint } }],
    ['rocketmq.topic', { rocketmq: { ...orders, topic: 'a b' } }],
    ['rocketmq.topic', { rocketmq: { ...orders, topic: '%RETRY%group' } }],
    ['rocketmq.tag', { rocketmq: { ...orders, tag: 'a||b' } }],
    ['rocketmq.tag', { rocketmq: { ...orders, tag: ' ' } }],
    ['rocketmq.keys.0', { rocketmq: { ...orders, keys: ['Order-Id'] } }],
    ['rocketmq.group', { rocketmq: { ...orders, group: 'id' } }],
    ['rocketmq.deliverAt', { rocketmq: { ...orders, group: 'subject', deliverAt: 'due' } }],
    ['rocketmq.colour', { rocketmq: { ...orders, colour: 'red' } }],
    ['rocketmq.credentials.secretKey', { rocketmq: { ...orders, credentials: { accessKey: 'a' } } }],
    ['endpoint', { rocketmq: orders, endpoint: 'https://a.example.com/' }],
    ['endpoint', {}],
    ['headers', { rocketmq: orders, headers: { 'X-A': '1' } }],
    ['secret', { rocketmq: orders, secret: `whsec_${Buffer.alloc(24, 1).toString('base64')}` }],
    [
      'oauth2',
      { rocketmq: orders, oauth2: { tokenUrl: 'https://a.example.com', clientId: 'a', clientSecret: 'b' } },
    ],
    ['validate', { rocketmq: orders, validate: 'handshake' }],
    ['breaker.probe', { rocketmq: orders, breaker: { probe: 'head' } }],
    ['timeoutSeconds', { rocketmq: orders, timeoutSeconds: 6 }],
  ])('refuses what is wrong, by its path: %s', async (path, body) => {
    expect(await refused(await testBus(), body)).toBe(path);
  });

  it('takes only proxies that the operator lists, where endpoints must be public', async () => {
    const bus = await testBus();
    const tools = { ...bus.tools, endpoints: 'public' as const };
    const put = (name: string, proxies: string[]) =>
      putReceiver(
        { ...tools, env: { ...tools.env, BUSBAR_ROCKETMQ_ENDPOINTS: proxies.join(',') || 'none' } },
        admin,
        name,
        { rocketmq: { ...orders, endpoint: 'MQ.example.com:8081' } },
        [],
      );
    await expect(put('legacy', [])).rejects.toThrow('rocketmq.endpoint is MQ.example.com:8081');
    await expect(put('legacy', ['other.example.com:8081'])).rejects.toThrow('RocketMqEndpoints');
    expect((await put('legacy', [endpoint])).created).toBe(true);
  });

  it('does not send to a proxy that is on the list no more', async () => {
    const bus = await busWithReceiver({ retry: { delaysSeconds: [] } });
    Object.assign(bus.runtime, { env: { ...bus.runtime.env, BUSBAR_ENDPOINTS: 'public' } });
    await publishAll(bus, { id: '1' });
    bus.run();
    await until(bus, async () => (await letters(bus)).length === 1);
    expect((await letters(bus))[0]?.cause).toBe('forbidden');
    expect(sent(bus)).toEqual([]);
  });

  it('never shows the secret key, and keeps it for the same access key at the same endpoint alone', async () => {
    const bus = await testBus();
    const credentials = { accessKey: 'ak', secretKey: 'sk-very-secret' };
    const put = (rocketmq: object) =>
      putReceiver(bus.tools, admin, 'legacy', { rocketmq: { ...orders, ...rocketmq } }, []);
    const { document } = await put({ credentials });
    expect(JSON.stringify(document)).not.toContain('sk-very-secret');
    expect(document).toMatchObject({
      endpoint: 'rocketmq://mq.example.com:8081/Orders',
      rocketmq: { ...orders, credentials: { accessKey: 'ak' } },
    });
    expect(document).not.toHaveProperty('secret');
    await put({ topic: 'Others', credentials: { accessKey: 'ak' } });
    expect(await bus.tools.registry.receiver('legacy')).toMatchObject({ rocketmq: { credentials } });
    await expect(put({ credentials: { accessKey: 'other' } })).rejects.toThrow('secretKey');
    await expect(
      put({ endpoint: 'evil.example.com:8081', credentials: { accessKey: 'ak' } }),
    ).rejects.toThrow('secretKey');
    await expect(put({ tls: false, credentials: { accessKey: 'ak' } })).rejects.toThrow('secretKey');
  });

  it('sends with its credentials, and a refusal of them does not repeat them', async () => {
    const bus = await busWithReceiver(
      { retry: { delaysSeconds: [] } },
      { credentials: { accessKey: 'ak', secretKey: 'sk-right' } },
    );
    bus.broker.requireCredentials('ak', 'sk-right');
    await publishAll(bus, { id: '1' });
    bus.run();
    await until(bus, () => sent(bus).length === 1);
    await putReceiver(
      bus.tools,
      admin,
      'legacy',
      {
        rocketmq: { ...orders, credentials: { accessKey: 'ak', secretKey: 'sk-wrong' } },
        retry: { delaysSeconds: [] },
      },
      [],
    );
    await bus.clock.advance(60 * second);
    await publishAll(bus, { id: '2' });
    await until(bus, async () => (await letters(bus)).length === 1);
    expect((await letters(bus))[0]?.cause).toBe('rocketmq-unauthorized');
    expect(bus.lines.join('\n')).not.toMatch(/sk-(right|wrong)/);
  });

  it('has no secret to rotate', async () => {
    const bus = await busWithReceiver();
    await expect(rotateSecret(bus.tools, admin, 'legacy', {})).rejects.toThrow('has no secret');
  });

  it('needs no agreement where the operator demands it of endpoints', async () => {
    const bus = await testBus();
    const tools = { ...bus.tools, validate: 'handshake' as const };
    const put = await putReceiver(tools, member('shop'), 'legacy', { rocketmq: orders }, []);
    expect(put.document).not.toHaveProperty('validate');
  });
});
