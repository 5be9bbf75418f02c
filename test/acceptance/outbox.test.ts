import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DynamoDBClient, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outboxEntry } from '../../lib/client/index.ts';
import { type AcceptanceBus, startBus, temporaryDirectory } from './bus.ts';
import { type Arrival, type Sink, startSink } from './sink.ts';

let bus: AcceptanceBus;
let sink: Sink;
const dataDirectory = temporaryDirectory();

beforeAll(async () => {
  bus = await startBus({ dataDirectory });
  sink = await startSink();
  await bus.call('PUT', '/v1/topics/orders', {});
  await bus.call('PUT', '/v1/topics/stock', {});
  await bus.call('PUT', '/v1/receivers/billing', { endpoint: sink.url });
  await bus.call('PUT', '/v1/topics/orders/subscriptions/billing', {});
}, 60_000);

afterAll(async () => {
  await sink.close();
  await bus.stop();
});

const dynamodb = () =>
  new DynamoDBClient({
    region: 'us-east-1',
    endpoint: bus.awsUrl,
    credentials: bus.awsCredentials,
  });
const idOf = ({ body }: Arrival) => JSON.parse(body).id as string;
const write = (ids: readonly string[], more: object = {}) =>
  dynamodb().send(
    new TransactWriteItemsCommand({
      TransactItems: ids.map((id) =>
        outboxEntry({
          application: 'admin',
          topic: 'orders',
          event: { type: 'order.placed', id, data: { id } },
          ...more,
        }),
      ),
    }),
  );

/** Runs an example as its comment says, and returns its output. */
async function runExample(name: string, env: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, [join(import.meta.dirname, '..', '..', 'examples', name)], {
    env: { ...process.env, BUSBAR_URL: bus.url, BUSBAR_KEY: bus.adminKey, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.on('data', (chunk) => {
    printed += String(chunk);
  });
  const [code] = await once(child, 'close');
  expect(code).toBe(0);
  return printed;
}

describe('the outbox', () => {
  it('publishes an entry that a producer wrote in its own transaction, as in the example', async () => {
    const printed = await runExample('outbox.ts', {
      AWS_ENDPOINT_URL: bus.awsUrl,
      AWS_ACCESS_KEY_ID: bus.awsCredentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: bus.awsCredentials.secretAccessKey,
    });
    const orderId = /^placed (order-\d+)$/m.exec(printed)?.[1] ?? '';
    const [arrival] = await sink.waitFor(1, (one) => idOf(one) === `${orderId}-1`);
    expect(JSON.parse(arrival?.body ?? '')).toMatchObject({ subject: orderId, data: { total: 42 } });
    expect(arrival?.headers['busbar-topic']).toBe('orders');
  }, 60_000);

  it('lists an entry that cannot be published, which blocks no other, and publishes it once the cause is fixed', async () => {
    await write(['poison'], { topic: 'missing', key: 'k', sequence: 1 });
    await write(['behind'], { key: 'k', sequence: 2 });
    await sink.waitFor(1, (one) => idOf(one) === 'behind');
    const refused = async () => (await bus.call('GET', '/v1/refused')).body.refused;
    await expect
      .poll(refused, { timeout: 10_000 })
      .toMatchObject([
        { from: 'outbox', application: 'admin', topic: 'missing', eventId: 'poison', code: 'unknown_topic' },
      ]);
    const [{ id }] = await refused();
    expect((await bus.call('GET', `/v1/refused/${id}`)).body.event).toContain('"poison"');
    await bus.call('PUT', '/v1/topics/missing', {});
    await bus.call('PUT', '/v1/topics/missing/subscriptions/billing', {});
    expect(await bus.call('POST', `/v1/refused/${id}/retry`)).toMatchObject({ status: 202 });
    await sink.waitFor(1, (one) => idOf(one) === 'poison');
    expect(await refused()).toEqual([]);
    expect(await bus.call('DELETE', `/v1/refused/${id}`)).toMatchObject({ status: 404 });
  }, 30_000);

  it('loses nothing to kill -9', async () => {
    const ids = Array.from({ length: 50 }, (_, n) => `killed-${n}`);
    await write(ids.slice(0, 25));
    await write(ids.slice(25));
    await bus.kill();
    bus = await startBus({ dataDirectory });
    await expect
      .poll(() => new Set(sink.arrivals.map(idOf).filter((id) => id.startsWith('killed-'))).size, {
        timeout: 30_000,
      })
      .toBe(50);
  }, 60_000);
});

it('half messages: the example commits one transaction, and is asked about the other', async () => {
  const port = createServer().listen(0, '127.0.0.1');
  await once(port, 'listening');
  const address = port.address();
  port.close();
  await once(port, 'close');
  const CHECKER_PORT = String(typeof address === 'object' && address !== null ? address.port : 0);
  const printed = await runExample('transaction.ts', { CHECKER_PORT });
  expect(printed).toMatch(/^committed \S+\nasked about (\S+)\ncommitted \1, by its check\n$/);
  await sink.waitFor(2, ({ body }) => JSON.parse(body).source === '/examples/shop');
}, 60_000);
