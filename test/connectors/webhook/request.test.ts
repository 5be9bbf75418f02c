import { validateHeaderValue } from 'node:http';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { writeRequest } from '../../../lib/connectors/webhook/request.ts';
import type { Delivery } from '../../../lib/core/deliver/delivery.ts';
import { type AttributeValue, createEvent } from '../../../lib/core/event/event.ts';
import { readEvents } from '../../../lib/core/event/forms.ts';
import { secretKey, writeSecret } from '../../../lib/core/kernel/signature.ts';
import { attributeText, readBySdk } from '../../core/sdk.ts';

const secret = writeSecret(Buffer.alloc(32, 9));
/** The verifier of the library holds the timestamp against the machine's clock. */
const nowMs = Date.now();
const required = { id: 'e-1', source: '/orders', type: 'order.created', time: '2026-01-31T12:00:00Z' };

function requestOf(
  event: { attributes?: Record<string, AttributeValue>; data?: string; base64?: string },
  options: Partial<Parameters<typeof writeRequest>[0]> = {},
) {
  const text = event.data ?? event.base64;
  const { body } = createEvent({
    attributes: { ...required, ...event.attributes },
    data: text === undefined ? undefined : { text, binary: event.base64 !== undefined },
  });
  const delivery: Delivery = {
    deliveryId: 'dlv_1',
    receiver: 'shop',
    topic: 'orders',
    eventId: 'e-1',
    eventSource: '/orders',
    eventType: 'order.created',
    traceparent: undefined,
    body,
  };
  const request = writeRequest({
    delivery,
    attempt: 3,
    nowMs,
    format: 'structured',
    keys: [secretKey(secret)],
    headers: undefined,
    traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    ...options,
  });
  return { ...request, text: Buffer.from(request.body).toString('utf8'), event: body };
}

describe('every request', () => {
  it.each(['structured', 'binary'] as const)('says what the contract fixes, in %s form', (format) => {
    const { headers, text } = requestOf({ data: '{"a":1}' }, { format });
    expect(headers).toMatchObject({
      'webhook-id': 'dlv_1',
      'webhook-timestamp': String(Math.floor(nowMs / 1000)),
      'busbar-topic': 'orders',
      'busbar-attempt': '3',
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
    });
    expect(new Webhook(secret).verify(text, { ...headers })).toBeDefined();
  });

  it('names no topic when the event was sent to the receiver, and no trace where there is none', () => {
    const { headers } = requestOf({}, { traceparent: undefined });
    expect(headers).not.toHaveProperty('traceparent');
    const { headers: invoked } = writeRequest({
      delivery: { ...deliveryWithout, topic: undefined },
      attempt: 1,
      nowMs,
      format: 'structured',
      keys: [secretKey(secret)],
      headers: undefined,
      traceparent: undefined,
    });
    expect(invoked).not.toHaveProperty('busbar-topic');
  });

  it('carries the headers of the receiver, which cannot replace those of the bus', () => {
    const { headers } = requestOf(
      {},
      {
        headers: {
          'x-tenant': 'acme',
          'webhook-id': 'evil',
          'content-type': 'text/html',
          'busbar-attempt': '99',
        },
      },
    );
    expect(headers).toMatchObject({
      'x-tenant': 'acme',
      'webhook-id': 'dlv_1',
      'content-type': 'application/cloudevents+json',
      'busbar-attempt': '3',
    });
  });
});

const deliveryWithout: Delivery = {
  deliveryId: 'dlv_1',
  receiver: 'shop',
  topic: undefined,
  eventId: 'e-1',
  eventSource: '/orders',
  eventType: 'order.created',
  traceparent: undefined,
  body: createEvent({ attributes: required, data: undefined }).body,
};

it('sends the structured form letter by letter as it was accepted', () => {
  const { headers, text, event } = requestOf({ data: '{ "n": 12345678901234567890 }' });
  expect(headers['content-type']).toBe('application/cloudevents+json');
  expect(text).toBe(event);
});

describe('the binary form', () => {
  const binary = { format: 'binary' } as const;

  it.each<[string, Parameters<typeof requestOf>[0], body: string, contentType: string | undefined]>([
    [
      'JSON letter by letter',
      { data: '{ "n": 1.50, "m": 12345678901234567890 }' },
      '{ "n": 1.50, "m": 12345678901234567890 }',
      'application/json',
    ],
    [
      'a JSON string with its quotes',
      { data: '"hello"', attributes: { datacontenttype: 'application/json' } },
      '"hello"',
      'application/json',
    ],
    ['null', { data: 'null' }, 'null', 'application/json'],
    [
      'text without quotes',
      { data: '"Grüße"', attributes: { datacontenttype: 'text/plain' } },
      'Grüße',
      'text/plain',
    ],
    [
      'XML',
      { data: '"<a/>"', attributes: { datacontenttype: 'application/xml' } },
      '<a/>',
      'application/xml',
    ],
    [
      'a structured suffix',
      { data: '"x"', attributes: { datacontenttype: 'application/vnd.x+json' } },
      '"x"',
      'application/vnd.x+json',
    ],
    ['nothing', {}, '', undefined],
  ])('carries %s', (_, event, body, contentType) => {
    const { headers, text } = requestOf(event, binary);
    expect(text).toBe(body);
    expect(headers['content-type']).toBe(contentType);
    expect(Object.keys(headers)).not.toContain('ce-datacontenttype');
  });

  it('carries bytes as they are', () => {
    const bytes = Buffer.from([0, 255, 10, 128]);
    const { body, headers } = requestOf(
      { base64: bytes.toString('base64'), attributes: { datacontenttype: 'image/png' } },
      binary,
    );
    expect(Buffer.from(body)).toEqual(bytes);
    expect(headers['content-type']).toBe('image/png');
  });

  it('is read by the independent CloudEvents SDK', () => {
    const { headers, text } = requestOf(
      {
        data: '{"orderId":"o-1"}',
        attributes: { subject: 'o-1', tenant: 'acme', datacontenttype: 'application/json' },
      },
      binary,
    );
    const read = readBySdk(headers, text);
    expect(read).toMatchObject({
      id: 'e-1',
      source: '/orders',
      type: 'order.created',
      subject: 'o-1',
      tenant: 'acme',
      data: { orderId: 'o-1' },
    });
  });

  it('escapes what a header cannot carry (HTTP binding, section 3.1.3.2)', () => {
    const { headers } = requestOf({ attributes: { subject: 'Euro € 😀 "100%"' } }, binary);
    expect(headers['ce-subject']).toBe('Euro%20%E2%82%AC%20%F0%9F%98%80%20%22100%25%22');
  });

  it('lets no attribute inject a header, and reads back to the same event, whatever it says', () => {
    const characters = attributeText(60);
    fc.assert(
      fc.property(characters, characters, fc.jsonValue(), (subject, tenant, data) => {
        const json = JSON.stringify(data);
        const sent = requestOf(
          { data: json, attributes: { subject, tenant, datacontenttype: 'application/json' } },
          binary,
        );
        for (const [name, value] of Object.entries(sent.headers)) {
          validateHeaderValue(name, value);
          expect(value).toMatch(/^[\x20-\x7e]*$/);
        }
        const [entry] = readEvents(
          { contentType: sent.headers['content-type'], headers: sent.headers, body: Buffer.from(sent.body) },
          { nowMs, source: '/', publisher: 'shop', uuid: () => 'unused', traceparent: 'unused' },
        );
        if (entry === undefined || 'error' in entry) throw entry?.error ?? new Error('There is no entry.');
        const { traceparent: _, busbarpublisher: __, ...read } = JSON.parse(entry.event.body);
        expect(read).toEqual(JSON.parse(sent.event));
      }),
    );
  });
});
