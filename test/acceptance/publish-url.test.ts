import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createClient } from '../../lib/client/index.ts';
import { runCli } from '../cli/run-cli.ts';
import { type AcceptanceBus, startBus } from './bus.ts';

/** The URL of the publish function, beside the API, as a producer meets it. */

let bus: AcceptanceBus;
let publishUrl: string;
const arrived = new Map<string, () => void>();
const arrival = (id: string) => new Promise<void>((resolve) => arrived.set(id, resolve));
const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  response.writeHead(204).end();
  arrived.get(JSON.parse(Buffer.concat(chunks).toString('utf8')).id)?.();
});

beforeAll(async () => {
  bus = await startBus();
  publishUrl = bus.publishUrl.replace(/\/$/, '');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await bus.call('PUT', '/v1/topics/orders', {});
  await bus.call('PUT', '/v1/receivers/shop', { endpoint });
  await bus.call('PUT', '/v1/topics/orders/subscriptions/shop', {});
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await bus.stop();
});

const post = (path: string, init: RequestInit = {}) =>
  fetch(`${publishUrl}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${bus.adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ type: 'order.paid', data: {} }),
    ...init,
  });

it('takes events for topics and receivers, which arrive, and no API is paid', async () => {
  const before = await meter();
  for (const [path, id] of [
    ['/v1/topics/orders/events', 'to-a-topic'],
    ['/v1/receivers/shop/events', 'to-a-receiver'],
  ] as const) {
    const came = arrival(id);
    const response = await post(path, { body: JSON.stringify({ id, type: 'order.paid', data: {} }) });
    expect([response.status, await response.json()]).toEqual([
      202,
      { events: [{ index: 0, id, status: 'accepted' }] },
    ]);
    await came;
  }
  expect((await meter())['apigateway.requests']).toBe(before['apigateway.requests']);
});

it('takes the events of a client that is told of it, whose other calls go to the API', async () => {
  const client = createClient({ url: bus.url, publishUrl: bus.publishUrl, key: bus.adminKey });
  const before = await meter();
  const came = arrival('by-client');
  await client.publish('orders', { id: 'by-client', type: 'order.paid', data: {} });
  await came;
  expect((await meter())['apigateway.requests']).toBe(before['apigateway.requests']);
  expect(await client.call('GET', '/topics/orders')).toMatchObject({ topic: 'orders' });
});

it('takes the events of a CLI that the environment tells of it, unless an option names another bus', async () => {
  const apiRequests = async () => (await meter())['apigateway.requests'] ?? 0;
  const env = { BUSBAR_URL: bus.url, BUSBAR_PUBLISH_URL: bus.publishUrl, BUSBAR_KEY: bus.adminKey };
  const before = await apiRequests();
  const publish = ['publish', 'orders', '{}', '--type', 'order.paid'];
  expect(await runCli(publish, { env })).toMatchObject({ code: 0 });
  expect(await apiRequests()).toBe(before);
  expect(await runCli([...publish, '--url', bus.url], { env })).toMatchObject({ code: 0 });
  expect(await apiRequests()).toBe(before + 1);
  const wrong = await runCli(publish, { env: { ...env, BUSBAR_PUBLISH_URL: 'orders' } });
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('BUSBAR_PUBLISH_URL') });
});

it('is tried by the smoke test', async () => {
  const env = { BUSBAR_KEY: bus.adminKey };
  const smoke = ['smoke', '--url', bus.url, '--publish-url'];
  const { code, stdout } = await runCli([...smoke, bus.publishUrl], { env });
  expect(stdout).toContain('an event is accepted at the publish URL');
  expect([code, stdout.includes('FAIL')]).toEqual([0, false]);
  const failed = await runCli([...smoke, `${bus.url}/lambda-url/another/`], { env });
  expect([failed.code, failed.stdout]).toEqual([
    1,
    expect.stringContaining('FAIL an event is accepted at the publish'),
  ]);
});

it.each([
  ['GET', '/v1/topics/orders/events'],
  ['GET', '/v1/health'],
  ['PUT', '/v1/topics/other'],
  ['POST', '/v1/transactions'],
  ['POST', '/v1/receivers/shop/pause'],
  ['POST', '/v1/topics/orders/events/x'],
  ['POST', '/'],
])('answers %s %s with 404 and says where the API is', async (method, path) => {
  const response = await post(path, method === 'GET' ? { method, body: null } : { method });
  expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/problem+json']);
  expect(await response.json()).toMatchObject({
    code: 'unknown_route',
    detail: expect.stringContaining('ApiUrl'),
  });
});

it('refuses what the API refuses, in its words', async () => {
  const wrong = await post('/v1/topics/orders/events', { body: '{"type":1}' });
  const atApi = await bus.call('POST', '/v1/topics/orders/events', '{"type":1}', {
    'content-type': 'application/json',
  });
  expect([wrong.status, await wrong.json()]).toEqual([atApi.status, atApi.body]);
  const unknown = await post('/v1/topics/none/events');
  expect([unknown.status, await unknown.json()]).toMatchObject([404, { code: 'unknown_topic' }]);
});

it('serves no page of another site, and no host that is not of this machine', async () => {
  const { port, pathname } = new URL(`${publishUrl}/v1/topics/orders/events`);
  const statusOf = async (headers: Record<string, string>) => {
    const request = httpRequest({ host: '127.0.0.1', port, path: pathname, method: 'POST', headers });
    const answered = once(request, 'response') as Promise<[{ statusCode: number; resume(): void }]>;
    request.end('{}');
    const [response] = await answered;
    response.resume();
    return response.statusCode;
  };
  expect(await statusOf({ origin: 'https://evil.example' })).toBe(403);
  expect(await statusOf({ host: 'evil.example' })).toBe(403);
});

// The last test: afterwards nobody gets in from this address for a while.
it('throttles wrong keys together with the API', async () => {
  const wrong = { authorization: `Bearer bbk_wrong`, 'content-type': 'application/json' };
  let response = await post('/v1/topics/orders/events', { headers: wrong });
  expect(response.status).toBe(401);
  for (let tries = 1; response.status === 401 && tries < 1000; tries++) {
    response = await post('/v1/topics/orders/events', {
      headers: { ...wrong, authorization: `Bearer bbk_wrong${tries}` },
    });
  }
  expect([response.status, await response.json()]).toMatchObject([429, { code: 'too_many_wrong_keys' }]);
  expect(response.headers.get('retry-after')).not.toBeNull();
});

async function meter(): Promise<Record<string, number>> {
  return (await (await fetch(new URL('/_busbar/meter', bus.awsUrl))).json()) as Record<string, number>;
}
