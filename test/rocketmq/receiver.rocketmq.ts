import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RocketMqMessage } from '../../lib/connectors/rocketmq/client.ts';
import { systemRocketMq } from '../../lib/connectors/rocketmq/system.ts';
import { type AcceptanceBus, startBus, temporaryDirectory } from '../acceptance/bus.ts';
import { messageCount, type RealCluster, startRealCluster } from './real-cluster.ts';

/** The bus as `npm start` runs it, and a real cluster. */
let cluster: RealCluster;
let bus: AcceptanceBus | undefined;

beforeAll(async () => {
  cluster = await startRealCluster();
});
afterAll(async () => await cluster.close());
afterEach(async () => {
  await bus?.stop();
  bus = undefined;
});

const rocketmq = systemRocketMq(() => {});

/** Takes messages of a topic until it is enough, and acknowledges them. */
async function takeAll(
  topic: string,
  group: string,
  isEnough: (messages: readonly RocketMqMessage[]) => boolean,
  withinMs: number,
): Promise<readonly RocketMqMessage[]> {
  const taken: RocketMqMessage[] = [];
  const untilMs = Date.now() + withinMs;
  while (Date.now() < untilMs) {
    // The broker may be stopped meanwhile: whoever reads joins again.
    const opened = await rocketmq.openConsumer(cluster.access, {
      group,
      topics: [{ topic, filter: { tags: '*' } }],
    });
    if (opened.kind === 'failure') {
      await sleep(500);
      continue;
    }
    const { consumer } = opened;
    try {
      while (!isEnough(taken) && Date.now() < untilMs) {
        const batches = await Promise.all(
          Array.from({ length: 4 }, () =>
            consumer.receive({ topic, max: 32, waitSeconds: 2, invisibleSeconds: 60 }),
          ),
        );
        if (batches.some(({ kind }) => kind === 'failure')) break;
        const messages = batches.flatMap((batch) => (batch.kind === 'messages' ? batch.messages : []));
        const acks = await Promise.all(messages.map((message) => consumer.ack(message)));
        taken.push(...messages.filter((_, at) => acks[at]?.kind === 'done'));
      }
    } finally {
      await consumer.close();
    }
    if (isEnough(taken)) return taken;
  }
  throw new Error(`Of ${topic} came ${taken.length} messages within ${withinMs / 1000} s`);
}

const idOf = ({ properties }: RocketMqMessage) => properties.CE_id ?? '';

async function putReceiver(running: AcceptanceBus, topic: string, more: object = {}): Promise<void> {
  const { endpoint, credentials, tls } = cluster.access;
  const { rocketmq: target, ...fields } = { rocketmq: {}, ...more };
  const answer = await running.call('PUT', '/v1/receivers/legacy', {
    rocketmq: { endpoint, credentials, tls, topic, ...target },
    ...fields,
  });
  expect(answer.status).toBeLessThan(300);
  await running.call('PUT', '/v1/topics/orders', {});
  await running.call('PUT', '/v1/topics/orders/subscriptions/legacy', {});
}

async function publish(running: AcceptanceBus, ids: readonly string[], more: object = {}): Promise<string[]> {
  const events = ids.map((id) => ({ type: 'order.placed', id, subject: id, data: { id }, ...more }));
  const answer = await running.call('POST', '/v1/topics/orders/events', events);
  return answer.body.events
    .filter(({ status }: { status: string }) => status === 'accepted')
    .map(({ id }: { id: string }) => id);
}

/** The first dead letter, as soon as there is one. */
async function deadLetter(running: AcceptanceBus, receiver = 'legacy') {
  let letters: { cause: string; detail: string; attempts: number }[] = [];
  await expect
    .poll(
      async () => {
        letters = (await running.call('GET', `/v1/receivers/${receiver}/dead-letters`)).body.deadLetters;
        return letters.length;
      },
      { timeout: 90_000, interval: 500 },
    )
    .toBeGreaterThan(0);
  return letters[0];
}

describe('from the bus to a real RocketMQ', () => {
  it('an event arrives whole, with its tag, keys and properties', async () => {
    await cluster.createTopic('Whole');
    await cluster.createGroup('WholeGroup');
    bus = await startBus();
    await putReceiver(bus, 'Whole');
    await publish(bus, ['one']);
    const [message] = await takeAll('Whole', 'WholeGroup', ({ length }) => length === 1, 60_000);
    expect(message).toMatchObject({ tag: 'order.placed', keys: ['one'] });
    expect(message?.properties).toMatchObject({
      CE_id: 'one',
      CE_type: 'order.placed',
      busbar_topic: 'orders',
    });
    expect(Buffer.from(message?.body ?? []).toString()).toBe('{"id":"one"}');
    await bus.call('POST', '/v1/topics/orders/events', { type: 'order.closed', id: 'empty' });
    const [empty] = await takeAll('Whole', 'WholeGroup', ({ length }) => length === 1, 60_000);
    expect([...(empty?.body ?? [])]).toEqual([0]);
  }, 180_000);

  it(`${messageCount} events arrive though everything that delivers is killed at random, and twice only under one id`, async () => {
    await cluster.createTopic('Flood');
    await cluster.createGroup('FloodGroup');
    const dataDirectory = temporaryDirectory();
    bus = await startBus({ dataDirectory });
    await putReceiver(bus, 'Flood', { retry: { delaysSeconds: [1, 1, 2, 5, 5, 5] } });
    const wanted = Array.from({ length: messageCount }, (_, index) => `event-${index}`);
    const accepted = new Set<string>();
    for (let at = 0; at < wanted.length; at += 500) {
      const requests = Array.from({ length: 5 }, (_, part) =>
        wanted.slice(at + part * 100, at + part * 100 + 100),
      );
      const running = bus;
      for (const ids of await Promise.all(requests.map((each) => publish(running, each)))) {
        for (const id of ids) accepted.add(id);
      }
    }
    expect(accepted.size).toBe(messageCount);

    const arrived: RocketMqMessage[] = [];
    const enough = () => new Set(arrived.map(idOf)).size === accepted.size;
    let kills = 0;
    while (!enough()) {
      // After so many more messages, in the middle of whatever it is doing then.
      const goal = arrived.length + Math.floor(messageCount * (0.05 + Math.random() / 4));
      const before = arrived.length;
      const messages = await takeAll(
        'Flood',
        'FloodGroup',
        (taken) => {
          const ids = new Set([...arrived, ...taken].map(idOf));
          return ids.size === accepted.size || (kills < 3 && before + taken.length >= goal);
        },
        300_000,
      );
      arrived.push(...messages);
      if (enough() || kills >= 3) continue;
      kills += 1;
      await bus.kill();
      bus = await startBus({ dataDirectory });
    }
    expect(kills).toBeGreaterThan(0);
    expect(new Set(arrived.map(idOf))).toEqual(accepted);
    // One delivery id for one event, however often it came.
    const deliveryIds = new Map<string, Set<string>>();
    for (const message of arrived) {
      const known = deliveryIds.get(idOf(message)) ?? new Set();
      deliveryIds.set(idOf(message), known.add(message.properties.busbar_delivery_id ?? ''));
    }
    expect([...deliveryIds.values()].every(({ size }) => size === 1)).toBe(true);
    console.log(`${arrived.length} messages for ${accepted.size} events, over ${kills} kills`);
  }, 900_000);

  it('an outage of the broker delays events and loses none', async () => {
    await cluster.createTopic('Outage');
    await cluster.createGroup('OutageGroup');
    bus = await startBus();
    await putReceiver(bus, 'Outage', { retry: { delaysSeconds: Array(20).fill(3) } });
    await publish(bus, ['before']);
    await takeAll('Outage', 'OutageGroup', ({ length }) => length === 1, 60_000);
    await cluster.stopBroker();
    await publish(bus, ['during-1', 'during-2']);
    await expect
      .poll(
        async () =>
          (await bus?.call('GET', '/v1/events/during-1'))?.body.events?.[0]?.receivers[0]?.attempts[0]?.error,
        { timeout: 60_000 },
      )
      .toBe('rocketmq-unreachable');
    await cluster.startBroker();
    const messages = await takeAll(
      'Outage',
      'OutageGroup',
      (taken) => new Set(taken.map(idOf)).size === 2,
      120_000,
    );
    expect(new Set(messages.map(idOf))).toEqual(new Set(['during-1', 'during-2']));
  }, 300_000);

  it('an unknown topic and wrong credentials are dead letters with their causes, and go out after a redrive', async () => {
    bus = await startBus();
    await putReceiver(bus, 'NoSuchTopic', { retry: { delaysSeconds: [1] } });
    await publish(bus, ['lost']);
    expect(await deadLetter(bus)).toMatchObject({ cause: 'rocketmq-not-found', attempts: 2 });
    await cluster.createTopic('Found');
    await cluster.createGroup('FoundGroup');
    await putReceiver(bus, 'Found', { retry: { delaysSeconds: [1] } });
    await bus.call('POST', '/v1/receivers/legacy/redrive', {});
    const [message] = await takeAll('Found', 'FoundGroup', ({ length }) => length === 1, 60_000);
    expect(message && idOf(message)).toBe('lost');

    // A receiver of its own: functions trust for some seconds what they read of one.
    const { endpoint, tls } = cluster.access;
    const { credentials } = cluster.refusedAccess;
    await bus.call('PUT', '/v1/receivers/refused', {
      rocketmq: { endpoint, tls, credentials, topic: 'Found' },
      retry: { delaysSeconds: [1] },
    });
    await bus.call('POST', '/v1/receivers/refused/events', { type: 't', id: 'refused' });
    const letter = await deadLetter(bus, 'refused');
    expect(letter).toMatchObject({ cause: 'rocketmq-unauthorized', attempts: 2 });
    expect(JSON.stringify(letter)).not.toContain(credentials?.secretKey);
  }, 300_000);

  it('a message of another type than the topic is a dead letter at once, and the broker says why', async () => {
    await cluster.createTopic('Fifo', 'fifo');
    bus = await startBus();
    await putReceiver(bus, 'Fifo');
    await publish(bus, ['normal']);
    expect(await deadLetter(bus)).toMatchObject({ cause: 'rocketmq-refused', attempts: 1 });
  }, 180_000);

  it('the order of a key and the delay of an event are RocketMQ’s own where the topic has them', async () => {
    await cluster.createTopic('InOrder', 'fifo');
    await cluster.createGroup('InOrderGroup', { orderly: true });
    await cluster.createTopic('Later', 'delay');
    await cluster.createGroup('LaterGroup');
    bus = await startBus();
    const { endpoint, credentials, tls } = cluster.access;
    const rocketmq = { endpoint, credentials, tls };
    await bus.call('PUT', '/v1/topics/ordered', { ordered: true });
    await bus.call('PUT', '/v1/receivers/ordered', { rocketmq: { ...rocketmq, topic: 'InOrder' } });
    await bus.call('PUT', '/v1/topics/ordered/subscriptions/ordered', {});
    const events = Array.from({ length: 20 }, (_, index) => ({
      type: 't',
      id: String(index),
      subject: `k${index % 2}`,
    }));
    await bus.call('POST', '/v1/topics/ordered/events', events);
    const messages = await takeAll('InOrder', 'InOrderGroup', ({ length }) => length >= 20, 90_000);
    for (const key of ['k0', 'k1']) {
      const ids = messages.filter(({ properties }) => properties.CE_subject === key).map(idOf);
      expect(ids).toEqual(events.filter(({ subject }) => subject === key).map(({ id }) => id));
    }

    await bus.call('PUT', '/v1/receivers/later', {
      rocketmq: { ...rocketmq, topic: 'Later', deliverAt: 'due' },
    });
    const dueMs = Date.now() + 8000;
    await bus.call(
      'POST',
      '/v1/receivers/later/events',
      JSON.stringify({
        specversion: '1.0',
        id: 'due',
        source: '/s',
        type: 't',
        due: new Date(dueMs).toISOString(),
      }),
      { 'content-type': 'application/cloudevents+json' },
    );
    const [late] = await takeAll('Later', 'LaterGroup', ({ length }) => length === 1, 60_000);
    expect(late && idOf(late)).toBe('due');
    expect(Date.now()).toBeGreaterThanOrEqual(dueMs - 1000);
  }, 240_000);
});
