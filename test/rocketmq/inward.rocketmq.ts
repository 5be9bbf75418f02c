import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bridgeFails } from '../../lib/core/bridge/pressure.ts';
import { seededRandom } from '../../lib/stand-in/random.ts';
import { messageCount } from './real-cluster.ts';
import { secretName, startWorld, until, type World, wrongSecretName } from './world.ts';

const seconds = 1000;
const receiver = 'https://billing.example.com/events';

describe('RocketMQ to the bus', () => {
  let world: World;
  let access: { endpoint: string; tls: boolean; secret: string };

  beforeAll(async () => {
    world = await startWorld(({ access: { endpoint } }) => ({
      topics: {
        many: {},
        few: {},
        strict: { schema: { type: 'object', required: ['n'] } },
        scheduled: {},
      },
      receivers: { billing: { endpoint: receiver } },
      subscriptions: {
        many: { billing: {} },
        few: { billing: {} },
        strict: { billing: {} },
        scheduled: { billing: {} },
      },
      bridges: {
        // The others are run by the tests, so that they can be killed.
        scheduled: {
          endpoint,
          tls: false,
          secret: secretName,
          group: 'scheduled-group',
          topics: { scheduled: 'scheduled' },
        },
      },
    }));
    access = { endpoint: world.cluster.access.endpoint, tls: false, secret: secretName };
    for (const name of ['many', 'few', 'strict', 'scheduled', 'restarted']) {
      await world.cluster.createTopic(name);
      await world.cluster.createGroup(`${name}-group`);
    }
    await world.cluster.createTopic('ledger', 'fifo');
    await world.cluster.createGroup('ledger-group', { orderly: true });
  }, 300_000);

  afterAll(async () => await world?.close(), 60_000);

  const delivered = (ids: readonly string[]) => ids.filter((id) => world.arrived.has(id)).length;

  it('is brought by the schedule of the template, with the rights that it grants', async () => {
    const ids = await world.send(
      [1, 2, 3].map((n) => ({ topic: 'scheduled', body: Buffer.from(`{"n":${n}}`) })),
    );
    await until('The schedule brings the messages', () => delivered(ids) === ids.length, 150 * seconds);
    expect(ids.map((id) => world.arrived.get(id))).toEqual([1, 1, 1]);
    expect(world.lines.filter((line) => line.includes('AccessDenied') || line.includes(bridgeFails))).toEqual(
      [],
    );
  }, 200_000);

  it(`loses none of ${messageCount} messages when the bridge is killed again and again, and repeats none but under its id`, async () => {
    const count = messageCount;
    const ids = await world.send(
      Array.from({ length: count }, (_, n) => ({
        topic: 'many',
        tag: `t${n % 3}`,
        body: Buffer.from(`{"n":${n}}`),
      })),
    );
    expect(new Set(ids).size).toBe(count);
    const bridge = { ...access, group: 'many-group', topics: { many: 'many' }, invisibleSeconds: 90 };
    const seed = Number(process.env.BUSBAR_SEED ?? Date.now() % 100_000);
    console.log(`The bridge is killed at times of the seed ${seed} (BUSBAR_SEED).`);
    const random = seededRandom(seed);
    const began = Date.now();
    let kills = 0;
    while (delivered(ids) < count) {
      expect(Date.now() - began, 'milliseconds for all of it').toBeLessThan(480 * seconds);
      const run = world.startBridge('many', bridge);
      if (kills < 12) {
        // From before it has joined the group to the middle of its work.
        await sleep(600 + random.next() * 1500);
        run.kill();
        expect(await run.ended, run.lines.join('\n')).toBeUndefined();
        kills += 1;
        continue;
      }
      const [code] = await Promise.all([
        run.ended,
        until(
          'The run ends',
          async () =>
            (await Promise.race([run.ended.then(() => true), sleep(10, false)])) || delivered(ids) === count,
          120 * seconds,
        ),
      ]).catch((error) => {
        throw new Error(`${error}\n${run.lines.join('\n')}`);
      });
      expect(code, run.lines.join('\n')).toBe(0);
    }
    const known = new Set(ids);
    const times = ids.map((id) => world.arrived.get(id) ?? 0);
    const repeated = times.filter((n) => n > 1).length;
    console.log(
      `${count} messages, ${kills} kills, ${repeated} delivered more than once, ${(Date.now() - began) / 1000} s.`,
    );
    expect(times.every((n) => n >= 1)).toBe(true);
    const others = world.requests
      .map(({ body }) => JSON.parse(String(body)))
      .filter(({ source, id }) => source === '/rocketmq/many/many' && !known.has(id));
    expect(others).toEqual([]);
  }, 600_000);

  it('goes on by itself when the broker was killed and started again', async () => {
    const bridge = {
      ...access,
      group: 'restarted-group',
      topics: { restarted: 'few' },
      invisibleSeconds: 90,
    };
    const message = (n: number) => ({ topic: 'restarted', body: Buffer.from(String(n)) });
    const before = await world.send(Array.from({ length: 200 }, (_, n) => message(n)));
    const run = world.startBridge('restarted', bridge);
    await until('The first messages arrive', () => delivered(before) > 0, 30 * seconds);
    await world.cluster.stopBroker(true);
    await sleep(2000);
    await world.cluster.startBroker();
    let after: string[] = [];
    await until(
      'The broker takes messages again',
      async () => {
        after = await world.send([message(1000), message(1001)]).catch(() => []);
        return after.length > 0;
      },
      120 * seconds,
    );
    expect(await run.ended, run.lines.join('\n')).toBe(0);
    const all = [...before, ...after];
    for (let round = 0; delivered(all) < all.length && round < 6; round++) {
      expect(await world.startBridge('restarted', bridge).ended).toBe(0);
    }
    expect(delivered(all)).toBe(all.length);
  }, 500_000);

  it('lists a poisoned message with its cause, acknowledges it, and brings the others', async () => {
    const [poison = '', sound = ''] = await world.send([
      { topic: 'strict', body: Buffer.from('{"m":1}') },
      { topic: 'strict', body: Buffer.from('{"n":1}') },
    ]);
    const bridge = { ...access, group: 'strict-group', topics: { strict: 'strict' } };
    const run = world.startBridge('strict', bridge, 20);
    await until('The sound one arrives', () => world.arrived.has(sound), 60 * seconds);
    expect(await run.ended, run.lines.join('\n')).toBe(0);
    const { refused } = (await world.client.call('GET', '/refused')) as {
      refused: Record<string, unknown>[];
    };
    expect(refused).toEqual([
      expect.objectContaining({
        from: 'bridge',
        bridge: 'strict',
        eventId: poison,
        code: 'schema_mismatch',
        times: 1,
      }),
    ]);
    expect(world.arrived.has(poison)).toBe(false);
    // Acknowledged, so that the next run does not meet it.
    const next = world.startBridge('strict', bridge, 20);
    expect(await next.ended).toBe(0);
    expect(next.lines.join('\n')).toContain('"run":{"brought":0,"refused":0,"stopped":0,"again":0}');
  }, 240_000);

  it('says that credentials are wrong, and brings everything once they are right', async () => {
    const ids = await world.send([{ topic: 'few', body: Buffer.from('1') }]);
    const bridge = { ...access, group: 'few-group', topics: { few: 'few' } };
    const refused = world.startBridge('few', { ...bridge, secret: wrongSecretName });
    expect(await refused.ended, refused.lines.join('\n')).toBe(0);
    const told = refused.lines.join('\n');
    expect(told).toContain(bridgeFails);
    expect(told).toContain('"failure":"unauthorized"');
    expect(told).not.toContain('no-such-secret');
    const run = world.startBridge('few', bridge, 20);
    await until('The message arrives', () => delivered(ids) === 1, 60 * seconds);
    expect(await run.ended).toBe(0);
  }, 120_000);

  it('says which topic is unknown, and ends at once', async () => {
    const began = Date.now();
    const run = world.startBridge('few', {
      ...access,
      group: 'few-group',
      topics: { 'no-such-topic': 'few' },
    });
    expect(await run.ended, run.lines.join('\n')).toBe(0);
    expect(run.lines.join('\n')).toContain(bridgeFails);
    expect(run.lines.join('\n')).toMatch(
      /no-such-topic.*"failure":"not-found"|"failure":"not-found".*no-such-topic/,
    );
    expect(Date.now() - began).toBeLessThan(20 * seconds);
  }, 60_000);
});
