import { describe, expect, it } from 'vitest';
import { deleteRefused, getRefused, retryRefused } from '../../../lib/app/refused/refused.ts';
import { sourceOf } from '../../../lib/connectors/rocketmq/reader.ts';
import { bridgeFails } from '../../../lib/core/bridge/pressure.ts';
import { busHop, hopsAttribute } from '../../../lib/core/event/hops.ts';
import { eventRefused } from '../../../lib/core/refused/refused.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { admin } from '../bus.ts';
import { listRefused } from '../calls.ts';
import { bridge, bridgeBus } from './bridge-bus.ts';

const minute = 60_000;
const away = () => {
  throw new AwsError('InternalServerError', 'The fault of this test', { status: 500 });
};

describe('a run of a bridge', () => {
  it('publishes what is there and what arrives, acknowledges it, and leaves the group', async () => {
    const bus = await bridgeBus();
    const ids = ['1', '2', '3'].map((n) => bus.put(`{"n":${n}}`, { tag: 'created', keys: [`k${n}`] }));
    bus.clock.setTimer(20_000, () => void ids.push(bus.put('{"n":4}', { tag: 'created' })));
    const began = bus.clock.now();
    expect(await bus.runBridge()).toEqual({ brought: 4, refused: 0, stopped: 0, again: 0 });
    const events = await bus.published();
    expect(events.map(({ id }) => id).sort()).toEqual(ids.sort());
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'orders.created',
        subject: 'k1',
        data: { n: 1 },
        source: '/rocketmq/legacy/orders',
      }),
    );
    expect(bus.broker.unacknowledged('busbar', 'orders')).toEqual([]);
    expect(bus.broker.open).toBe(0);
    // It receives for most of the minute, and is over before the next run begins.
    expect(bus.clock.now() - began).toBeGreaterThan(40_000);
    expect(bus.clock.now() - began).toBeLessThan(minute);
    expect(await bus.runBridge()).toEqual({ brought: 0, refused: 0, stopped: 0, again: 0 });
  });

  it('publishes in batches, the way of any request: ten messages are one call', async () => {
    const bus = await bridgeBus();
    for (let n = 0; n < 30; n++) bus.put(String(n));
    await bus.runBridge();
    expect(bus.calls.filter((call) => call.startsWith('sqs.SendMessageBatch'))).toHaveLength(3);
  });

  it('acknowledges a message that the bus knows already', async () => {
    const bus = await bridgeBus();
    await bus.tools.registry.changeTopic('shop', (topic) => ({ ...topic, dedupSeconds: 600 }) as never);
    bus.put('1', { id: '01AA' });
    bus.put('1', { id: '01AA' });
    const run = await bus.runBridge({ ...bridge, parallel: 1, batch: 1 });
    expect(run.again).toBe(0);
    expect(await bus.published()).toHaveLength(1);
    expect(bus.broker.unacknowledged('busbar', 'orders')).toEqual([]);
  });

  it('leaves with RocketMQ what the bus cannot take now, holds back, and brings it in a later run', async () => {
    const bus = await bridgeBus();
    for (let n = 0; n < 100; n++) bus.put(String(n));
    bus.intercept('sqs.SendMessageBatch', away);
    const run = await bus.runBridge({ ...bridge, parallel: 1 });
    expect(run.brought).toBe(0);
    // Six tries and no more: what is not received waits with RocketMQ and uses up no delivery.
    expect(run.again).toBeLessThanOrEqual(6 * 32);
    expect(bus.broker.unacknowledged('busbar', 'orders')).toHaveLength(100);
    expect(bus.broker.open).toBe(0);
    bus.restore('sqs.SendMessageBatch');
    let brought = 0;
    for (let round = 0; brought < 100 && round < 10; round++) brought += (await bus.runBridge()).brought;
    expect(brought).toBe(100);
    expect(new Set((await bus.published()).map(({ id }) => id)).size).toBe(100);
  });

  it('holds back while publishing is slow', async () => {
    const bus = await bridgeBus();
    for (let n = 0; n < 320; n++) bus.put(String(n));
    bus.intercept('sqs.SendMessageBatch', async (_input, next) => {
      await new Promise<void>((resolve) => bus.clock.setTimer(6000, resolve));
      return await next();
    });
    const slow = await bus.runBridge({ ...bridge, parallel: 1 });
    // Batches of six seconds alone would be eight; waiting 1, 2 and 4 s and more between them there are fewer.
    expect(slow.brought).toBeLessThanOrEqual(5 * 32);
    expect(slow.brought).toBeGreaterThanOrEqual(3 * 32);
    expect(slow.again).toBe(0);
  });

  it('lists a message that the bus refuses with its cause, acknowledges it, and does not hold up the others', async () => {
    const bus = await bridgeBus();
    await bus.tools.registry.changeTopic(
      'shop',
      (topic) => ({ ...topic, schema: { type: 'object', required: ['n'] } }) as never,
    );
    const tools = bus.newBridgeTools();
    const poison = bus.put('{"m":1}', { tag: 'created' });
    const corrupted = bus.put('{"n":1}', { corrupted: true });
    bus.put('{"n":2}');
    expect(await bus.runBridge(bridge, tools)).toMatchObject({ brought: 1, refused: 2, again: 0 });
    expect(bus.broker.unacknowledged('busbar', 'orders')).toEqual([]);
    const listed = { ...tools, outbox: bus.tools.outbox };
    const { refused } = await listRefused(listed, admin, {});
    expect(refused).toHaveLength(2);
    expect(refused).toContainEqual(
      expect.objectContaining({
        from: 'bridge',
        bridge: 'legacy',
        message: { topic: 'orders', id: poison },
        topic: 'shop',
        eventId: poison,
        code: 'schema_mismatch',
        detail: expect.stringContaining('n'),
      }),
    );
    const broken = refused.find(({ eventId }) => eventId === corrupted);
    expect(broken).toMatchObject({ code: 'invalid_event', detail: expect.stringContaining('checksum') });
    const kept = JSON.parse((await getRefused(listed, admin, broken?.id ?? '')).event);
    expect(Buffer.from(kept.body_base64, 'base64').toString()).toBe('{"n":1}');
    expect(bus.lines.filter((line) => line.includes(eventRefused))).toHaveLength(2);
    await deleteRefused(listed, admin, broken?.id ?? '');
  });

  it('has a refused message published once its cause is solved, with the id that it has', async () => {
    const bus = await bridgeBus();
    const schema = { type: 'object', required: ['n'] };
    await bus.tools.registry.changeTopic('shop', (topic) => ({ ...topic, schema }) as never);
    const tools = bus.newBridgeTools();
    const id = bus.put('{"m":1}');
    await bus.runBridge(bridge, tools);
    const listed = { ...tools, outbox: bus.tools.outbox };
    const { refused } = await listRefused(listed, admin, {});
    await bus.tools.registry.changeTopic('shop', (topic) => ({ ...topic, schema: undefined }) as never);
    await retryRefused(listed, admin, refused[0]?.id ?? '');
    bus.run();
    await bus.clock.until(() => bus.requests.length === 1, 5 * minute);
    expect(JSON.parse(String(bus.requests[0]?.body)).id).toBe(id);
  });

  it('does not acknowledge what it can neither publish nor keep: RocketMQ keeps it', async () => {
    const bus = await bridgeBus();
    const tools = bus.newBridgeTools();
    const large = bus.put('x'.repeat(400 * 1024));
    expect(await bus.runBridge({ ...bridge, parallel: 1 }, tools)).toMatchObject({ brought: 0, refused: 0 });
    expect(bus.broker.unacknowledged('busbar', 'orders')).toEqual([large]);
    const { refused } = await listRefused({ ...tools, outbox: bus.tools.outbox }, admin, {});
    expect(refused).toEqual([
      expect.objectContaining({ code: 'event_too_large', detail: expect.stringContaining('%DLQ%busbar') }),
    ]);
  });

  it('leaves out what was on this bus before', async () => {
    const bus = await bridgeBus();
    const here = busHop(bus.newBridgeTools().busId, { topic: 'shop' });
    bus.put('1', { properties: { [`CE_${hopsAttribute}`]: `${here} rocketmq:elsewhere/orders` } });
    bus.put('2', { properties: { [`CE_${hopsAttribute}`]: 'bus:another-1234/topics/shop' } });
    expect(await bus.runBridge()).toMatchObject({ brought: 1, stopped: 1 });
    const [event, ...others] = await bus.published();
    expect(others).toEqual([]);
    expect(event?.[hopsAttribute]).toBe('bus:another-1234/topics/shop rocketmq:mq.example.com:8081/orders');
    expect(bus.broker.unacknowledged('busbar', 'orders')).toEqual([]);
  });

  it('publishes the messages of a group in their order, also when some of them have to come again', async () => {
    const bus = await bridgeBus();
    bus.broker.createTopic('ledger', 'fifo');
    bus.broker.createGroup('ledger-group', { orderly: true });
    for (let n = 0; n < 40; n++) bus.put(String(n), { topic: 'ledger', group: `g${n % 2}` });
    const order: Record<string, number[]> = { g0: [], g1: [] };
    let calls = 0;
    bus.intercept('sqs.SendMessageBatch', async (input, next) => {
      // Every seventh call fails, so that what is behind it in its group must wait with it.
      if (++calls % 7 === 3) away();
      for (const { MessageBody } of input.Entries as { MessageBody: string }[]) {
        const { rocketmqgroup, data } = JSON.parse(MessageBody);
        order[rocketmqgroup]?.push(data);
      }
      return await next();
    });
    const ledger = { ...bridge, group: 'ledger-group', topics: { ledger: { topic: 'shop' } }, batch: 8 };
    for (let round = 0; round < 20; round++) {
      await bus.runBridge(ledger);
      if (bus.broker.unacknowledged('ledger-group', 'ledger').length === 0) break;
    }
    const every = (offset: number) => Array.from({ length: 20 }, (_, n) => 2 * n + offset);
    expect(order).toEqual({ g0: every(0), g1: every(1) });
  });

  it('takes nothing for a topic of the bus that is not there, and says so', async () => {
    const bus = await bridgeBus();
    bus.put('1');
    await bus.runBridge({ ...bridge, topics: { orders: { topic: 'nowhere' } } });
    expect(bus.broker.unacknowledged('busbar', 'orders')).toHaveLength(1);
    expect(bus.lines.find((line) => line.includes(bridgeFails))).toContain('There is no topic nowhere');
  });

  it('says which topic of RocketMQ is missing, and brings the others', async () => {
    const bus = await bridgeBus();
    bus.put('1');
    const run = await bus.runBridge({ ...bridge, topics: { ...bridge.topics, missing: { topic: 'shop' } } });
    expect(run.brought).toBe(1);
    expect(
      bus.lines.filter((line) => line.includes(bridgeFails) && line.includes('missing')).length,
    ).toBeGreaterThan(0);
  });

  it('reads its credentials anew at each run, and says when RocketMQ refuses them', async () => {
    const bus = await bridgeBus();
    bus.broker.requireCredentials('key', 'right');
    bus.put('1');
    let secretKey = 'wrong-one';
    const tools = {
      ...bus.newBridgeTools(),
      readSecret: async () => JSON.stringify({ accessKey: 'key', secretKey }),
    };
    const guarded = { ...bridge, secret: 'rocketmq' };
    await bus.runBridge(guarded, tools);
    const line = bus.lines.find((candidate) => candidate.includes(bridgeFails));
    expect(line).toContain('unauthorized');
    expect(bus.lines.join()).not.toContain('wrong-one');
    secretKey = 'right';
    expect((await bus.runBridge(guarded, tools)).brought).toBe(1);
  });

  it('goes on when RocketMQ is away for a while, and gives up for this run when it stays away', async () => {
    const bus = await bridgeBus();
    bus.clock.setTimer(5000, () => bus.broker.stop());
    bus.clock.setTimer(9000, () => {
      bus.broker.start();
      bus.put('1');
    });
    expect((await bus.runBridge()).brought).toBe(1);
    bus.broker.stop();
    const began = bus.clock.now();
    await bus.runBridge();
    expect(bus.clock.now() - began).toBeLessThan(minute);
    expect(bus.broker.open).toBe(0);
  });

  it('stops in time when its invocation has less time than a run takes', async () => {
    const bus = await bridgeBus();
    const { runBridge } = await import('../../../lib/app/bridge/bridge.ts');
    const began = bus.clock.now();
    let done = false;
    const tools = bus.newBridgeTools();
    const run = runBridge(tools, 'legacy', sourceOf(tools, 'legacy', bridge), 55_000).finally(() => {
      done = true;
    });
    await bus.clock.until(() => done, minute);
    await run;
    expect(bus.clock.now() - began).toBeLessThanOrEqual(15_000);
  });

  it('waits for a delayed message as long as the bus must', async () => {
    const bus = await bridgeBus();
    bus.broker.createTopic('later', 'delay');
    const deliverAtMs = bus.clock.now() + 20_000;
    bus.put('1', { topic: 'later', deliverAtMs });
    await bus.runBridge({ ...bridge, topics: { later: { topic: 'shop' } } });
    expect((await bus.published()).map(({ rocketmqdeliverat }) => rocketmqdeliverat)).toEqual([
      new Date(deliverAtMs).toISOString(),
    ]);
  });
});
