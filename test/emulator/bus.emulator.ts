import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { type Arrival, type Sink, startSink } from '../acceptance/sink.ts';
import { runCli } from '../cli/run-cli.ts';
import { excluded } from './deploy.ts';
import { type EmulatedBus, startEmulatedBus } from './world.ts';

/** What a team would try first on its own account, on an emulator that nobody of this project wrote. */

let bus: EmulatedBus;
const sinks: Sink[] = [];

beforeAll(async () => {
  bus = await startEmulatedBus();
}, 300_000);

afterEach(() => Promise.all(sinks.splice(0).map((sink) => sink.close())));

afterAll(() => bus?.stop());

const idOf = ({ body }: Arrival): string => JSON.parse(body).id;

async function receiver(name: string, settings: object = {}, answer?: Parameters<typeof startSink>[0]) {
  const sink = await startSink(answer);
  sinks.push(sink);
  await bus.done('PUT', `/v1/receivers/${name}`, { endpoint: sink.url, ...settings });
  return sink;
}

async function topic(name: string, settings: object, ...receivers: string[]): Promise<void> {
  await bus.done('PUT', `/v1/topics/${name}`, settings);
  for (const each of receivers) await bus.done('PUT', `/v1/topics/${name}/subscriptions/${each}`, {});
}

const event = (id: string, more: object = {}) => ({
  type: 'test',
  id,
  source: '/test',
  data: { id },
  ...more,
});
const publish = (name: string, ...events: object[]) => bus.done('POST', `/v1/topics/${name}/events`, events);

it('has every resource of the template but those that are excluded by name', () => {
  const { made, asked } = bus.deployed;
  expect(made).toBe(asked);
  expect(Object.keys(excluded).length).toBeLessThan(5);
});

it('passes the smoke test of the CLI, with the publish URL', async () => {
  const { code, stdout, stderr } = await runCli(
    ['smoke', '--url', bus.apiUrl, '--publish-url', bus.publishUrl],
    { env: { BUSBAR_KEY: bus.adminKey } },
  );
  expect(code, stdout + stderr).toBe(0);
  expect(stdout).toContain('8 passed, 0 failed');
});

it('lets a key do what its role allows, and nothing once it is revoked', async () => {
  await bus.done('PUT', '/v1/applications/shop', {});
  const { keyId, key } = await bus.done('POST', '/v1/applications/shop/keys', {
    name: 'till',
    role: 'member',
  });
  expect((await bus.call('GET', '/v1/me', undefined, key)).body).toMatchObject({
    application: 'shop',
    role: 'member',
  });
  expect((await bus.call('PUT', '/v1/applications/cafe', {}, key)).status).toBe(403);
  expect((await bus.call('GET', '/v1/me', undefined, `${key}x`)).status).toBe(401);
  await bus.done('DELETE', `/v1/applications/shop/keys/${keyId}`);
  await expect
    .poll(async () => (await bus.call('GET', '/v1/me', undefined, key)).status, { timeout: 10_000 })
    .toBe(401);
});

it('filters by attributes and by data', async () => {
  const all = await receiver('all');
  const some = await receiver('some');
  await topic('filtered', {}, 'all');
  await bus.done('PUT', '/v1/topics/filtered/subscriptions/some', {
    filter: { type: ['paid'], data: { total: [{ numeric: ['>', 100] }] } },
  });
  await publish(
    'filtered',
    event('cheap', { type: 'paid', data: { total: 5 } }),
    event('open', { type: 'opened', data: { total: 500 } }),
    event('dear', { type: 'paid', data: { total: 500 } }),
  );
  expect((await all.waitFor(3)).map(idOf).sort()).toEqual(['cheap', 'dear', 'open']);
  expect((await some.waitFor(1)).map(idOf)).toEqual(['dear']);
  expect(some.arrivals).toHaveLength(1);
});

it('fans out an ordered topic by SNS', async () => {
  const names = Array.from({ length: 3 }, (_, at) => `ordered-${at}`);
  const fanned = [];
  for (const name of names) fanned.push(await receiver(name));
  await topic('fanned', { ordered: true }, ...names);
  await publish('fanned', event('to-all', { subject: 'key' }));
  for (const sink of fanned) expect((await sink.waitFor(1)).map(idOf)).toEqual(['to-all']);
});

it('delays an event', async () => {
  const sink = await receiver('delayed');
  const startMs = Date.now();
  await bus.done('POST', '/v1/receivers/delayed/events', event('later', { delaySeconds: 3 }));
  const [arrival] = await sink.waitFor(1);
  expect((arrival?.atMs ?? 0) - startMs).toBeGreaterThanOrEqual(2900);
});

it('keeps the order of a key, also while its endpoint fails', async () => {
  const ids = ['first', 'second', 'third'];
  const sink = await receiver('steps', { retry: { delaysSeconds: [1] } }, (_, response, earlier) =>
    response.writeHead(earlier === 0 ? 500 : 204).end(),
  );
  await topic('steps', { ordered: true }, 'steps');
  await publish('steps', ...ids.map((id) => event(id, { subject: 'account' })));
  expect((await sink.waitFor(4)).map(idOf)).toEqual(['first', ...ids]);
});

it('tries again after a failure', async () => {
  const sink = await receiver('shaky', { retry: { delaysSeconds: [1] } }, (_, response, earlier) =>
    response.writeHead(earlier === 0 ? 503 : 204).end(),
  );
  await bus.done('POST', '/v1/receivers/shaky/events', event('again'));
  expect((await sink.waitFor(2)).map(idOf)).toEqual(['again', 'again']);
});

it('keeps what comes while a receiver is paused, and delivers it after', async () => {
  const sink = await receiver('paused');
  await bus.done('POST', '/v1/receivers/paused/pause');
  await bus.done('POST', '/v1/receivers/paused/events', event('waits'));
  await expect
    .poll(async () => (await bus.done('GET', '/v1/receivers/paused')).state, { timeout: 10_000 })
    .toBe('paused');
  expect(sink.arrivals).toHaveLength(0);
  await bus.done('POST', '/v1/receivers/paused/resume');
  expect((await sink.waitFor(1)).map(idOf)).toEqual(['waits']);
});

it('keeps a dead letter and sends it back by a redrive', async () => {
  let status = 500;
  const sink = await receiver('dying', { retry: { delaysSeconds: [] } }, (_, response) =>
    response.writeHead(status).end('no'),
  );
  await bus.done('POST', '/v1/receivers/dying/events', event('dies'));
  await expect
    .poll(async () => (await bus.done('GET', '/v1/receivers/dying/dead-letters')).deadLetters.length, {
      timeout: 30_000,
    })
    .toBe(1);
  status = 204;
  await bus.done('POST', '/v1/receivers/dying/redrive', {});
  expect((await sink.waitFor(2)).map(idOf)).toEqual(['dies', 'dies']);
  await expect
    .poll(async () => (await bus.done('GET', '/v1/receivers/dying/redrive')).state, { timeout: 60_000 })
    .toBe('done');
});

it('sends nothing of a deleted topic or receiver to the next one of its name', async () => {
  const earlier = await receiver('again');
  await topic('again', {}, 'again');
  await bus.done('POST', '/v1/topics/again/events', event('of-the-earlier', { delaySeconds: 5 }));
  await bus.done('DELETE', '/v1/topics/again?force=true');
  await bus.done('DELETE', '/v1/receivers/again');
  const later = await receiver('again-later');
  await topic('again', {}, 'again-later');
  await publish('again', event('of-the-later', { delaySeconds: 8 }));
  expect((await later.waitFor(1)).map(idOf)).toEqual(['of-the-later']);
  expect(earlier.arrivals).toHaveLength(0);
  const why = await bus.done('GET', '/v1/events?id=of-the-earlier');
  expect(JSON.stringify(why)).toContain('target_replaced');
});

it('shows why, with the attempt', async () => {
  const sink = await receiver('explained');
  await topic('explained', {}, 'explained');
  await publish('explained', event('why'));
  await sink.waitFor(1);
  await expect
    .poll(async () => JSON.stringify(await bus.done('GET', '/v1/events?id=why')), { timeout: 20_000 })
    .toContain('delivered');
});

it('commits a transaction, whose events go by the stream of the table', async () => {
  const sink = await receiver('ledger');
  await topic('ledger', {}, 'ledger');
  const { id } = await bus.done('POST', '/v1/transactions', {
    events: [{ topic: 'ledger', ...event('booked') }],
  });
  expect(sink.arrivals).toHaveLength(0);
  await bus.done('POST', `/v1/transactions/${id}/commit`);
  expect((await sink.waitFor(1)).map(idOf)).toEqual(['booked']);
});

it('holds a topic and releases it', async () => {
  const sink = await receiver('held');
  await topic('held', {}, 'held');
  await bus.done('PUT', '/v1/topics/held/hold', {});
  await expect
    .poll(async () => (await bus.done('GET', '/v1/topics/held/hold')).state, { timeout: 20_000 })
    .toBe('holding');
  await publish('held', event('kept'));
  await bus.done('DELETE', '/v1/topics/held/hold');
  expect((await sink.waitFor(1)).map(idOf)).toEqual(['kept']);
});
