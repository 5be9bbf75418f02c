import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningBus } from '../../lib/local/bus.ts';
import { synthesize } from '../../lib/local/synth.ts';
import type { HttpRequest } from '../../lib/runtime/http/http.ts';
import { type VirtualClock, virtualClock } from '../../lib/stand-in/clock.ts';
import { root } from '../../lib/stand-in/engines/engine.ts';
import { memoryStore } from '../../lib/stand-in/store.ts';
import { startTestBus } from './test-bus.ts';

/** The deployed app on the stand-in, under a virtual clock, with endpoints in this process. */

const rootDirectory = join(import.meta.dirname, '..', '..');
let outDirectory: string;

beforeAll(async () => {
  outDirectory = mkdtempSync(join(tmpdir(), 'busbar-app-'));
  await synthesize({
    rootDirectory,
    outDirectory,
    account: '000000000000',
    region: 'us-east-1',
    progress: () => undefined,
  });
});
afterAll(() => rmSync(outDirectory, { recursive: true, force: true }));

const key = 'admin-key-of-this-test';

interface World {
  readonly bus: RunningBus;
  readonly clock: VirtualClock;
  readonly delivered: HttpRequest[];
  readonly warnings: string[];
  /** Calls the API as the admin, and returns the status and the JSON of the answer. */
  call(method: string, path: string, body?: unknown): Promise<{ status: number; json: unknown }>;
}

async function startWorld(store = memoryStore(), clock = virtualClock(Date.parse('2026-01-01T00:00:00Z'))) {
  const delivered: HttpRequest[] = [];
  const warnings: string[] = [];
  const starting = startTestBus(outDirectory, {
    store,
    clock,
    parameters: { Endpoints: 'any', EndpointPorts: 'any' },
    log: (level, message, fields) => {
      if (level === 'warn' || level === 'error') warnings.push(`${message} ${JSON.stringify(fields)}`);
    },
    http: {
      async send(request) {
        delivered.push(request);
        return { kind: 'answer', status: 200, headers: {}, body: '' };
      },
    },
  });
  const bus = await starting;
  const settled = async <T>(work: Promise<T>): Promise<T> => {
    let done = false;
    const finish = () => {
      done = true;
    };
    work.then(finish, finish);
    // Each bundle's SDK reads its configuration files at its first call, which takes real time. So virtual time must
    // pass slowly here, or a function would time out.
    for (let passedMs = 0; !done && passedMs < 60_000; passedMs++) {
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
      await clock.advance(1);
    }
    return await work;
  };
  const keyMade = await settled(
    Promise.resolve(
      bus.aws.call(
        'lambda',
        'Invoke',
        {
          FunctionName: bus.outputs.KeysFunction,
          Payload: Buffer.from(
            JSON.stringify({ action: 'create', application: 'admin', role: 'admin', key }),
          ),
        },
        root,
      ),
    ),
  );
  expect(keyMade?.FunctionError).toBeUndefined();
  const world: World = {
    bus,
    clock,
    delivered,
    warnings,
    async call(method, path, body) {
      const response = await settled(
        bus.handleHttp({
          method,
          path,
          query: '',
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
          body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
          sourceIp: '127.0.0.1',
        }),
      );
      const text = Buffer.from(response.body).toString('utf8');
      return { status: response.status, json: text === '' ? undefined : JSON.parse(text) };
    },
  };
  return world;
}

test('the app deploys, and an event goes from the API through the engines to its receiver', async () => {
  const { call, clock, delivered, warnings, bus } = await startWorld();
  expect((await call('GET', '/v1/health')).status).toBe(200);
  expect((await call('PUT', '/v1/topics/orders', {})).status).toBeLessThan(300);
  const receiver = await call('PUT', '/v1/receivers/billing', { endpoint: 'http://billing.test/events' });
  expect(receiver.status).toBeLessThan(300);
  expect((await call('PUT', '/v1/topics/orders/subscriptions/billing', {})).status).toBeLessThan(300);
  const accepted = await call('POST', '/v1/topics/orders/events', {
    type: 'order.placed',
    data: { total: 5 },
  });
  expect(accepted).toMatchObject({ status: 202, json: { events: [{ status: 'accepted' }] } });
  await clock.until(() => delivered.length > 0, 60_000);
  expect(delivered[0]).toMatchObject({ method: 'POST', url: 'http://billing.test/events' });
  expect(delivered[0]?.headers['webhook-signature']).toMatch(/^v1,/);
  // A permission that the stack lacks would appear as a warning here.
  expect(warnings).toEqual([]);
  const used = bus.iamUsage().flatMap((role) => role.used.map(({ action }) => action));
  expect(used).toEqual(
    expect.arrayContaining(['sqs:SendMessage', 'sqs:ReceiveMessage', 'sqs:DeleteMessage']),
  );
});

test('a restart changes nothing and loses no accepted event', async () => {
  const store = memoryStore();
  const first = await startWorld(store);
  await first.call('PUT', '/v1/topics/orders', {});
  await first.call('PUT', '/v1/receivers/billing', { endpoint: 'http://billing.test/events' });
  await first.call('PUT', '/v1/topics/orders/subscriptions/billing', {});
  const sent = first.call('POST', '/v1/topics/orders/events', {
    type: 'order.placed',
    data: 1,
    delaySeconds: 30,
  });
  expect((await sent).status).toBe(202);
  await first.bus.close();
  const second = await startWorld(store, first.clock);
  expect(second.bus.changes).toEqual([]);
  await second.clock.until(() => second.delivered.length > 0, 120_000);
  expect(String(second.delivered[0]?.body)).toContain('order.placed');
});
