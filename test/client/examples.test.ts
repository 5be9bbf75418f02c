import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Webhook } from 'standardwebhooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { standInBus } from '../cli/stand-in-bus.ts';

let bus: Awaited<ReturnType<typeof standInBus>>;
let child: ChildProcess | undefined;

beforeEach(async () => {
  bus = await standInBus();
});
afterEach(async () => {
  child?.kill();
  await bus.close();
});

/** Starts an example as its comment says, and gives the lines that it prints. */
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : expect.fail('There is no port.');
}

describe('the examples', () => {
  it('the producer publishes its orders and prints what became of them', async () => {
    const producer = start('producer.ts');
    expect(await producer.next()).toMatch(/^accepted [0-9a-f-]{36}$/);
    expect(await producer.ended).toEqual([0, null]);
    expect(bus.events.map(({ event }) => event.data)).toEqual([{ total: 5 }, { total: 120 }, { total: 42 }]);
  });

  it('the consumer registers itself, and prints a delivery that is signed with its secret', async () => {
    const subscribed = new Promise<void>((resolve) => {
      // The third call is the subscription.
      bus.gates.push(
        async () => undefined,
        async () => undefined,
        async () => resolve(),
      );
    });
    const consumer = start('consumer.ts', { CONSUMER_PORT: String(await freePort()) });
    expect(await consumer.next()).toMatch(/^Listening on port \d+\.$/);
    await subscribed;
    const { endpoint, secret } = bus.receivers.get('example') ?? {};
    const body = JSON.stringify({
      specversion: '1.0',
      id: 'e1',
      source: '/s',
      type: 'order.placed',
      data: { total: 5 },
    });
    const signedAt = new Date();
    const response = await fetch(String(endpoint), {
      method: 'POST',
      headers: {
        'content-type': 'application/cloudevents+json',
        'webhook-id': 'dlv_1',
        'webhook-timestamp': String(Math.floor(signedAt.getTime() / 1000)),
        'webhook-signature': new Webhook(String(secret)).sign('dlv_1', signedAt, body),
        'busbar-attempt': '1',
      },
      body,
    });
    expect(response.status).toBe(204);
    expect(await consumer.next()).toBe('dlv_1 attempt 1 order.placed { total: 5 }');
  });
});
