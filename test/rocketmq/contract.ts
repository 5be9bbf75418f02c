import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  RocketMq,
  RocketMqAccess,
  RocketMqConsumer,
  RocketMqOutgoing,
  RocketMqProducer,
} from '../../lib/connectors/rocketmq/client.ts';
import type { TopicType } from './memory-broker.ts';

/** A cluster under test: the stand-in, or the real one. */
export interface Cluster {
  readonly rocketmq: RocketMq;
  readonly access: RocketMqAccess;
  /** Of a cluster that asks for credentials, and such as it refuses. */
  readonly guarded: { readonly access: RocketMqAccess; readonly refused: RocketMqAccess };
  /** A topic, and a group of its own for it. */
  createTopic(topic: string, group: string, type: TopicType): Promise<void>;
  now(): number;
  /** Lets so much time go by. */
  pass(ms: number): Promise<void>;
  close(): Promise<void>;
}

const outgoing = (topic: string, text: string, more: Partial<RocketMqOutgoing> = {}): RocketMqOutgoing => ({
  topic,
  keys: [],
  properties: {},
  body: Buffer.from(text),
  ...more,
});

const textOf = ({ body }: { readonly body: Uint8Array }) => Buffer.from(body).toString('utf8');

/** What the bus relies on of RocketMQ. One suite for both, so that the stand-in does not promise more. */
export function rocketMqContract(
  name: string,
  makeCluster: () => Promise<Cluster>,
  options: { readonly concurrent?: boolean } = {},
): void {
  // Each check has topics of its own; on a real cluster most of their time is waiting.
  const check = options.concurrent === true ? it.concurrent : it;
  describe(`RocketMQ as the bus sees it: ${name}`, () => {
    let cluster: Cluster;
    let producer: RocketMqProducer;
    const opened: { close(): Promise<void> }[] = [];

    beforeAll(async () => {
      cluster = await makeCluster();
      await cluster.createTopic('orders', 'orders-group', 'normal');
      await cluster.createTopic('tagged', 'tagged-group', 'normal');
      await cluster.createTopic('again', 'again-group', 'normal');
      await cluster.createTopic('later', 'later-group', 'delay');
      await cluster.createTopic('ordered', 'ordered-group', 'fifo');
      await cluster.createTopic('idle', 'idle-group', 'normal');
      const made = await cluster.rocketmq.openProducer(cluster.access, {
        topics: ['orders', 'tagged', 'again', 'later', 'ordered'],
      });
      if (made.kind !== 'open') throw new Error(made.message);
      producer = made.producer;
      opened.push(producer);
    }, 120_000);

    afterAll(async () => {
      for (const one of opened) await one.close();
      await cluster.close();
    }, 60_000);

    async function consumer(group: string, topics: readonly string[], tags = '*'): Promise<RocketMqConsumer> {
      const made = await cluster.rocketmq.openConsumer(cluster.access, {
        group,
        topics: topics.map((topic) => ({ topic, filter: { tags } })),
      });
      if (made.kind !== 'open') throw new Error(made.message);
      opened.push(made.consumer);
      return made.consumer;
    }

    async function receive(from: RocketMqConsumer, topic: string, request: { waitSeconds?: number } = {}) {
      const answer = await from.receive({ topic, max: 16, waitSeconds: 5, invisibleSeconds: 10, ...request });
      if (answer.kind !== 'messages') throw new Error(answer.message);
      return answer.messages;
    }

    async function send(message: RocketMqOutgoing): Promise<string> {
      const sent = await producer.send(message);
      if (sent.kind !== 'sent') throw new Error(sent.message);
      return sent.messageId;
    }

    check('gives a message with all that it was sent with', async () => {
      const from = await consumer('orders-group', ['orders']);
      const before = cluster.now();
      const properties = { colour: 'red', Größe: 'groß' };
      const id = await send(
        outgoing('orders', '{"n":1}', { tag: 'created', keys: ['k1', 'k2'], properties }),
      );
      const [message, ...others] = await receive(from, 'orders');
      expect(others).toEqual([]);
      expect(message).toMatchObject({
        id,
        topic: 'orders',
        tag: 'created',
        keys: ['k1', 'k2'],
        properties,
        corrupted: false,
        attempt: 1,
      });
      expect(textOf(message ?? { body: Buffer.of() })).toBe('{"n":1}');
      expect(message?.bornAtMs).toBeGreaterThanOrEqual(before);
      expect(message?.bornAtMs).toBeLessThanOrEqual(cluster.now());
      expect(message?.group).toBeUndefined();
      expect(message?.deliverAtMs).toBeUndefined();
      if (message !== undefined) expect(await from.ack(message)).toEqual({ kind: 'done' });
      expect(await receive(from, 'orders', { waitSeconds: 1 })).toEqual([]);
    });

    check('gives only the tags that were asked for', async () => {
      const from = await consumer('tagged-group', ['tagged'], 'created || paid');
      for (const tag of ['created', 'cancelled', 'paid']) await send(outgoing('tagged', tag, { tag }));
      const texts: string[] = [];
      while (texts.length < 2) {
        const messages = await receive(from, 'tagged');
        if (messages.length === 0) break;
        texts.push(...messages.map(textOf));
        for (const message of messages) await from.ack(message);
      }
      expect(texts.sort()).toEqual(['created', 'paid']);
      expect(await receive(from, 'tagged', { waitSeconds: 1 })).toEqual([]);
    });

    check(
      'gives a message again that was not acknowledged, with the same id, when it is visible again',
      async () => {
        const from = await consumer('again-group', ['again']);
        const id = await send(outgoing('again', 'once more'));
        const [first] = await receive(from, 'again');
        expect(first).toMatchObject({ id, attempt: 1 });
        expect(await receive(from, 'again', { waitSeconds: 1 })).toEqual([]);
        await cluster.pass(10_000);
        const [second] = await receive(from, 'again', { waitSeconds: 8 });
        expect(second).toMatchObject({ id, attempt: 2 });
        if (second === undefined) return;
        // Kept for longer, it does not come when the first invisibility is over …
        expect(await from.changeInvisible(second, 25)).toEqual({ kind: 'done' });
        await cluster.pass(10_000);
        expect(await receive(from, 'again', { waitSeconds: 2 })).toEqual([]);
        // … and may still be acknowledged.
        expect(await from.ack(second)).toEqual({ kind: 'done' });
        await cluster.pass(16_000);
        expect(await receive(from, 'again', { waitSeconds: 2 })).toEqual([]);
      },
      90_000,
    );

    check(
      'says of an acknowledgement that comes too late that its receipt expired',
      async () => {
        await cluster.createTopic('late', 'late-group', 'normal');
        await send(outgoing('late', 'slow'));
        const from = await consumer('late-group', ['late']);
        const [first] = await receive(from, 'late');
        expect(first?.attempt).toBe(1);
        await cluster.pass(11_000);
        const [second] = await receive(from, 'late', { waitSeconds: 8 });
        expect(second?.attempt).toBe(2);
        if (first === undefined || second === undefined) return;
        expect(await from.ack(first)).toMatchObject({ kind: 'failure', failure: 'expired' });
        expect(await from.ack(second)).toEqual({ kind: 'done' });
      },
      60_000,
    );

    check(
      'keeps a delayed message until its time',
      async () => {
        const from = await consumer('later-group', ['later']);
        const deliverAtMs = cluster.now() + 6000;
        await send(outgoing('later', 'not yet', { deliverAtMs }));
        expect(await receive(from, 'later', { waitSeconds: 1 })).toEqual([]);
        await cluster.pass(5500);
        const [message] = await receive(from, 'later', { waitSeconds: 10 });
        expect(message && textOf(message)).toBe('not yet');
        expect(Math.abs((message?.deliverAtMs ?? 0) - deliverAtMs)).toBeLessThan(1000);
        expect(cluster.now()).toBeGreaterThan(deliverAtMs - 1000);
        if (message !== undefined) await from.ack(message);
      },
      30_000,
    );

    check(
      'keeps the messages of a group in order, and a later one back while an earlier one is under way',
      async () => {
        const from = await consumer('ordered-group', ['ordered']);
        for (const text of ['1', '2', '3']) await send(outgoing('ordered', text, { group: 'g' }));
        const [first, ...rest] = await receive(from, 'ordered');
        expect(first).toMatchObject({ group: 'g' });
        expect([first, ...rest].map((message) => message && textOf(message))).toEqual(
          ['1', '2', '3'].slice(0, 1 + rest.length),
        );
        // Nothing of it is acknowledged, so nothing comes past it.
        await send(outgoing('ordered', '4', { group: 'g' }));
        expect(await receive(from, 'ordered', { waitSeconds: 1 })).toEqual([]);
        await cluster.pass(10_000);
        const texts: string[] = [];
        while (texts.length < 4) {
          const messages = await receive(from, 'ordered', { waitSeconds: 10 });
          if (messages.length === 0) break;
          for (const message of messages) {
            texts.push(textOf(message));
            await from.ack(message);
          }
        }
        expect(texts).toEqual(['1', '2', '3', '4']);
      },
      90_000,
    );

    check('answers none when nothing comes, after the wait and not before', async () => {
      const from = await consumer('idle-group', ['idle']);
      const before = cluster.now();
      expect(await receive(from, 'idle', { waitSeconds: 6 })).toEqual([]);
      expect(cluster.now() - before).toBeGreaterThanOrEqual(5000);
      expect(cluster.now() - before).toBeLessThan(9000);
    });

    check('opens a group for several topics at once, and reads each by itself', async () => {
      await cluster.createTopic('several-1', 'several-group', 'normal');
      await cluster.createTopic('several-2', 'several-group', 'normal');
      const from = await consumer('several-group', ['several-1', 'several-2', 'no-such-topic']);
      await send(outgoing('several-2', 'two'));
      const idle = receive(from, 'several-1', { waitSeconds: 2 });
      const [message] = await receive(from, 'several-2');
      expect(message && textOf(message)).toBe('two');
      if (message !== undefined) await from.ack(message);
      expect(await idle).toEqual([]);
      expect(
        await from.receive({ topic: 'no-such-topic', max: 1, waitSeconds: 1, invisibleSeconds: 10 }),
      ).toMatchObject({ kind: 'failure', failure: 'not-found', permanent: true });
    });

    check('tells of a topic that does not exist, for good', async () => {
      const expected = { kind: 'failure', failure: 'not-found', permanent: true };
      const { rocketmq, access } = cluster;
      const filter = { tags: '*' };
      expect(
        await rocketmq.openConsumer(access, {
          group: 'idle-group',
          topics: [{ topic: 'no-such-topic', filter }],
        }),
      ).toMatchObject(expected);
      expect(await rocketmq.openProducer(access, { topics: ['no-such-topic'] })).toMatchObject(expected);
      expect(await producer.send(outgoing('no-such-topic', 'x'))).toMatchObject(expected);
    });

    check('fails for a group that does not exist, and names it', async () => {
      const from = await consumer('no-such-group', ['idle']);
      const answer = await from.receive({ topic: 'idle', max: 1, waitSeconds: 5, invisibleSeconds: 10 });
      // The proxy calls it an error of the broker's and not a missing group, so that it counts as passing.
      expect(answer).toMatchObject({ kind: 'failure', failure: 'broker' });
      expect(JSON.stringify(answer)).toContain('no-such-group');
    });

    check.each<[string, Partial<RocketMqOutgoing>, string]>([
      ['a delayed message to a topic of another type', { deliverAtMs: 0 }, 'orders'],
      ['a message of a group to a topic of another type', { group: 'g' }, 'orders'],
      ['a message without a group to a FIFO topic', {}, 'ordered'],
      ['a message that is delayed and in a group', { group: 'g', deliverAtMs: 0 }, 'ordered'],
    ])('refuses %s, for good', async (_name, more, topic) => {
      const delayed =
        more.deliverAtMs === undefined ? more : { ...more, deliverAtMs: cluster.now() + 60_000 };
      expect(await producer.send(outgoing(topic, 'x', delayed))).toMatchObject({
        kind: 'failure',
        failure: 'refused',
        permanent: true,
      });
    });

    check(
      'refuses wrong credentials, for good, and takes right ones',
      async () => {
        const { rocketmq, guarded } = cluster;
        const expected = { kind: 'failure', failure: 'unauthorized', permanent: true };
        const options = { group: 'orders-group', topics: [{ topic: 'orders', filter: { tags: '*' } }] };
        const refused = await rocketmq.openConsumer(guarded.refused, options);
        expect(refused).toMatchObject(expected);
        expect(JSON.stringify(refused)).not.toContain(guarded.refused.credentials?.secretKey);
        expect(await rocketmq.openProducer(guarded.refused, { topics: ['orders'] })).toMatchObject(expected);
        const allowed = await rocketmq.openProducer(guarded.access, { topics: ['orders'] });
        expect(allowed.kind).toBe('open');
        if (allowed.kind === 'open') await allowed.producer.close();
      },
      60_000,
    );

    check(
      'tells of a cluster that is not there, as something that may pass',
      async () => {
        const access = { endpoint: '127.0.0.1:1', timeoutSeconds: 1 };
        const nowhere = await cluster.rocketmq.openProducer(access, { topics: ['orders'] });
        expect(nowhere).toMatchObject({ kind: 'failure', permanent: false });
        expect(nowhere.kind === 'failure' && nowhere.failure).toMatch(/^(unreachable|timeout)$/);
      },
      30_000,
    );

    check(
      'may be closed twice, and does nothing more',
      async () => {
        const from = await consumer('orders-group', ['orders']);
        await from.close();
        await from.close();
        expect(
          (await from.receive({ topic: 'orders', max: 1, waitSeconds: 1, invisibleSeconds: 10 })).kind,
        ).toBe('failure');
      },
      30_000,
    );
  });
}
