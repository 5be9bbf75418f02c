import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createClient, type EventInput, verify } from '../../lib/client/index.ts';
import { writeRequest } from '../../lib/connectors/webhook/request.ts';
import { readEvents } from '../../lib/core/event/forms.ts';
import { createSecret, secretKey } from '../../lib/core/kernel/signature.ts';

const nowMs = Date.parse('2026-03-01T12:00:00Z');
const secret = createSecret({ bytes: (length) => Buffer.alloc(length, 7) });

/** Publishes with the client, reads the request and writes the delivery as the bus does, and verifies with the client. */
async function passThrough(event: EventInput, format: 'structured' | 'binary') {
  const bodies: { contentType: string; body: string }[] = [];
  const client = createClient({
    url: 'http://bus.test',
    clock: { now: () => nowMs, sleep: () => Promise.resolve() },
    async fetch(_, init) {
      const contentType = new Headers(init?.headers).get('content-type') ?? '';
      bodies.push({ contentType, body: String(init?.body) });
      return Response.json({ events: [{ index: 0, status: 'accepted' }] }, { status: 202 });
    },
  });
  await client.publish('orders', event);
  const [request = expect.fail('Nothing was sent.')] = bodies;
  const [entry] = readEvents(
    { contentType: request.contentType, headers: {}, body: Buffer.from(request.body) },
    {
      nowMs,
      source: '/default',
      publisher: 'shop',
      uuid: () => 'made-by-the-bus',
      traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    },
  );
  if (entry === undefined || 'error' in entry) expect.fail(entry?.error.message ?? 'There is no entry.');
  const accepted = entry.event;
  const delivery = {
    deliveryId: 'dlv_1',
    receiver: 'billing',
    topic: 'orders',
    eventId: accepted.id,
    eventSource: accepted.source,
    eventType: accepted.type,
    traceparent: accepted.traceparent,
    body: accepted.body,
  };
  const { headers, body } = writeRequest({
    delivery,
    attempt: 3,
    nowMs,
    format,
    keys: [secretKey(secret)],
    headers: undefined,
    traceparent: accepted.traceparent,
  });
  return verify({ headers, body, secret, now: nowMs });
}

describe('an event from the client through the bus to the client', () => {
  const attribute = fc.stringMatching(/^[A-Za-z0-9][ -~äß€😀]{0,20}[A-Za-z0-9]$/u);

  for (const format of ['structured', 'binary'] as const) {
    it(`arrives as it was published, in ${format} mode`, async () => {
      await fc.assert(
        fc.asyncProperty(
          attribute,
          attribute,
          fc.jsonValue({ maxDepth: 4 }),
          fc.boolean(),
          async (id, subject, data, whole) => {
            const event = { id, subject, source: '/shop', type: 'order.placed', data };
            const given: EventInput = whole ? { ...event, specversion: '1.0', shop: 'berlin' } : event;
            const delivery = await passThrough(given, format);
            expect(delivery).toMatchObject({ deliveryId: 'dlv_1', topic: 'orders', attempt: 3 });
            expect(JSON.stringify(delivery.event.data)).toBe(JSON.stringify(data));
            expect(delivery.event).toMatchObject({
              id,
              subject,
              source: '/shop',
              ...(whole && { shop: 'berlin' }),
            });
            expect(delivery.event.time).toBe('2026-03-01T12:00:00.000Z');
          },
        ),
      );
    });

    it(`keeps binary data, and an event without data, in ${format} mode`, async () => {
      const picture = {
        specversion: '1.0' as const,
        id: 'p1',
        source: '/cam',
        type: 'picture.taken',
        datacontenttype: 'image/png',
        data: new Uint8Array([0, 10, 255]),
      };
      expect((await passThrough(picture, format)).event.data).toEqual(picture.data);
      expect((await passThrough({ type: 'ping' }, format)).event).not.toHaveProperty('data');
    });
  }
});
