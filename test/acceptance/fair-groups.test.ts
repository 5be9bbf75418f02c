import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AcceptanceBus, startBus } from './bus.ts';

/** What the meter counts for fairness, which costs extra where a receiver gets several types, and nothing elsewhere. */

let bus: AcceptanceBus;
const server = createServer((_request, response) => response.writeHead(204).end());

beforeAll(async () => {
  bus = await startBus();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  await bus.call('PUT', '/v1/topics/orders', {});
  for (const [receiver, filter] of [
    ['all', undefined],
    ['paid', { type: ['order.paid'] }],
  ] as const) {
    await bus.call('PUT', `/v1/receivers/${receiver}`, { endpoint });
    await bus.call('PUT', `/v1/topics/orders/subscriptions/${receiver}`, filter && { filter });
  }
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await bus.stop();
});

/** Publishes one event after the other. Resolves to how many requests had a group. */
async function fairRequests(...types: string[]): Promise<number> {
  const counted = async () => {
    const response = await fetch(new URL('/_busbar/meter', bus.awsUrl));
    return ((await response.json()) as Record<string, number>)['sqs.fair-requests'] ?? 0;
  };
  const before = await counted();
  for (const type of types) {
    const { status } = await bus.call('POST', '/v1/topics/orders/events', { type, data: {} });
    expect(status).toBe(202);
  }
  return (await counted()) - before;
}

it('counts groups only for the receiver that gets a second type, and from that on', async () => {
  expect(await fairRequests('order.paid', 'order.paid', 'order.paid')).toBe(0);
  // From the second type on: one request to the receiver of both, none to the one whose filter lets one pass.
  expect(await fairRequests('order.sent')).toBe(1);
  expect(await fairRequests('order.paid', 'order.paid', 'order.sent')).toBe(3);
});
