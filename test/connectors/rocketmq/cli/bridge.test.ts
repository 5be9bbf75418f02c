import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exitCodes } from '../../../../lib/cli/support/exit-codes.ts';
import type { Session } from '../../../../lib/cli/support/session.ts';
import { type Output, processWorld } from '../../../../lib/cli/support/world.ts';
import { bridgeCommand } from '../../../../lib/connectors/rocketmq/cli/bridge.ts';
import { readRocketMq } from '../../../../lib/connectors/rocketmq/cli/rocketmq-side.ts';
import { systemClock } from '../../../../lib/runtime/clock.ts';
import { runCli } from '../../../cli/run-cli.ts';
import { standInBus } from '../../../cli/stand-in-bus.ts';
import { MemoryBroker } from '../../../rocketmq/memory-broker.ts';

let bus: Awaited<ReturnType<typeof standInBus>>;
let broker: MemoryBroker;
beforeEach(async () => {
  bus = await standInBus();
  await fetch(`${bus.url}/v1/topics/orders`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${bus.key}`, 'content-type': 'application/json' },
    body: '{}',
  });
  broker = new MemoryBroker(systemClock);
  broker.createTopic('Orders');
  broker.createGroup('busbar-check-Orders');
});
afterEach(() => bus.close());

const bornAt = () => new Date().toISOString();

/** Runs the check against a broker in memory, and `during` once both sides are being read. */
async function check(args: readonly string[], during: (checker: Checker) => Promise<void> | void) {
  const text = { stdout: '', stderr: '' };
  const output = (stream: 'stdout' | 'stderr'): Output => ({
    isTerminal: stream === 'stderr',
    columns: undefined,
    async write(more) {
      text[stream] += more;
    },
    paint: (_style, plain) => plain,
  });
  const env = {
    BUSBAR_URL: bus.url,
    BUSBAR_KEY: bus.key,
    ROCKETMQ_ACCESS_KEY: 'ak',
    ROCKETMQ_SECRET_KEY: 'sk-secret',
  };
  const never = new AbortController().signal;
  const session: Session = {
    world: {
      ...processWorld(),
      env,
      stdout: output('stdout'),
      stderr: output('stderr'),
      interrupts: () => ({ stop: never, abort: never }),
    },
    exitCode: exitCodes.done,
    about: {},
  };
  const program = new Command().option('--json').exitOverride();
  program.addCommand(
    bridgeCommand(session, (world, side, onSeen) => readRocketMq(world, side, onSeen, broker)),
  );
  const running = program.parseAsync(['bridge', 'check', 'orders', ...args], { from: 'user' });
  running.catch(() => undefined);
  const checker = await Promise.race([checkerOf(bus.requests.length), running.then(() => undefined)]);
  // Events from before the window are not compared.
  while (checker !== undefined && !text.stderr.includes('comparing')) await sleep(20);
  if (checker !== undefined) await during(checker);
  await running;
  return { ...text, code: session.exitCode };
}

interface Checker {
  readonly name: string;
  /** Delivers an event to the receiver that the check created, as the bus would. */
  deliver(event: object): Promise<number>;
}

/** The receiver that the check registered, once the check reads the broker, too. */
async function checkerOf(before: number): Promise<Checker> {
  for (;;) {
    const put = bus.requests
      .slice(before)
      .find(({ method, path }) => method === 'PUT' && /^\/receivers\/bridge-check-/.test(path));
    if (put !== undefined && broker.open > 0) {
      const { endpoint, secret } = JSON.parse(put.body);
      return {
        name: put.path.slice('/receivers/'.length),
        async deliver(event) {
          const body = JSON.stringify({
            specversion: '1.0',
            source: '/shop',
            type: 't',
            time: bornAt(),
            ...event,
          });
          const headers = {
            'webhook-id': 'dlv_1',
            'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
            'webhook-signature': new Webhook(secret).sign('dlv_1', new Date(), body),
            'busbar-attempt': '1',
            'content-type': 'application/cloudevents+json',
          };
          return (await fetch(endpoint, { method: 'POST', headers, body })).status;
        },
      };
    }
    await sleep(20);
  }
}

const message = (id: string) => ({
  topic: 'Orders',
  keys: [],
  properties: { CE_specversion: '1.0', CE_id: id },
  body: Buffer.from('{}'),
});
const quick = ['--window', '2s', '--warm-up', '0s', '--settle', '6s'];
const direct = ['--rocketmq', 'mq.example.com:8081', '--rocketmq-topic', 'Orders', ...quick];

describe('busbar bridge check', () => {
  it('exits with 0 when both sides have the same events, and leaves nothing behind', async () => {
    const { code, stdout, stderr } = await check(direct, async (checker) => {
      for (const id of ['1', '2', '3']) {
        broker.put(message(id));
        expect(await checker.deliver({ id })).toBe(204);
      }
      // On the bus, a message that is not a CloudEvent has the id of the message.
      const id = broker.put({ ...message(''), properties: {} });
      await checker.deliver({ id });
    });
    expect(stdout).toContain('Both sides have the same events: you can switch the old path off.');
    expect(stdout).toContain('on both    4');
    expect(stderr).toMatch(/comparing: bus \d, RocketMQ \d, on one side \d; \d s left/);
    expect(code).toBe(0);
    expect(broker.open).toBe(0);
    expect(broker.unacknowledged('busbar-check-Orders', 'Orders')).toEqual([]);
    expect(bus.requests.at(-1)).toMatchObject({
      method: 'DELETE',
      path: expect.stringMatching(/^\/receivers\/bridge-check-\w+\?force=true$/),
    });
  });

  it('exits with 1 and names the events missing on each side', async () => {
    const { code, stdout } = await check([...direct, '--json'], async (checker) => {
      broker.put(message('both'));
      await checker.deliver({ id: 'both' });
      broker.put(message('not-on-the-bus'));
      await checker.deliver({ id: 'not-on-rocketmq' });
      await checker.deliver({ id: 'old', time: '2020-01-01T00:00:00Z' });
    });
    expect(JSON.parse(stdout)).toMatchObject({
      topic: 'orders',
      rocketmq: { endpoint: 'mq.example.com:8081', topic: 'Orders' },
      onBoth: 1,
      missing: {
        bus: { events: 1, ids: ['not-on-the-bus'] },
        rocketmq: { events: 1, ids: ['not-on-rocketmq'] },
      },
      notCompared: 1,
      verdict: 'different',
    });
    expect(code).toBe(1);
    expect(stdout).not.toContain('sk-secret');
  });

  it('exits with 4 when no event came, or when the broker could not be read to the end', async () => {
    const nothing = await check(direct, () => {});
    expect(nothing.stdout).toContain('Nothing is proven: no event was seen on both sides.');
    expect(nothing.code).toBe(4);
    const away = await check(direct, async (checker) => {
      broker.put(message('1'));
      await checker.deliver({ id: '1' });
      await sleep(1000);
      broker.stop();
    });
    expect(away.stdout).toContain('Nothing is proven: RocketMQ could not be read');
    expect(away.code).toBe(4);
  });

  it('takes the topic of RocketMQ and the filter from a receiver', async () => {
    const filter = { type: ['order.placed'] };
    bus.troubles.push(
      {
        status: 200,
        body: { receiver: 'legacy', rocketmq: { endpoint: 'mq.example.com:8081', topic: 'Orders' } },
      },
      { status: 200, body: { topic: 'orders', receiver: 'legacy', filter } },
    );
    const { code } = await check(['--receiver', 'legacy', ...quick], async (checker) => {
      broker.put(message('1'));
      await checker.deliver({ id: '1' });
      const put = bus.requests.find(({ path }) => path === `/topics/orders/subscriptions/${checker.name}`);
      expect(JSON.parse(put?.body ?? '')).toEqual({ filter });
    });
    expect(code).toBe(0);
  });

  it.each([
    [['orders'], 'The topic of RocketMQ is missing.'],
    [['orders', '--receiver', 'a', '--rocketmq', 'b:1'], '--receiver already names'],
  ])('says what is wrong with %j', async (args, said) => {
    const { code, stderr } = await runCli(['bridge', 'check', ...args], {
      env: { BUSBAR_URL: bus.url, BUSBAR_KEY: bus.key },
    });
    expect(stderr).toContain(said);
    expect(code).toBe(exitCodes.usage);
  });

  it('says why it cannot read the topic of RocketMQ, and deletes its receiver', async () => {
    await expect(
      check(['--rocketmq', 'mq:1', '--rocketmq-topic', 'Absent', ...quick], () => {}),
    ).rejects.toThrow('Cannot read the topic Absent at mq:1: No topic Absent (not-found).');
    expect(bus.requests.at(-1)?.method).toBe('DELETE');
  });
});
