import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AcceptanceBus, startBus } from './bus.ts';

let bus: AcceptanceBus;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  bus = await startBus();
});

afterAll(async () => {
  await Promise.all(closing.map((close) => close()));
  expect(await bus?.stop()).toBe(0);
});

/** An endpoint that answers OPTIONS as the test says, and accepts every event. */
async function endpointThat(options: () => { status: number; headers?: Record<string, string> }) {
  const requests: IncomingMessage[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    requests.push(request);
    request.resume();
    const { status, headers = {} } = request.method === 'OPTIONS' ? options() : { status: 204 };
    response.writeHead(status, headers).end();
    for (const check of waiting) check();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  });
  const of = (method: string) => requests.filter((request) => request.method === method);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    of,
    posted: () =>
      new Promise<IncomingMessage>((resolve) => {
        const check = () => {
          const [first] = of('POST');
          if (first === undefined) return;
          waiting.delete(check);
          resolve(first);
        };
        waiting.add(check);
        check();
      }),
  };
}

const event = { type: 'test', data: {} };

describe('a receiver with the handshake', () => {
  it('is granted by PUT, and gets its events with the origin', async () => {
    const endpoint = await endpointThat(() => ({
      status: 200,
      headers: { 'WebHook-Allowed-Origin': '*', 'WebHook-Allowed-Rate': '600' },
    }));
    const put = await bus.call('PUT', '/v1/receivers/willing', {
      endpoint: endpoint.url,
      validate: 'handshake',
    });
    expect(put).toMatchObject({
      status: 201,
      body: { validate: 'handshake', validation: { state: 'granted', allowedRatePerMinute: 600 } },
    });
    const [asked] = endpoint.of('OPTIONS');
    const origin = asked?.headers['webhook-request-origin'];
    expect(origin).toBe('busbar.busbar.internal');
    await bus.call('POST', '/v1/receivers/willing/events', event);
    expect((await endpoint.posted()).headers['webhook-request-origin']).toBe(origin);
  });

  it('waits until its owner calls the URL from the request, without a key', async () => {
    const endpoint = await endpointThat(() => ({ status: 405 }));
    const put = await bus.call('PUT', '/v1/receivers/later', {
      endpoint: endpoint.url,
      validate: 'handshake',
    });
    expect(put.body.validation).toMatchObject({ state: 'pending', asks: 1 });
    expect(JSON.stringify(put.body)).not.toMatch(/token/i);
    await bus.call('POST', '/v1/receivers/later/events', event);

    const url = String(endpoint.of('OPTIONS')[0]?.headers['webhook-request-callback']);
    expect(url.startsWith(`${bus.url}/v1/receivers/later/validation?token=`)).toBe(true);
    const wrong = await fetch(`${url}x`);
    expect([wrong.status, await wrong.json()]).toMatchObject([404, { code: 'unknown_validation' }]);
    expect(endpoint.of('POST')).toEqual([]);

    const agreed = await fetch(url, { headers: { 'WebHook-Allowed-Rate': '60' } });
    expect([agreed.status, await agreed.json()]).toEqual([200, { receiver: 'later', state: 'granted' }]);
    await endpoint.posted();
    expect((await bus.call('GET', '/v1/receivers/later')).body.validation).toEqual({
      state: 'granted',
      at: expect.any(String),
      allowedRatePerMinute: 60,
    });
  });

  it('can be asked again', async () => {
    let allowed = 'other.example.com';
    const endpoint = await endpointThat(() => ({
      status: 200,
      headers: { 'WebHook-Allowed-Origin': allowed },
    }));
    const settings = { endpoint: endpoint.url, validate: 'handshake' };
    const put = await bus.call('PUT', '/v1/receivers/asked', settings);
    expect(put.body.validation).toMatchObject({ state: 'refused', detail: expect.stringContaining(allowed) });
    await bus.call('POST', '/v1/receivers/asked/events', event);
    allowed = '*';
    const asked = await bus.call('POST', '/v1/receivers/asked/validate');
    expect(asked).toMatchObject({ status: 200, body: { validation: { state: 'granted' } } });
    await endpoint.posted();
  });

  it('refuses an unknown mode and names the field', async () => {
    const put = await bus.call('PUT', '/v1/receivers/odd', {
      endpoint: 'http://127.0.0.1:9/',
      validate: 'maybe',
    });
    expect(put).toMatchObject({ status: 400, body: { errors: [{ path: 'validate' }] } });
  });
});
