import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { standInBus } from '../cli/stand-in-bus.ts';
import { freePort } from '../free-ports.ts';

let bus: Awaited<ReturnType<typeof standInBus>>;
let child: ChildProcess | undefined;

beforeEach(async () => {
  bus = await standInBus();
});
afterEach(async () => {
  child?.kill();
  await bus.close();
});

/** Starts an example as its comment says, and returns the lines that it prints. */
function start(name: string, env: Record<string, string> = {}) {
  const path = fileURLToPath(new URL(`../../examples/${name}`, import.meta.url));
  const started = spawn(process.execPath, [path], {
    env: { BUSBAR_URL: bus.url, BUSBAR_KEY: bus.key, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = started;
  const lines = createInterface({ input: started.stdout })[Symbol.asyncIterator]();
  return { ended: once(started, 'close'), next: async () => String((await lines.next()).value) };
}

describe('the examples', () => {
  it('the producer publishes its orders and prints the results', async () => {
    const producer = start('producer.ts');
    expect(await producer.next()).toMatch(/^accepted [0-9a-f-]{36}$/);
    expect(await producer.ended).toEqual([0, null]);
    expect(bus.events.map(({ event }) => event.data)).toEqual([{ total: 5 }, { total: 120 }, { total: 42 }]);
  });

  /** Starts a consumer, and returns a function that delivers to it as the bus does. */
  async function startConsumer(name: string, receiver: string) {
    const subscribed = new Promise<void>((resolve) => {
      // The third call is the subscription.
      bus.gates.push(
        async () => undefined,
        async () => undefined,
        async () => resolve(),
      );
    });
    const consumer = start(name, { CONSUMER_PORT: String(await freePort()) });
    expect(await consumer.next()).toMatch(/^Listening on port \d+\.$/);
    await subscribed;
    const { endpoint, secret } = bus.receivers.get(receiver) ?? {};
    async function deliver(deliveryId: string, event: object): Promise<number> {
      const body = JSON.stringify({ specversion: '1.0', source: '/s', type: 'order.placed', ...event });
      const signedAt = new Date();
      const response = await fetch(String(endpoint), {
        method: 'POST',
        headers: {
          'content-type': 'application/cloudevents+json',
          'webhook-id': deliveryId,
          'webhook-timestamp': String(Math.floor(signedAt.getTime() / 1000)),
          'webhook-signature': new Webhook(String(secret)).sign(deliveryId, signedAt, body),
          'busbar-attempt': '1',
        },
        body,
      });
      return response.status;
    }
    return { deliver, next: consumer.next };
  }

  it('the consumer registers itself, and prints a delivery signed with its secret', async () => {
    const { deliver, next } = await startConsumer('consumer.ts', 'example');
    expect(await deliver('dlv_1', { id: 'e1', data: { total: 5 } })).toBe(204);
    expect(await next()).toBe('dlv_1 attempt 1 order.placed { total: 5 }');
  });

  it('the consumer of payments books each payment once, even if it comes again', async () => {
    const { deliver, next } = await startConsumer('once.ts', 'ledger');
    for (const deliveryId of ['dlv_1', 'dlv_1', 'dlv_2']) {
      expect(await deliver(deliveryId, { id: 'p-1', data: { amount: 5 } })).toBe(204);
    }
    expect([await next(), await next(), await next()]).toEqual([
      'booked p-1 { amount: 5 }',
      'again p-1',
      'again p-1',
    ]);
  });

  it('the consumer of states drops outdated states', async () => {
    const { deliver, next } = await startConsumer('newest.ts', 'order-view');
    for (const [version, state] of [
      [1, 'new'],
      [3, 'sent'],
      [2, 'paid'],
    ] as const) {
      const event = { id: String(version), subject: 'order-7', version, data: { state } };
      expect(await deliver(`dlv_${version}`, event)).toBe(204);
    }
    expect([await next(), await next(), await next()]).toEqual([
      "now order-7 1 { state: 'new' }",
      "now order-7 3 { state: 'sent' }",
      'stale order-7 2 after 3',
    ]);
  });
});
