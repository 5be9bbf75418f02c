import { HTTP } from 'cloudevents';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AcceptanceBus, startBus } from './bus.ts';
import { type Sink, startSink } from './sink.ts';

let bus: AcceptanceBus;
let sink: Sink;
let secret: string;

beforeAll(async () => {
  [bus, sink] = await Promise.all([startBus(), startSink()]);
  await bus.call('PUT', '/v1/topics/orders', {});
  const made = await bus.call('PUT', '/v1/receivers/billing', { endpoint: sink.url });
  secret = made.body.secret;
  await bus.call('PUT', '/v1/topics/orders/subscriptions/billing', {});
});

afterAll(async () => {
  await sink?.close();
  expect(await bus?.stop()).toBe(0);
});

const arrivalOf = async (id: string) => {
  const [arrival] = await sink.waitFor(
    1,
    ({ body, headers }) => body.includes(id) || headers['ce-id'] === id,
  );
  if (arrival === undefined) throw new Error('nothing arrived');
  return arrival;
};

describe('the bus', () => {
  it('answers health without a key', async () => {
    const answer = await fetch(`${bus.url}/v1/health`);
    expect(answer.status).toBe(200);
  });

  it('delivers shorthand as a signed, structured CloudEvent', async () => {
    const published = await bus.call('POST', '/v1/topics/orders/events', {
      type: 'order.placed',
      data: { orderId: '1', total: 12.5 },
      id: 'shorthand-1',
    });
    expect(published.status).toBe(202);
    expect(published.body).toEqual({ events: [{ index: 0, id: 'shorthand-1', status: 'accepted' }] });

    const { headers, body } = await arrivalOf('shorthand-1');
    expect(headers['content-type']).toBe('application/cloudevents+json');
    expect(headers['busbar-topic']).toBe('orders');
    expect(headers['busbar-attempt']).toBe('1');
    expect(headers.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
    expect(JSON.parse(body)).toMatchObject({
      specversion: '1.0',
      id: 'shorthand-1',
      source: '/applications/admin',
      type: 'order.placed',
      datacontenttype: 'application/json',
      data: { orderId: '1', total: 12.5 },
    });
  });

  it('signs deliveries that the standardwebhooks and svix packages verify, and refuse if the body is changed', async () => {
    await bus.call('POST', '/v1/topics/orders/events', { type: 'order.placed', data: 1, id: 'signed-1' });
    const { headers, body } = await arrivalOf('signed-1');
    const signed = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    for (const webhook of [new StandardWebhook(secret), new SvixWebhook(secret)]) {
      expect(webhook.verify(body, signed)).toMatchObject({ id: 'signed-1' });
      expect(() => webhook.verify(`${body} `, signed)).toThrow();
    }
  });

  it('keeps the extensions and the exact data of a structured CloudEvent', async () => {
    const event =
      '{"specversion":"1.0","id":"structured-1","source":"/shop","type":"order.paid","tenant":"acme","retries":3,' +
      '"data": {"amount":12345678901234567890.10,  "note":"\\u00e9"}}';
    const published = await bus.call('POST', '/v1/topics/orders/events', event, {
      'content-type': 'application/cloudevents+json; charset=utf-8',
    });
    expect(published.status).toBe(202);
    const { headers, body } = await arrivalOf('structured-1');
    expect(body).toContain('"data":{"amount":12345678901234567890.10,  "note":"\\u00e9"}');
    const parsed = HTTP.toEvent({ headers, body });
    expect(parsed).toMatchObject({ id: 'structured-1', tenant: 'acme', retries: 3, type: 'order.paid' });
  });

  it('accepts a batch and returns a result for each event', async () => {
    const events = [1, 2, 3].map((n) => ({
      specversion: '1.0',
      id: `batch-${n}`,
      source: '/shop',
      type: n === 2 ? '' : 'order.paid',
      data: n,
    }));
    const published = await bus.call('POST', '/v1/topics/orders/events', events, {
      'content-type': 'application/cloudevents-batch+json',
    });
    expect(published.status).toBe(202);
    expect(published.body.events).toMatchObject([
      { index: 0, id: 'batch-1', status: 'accepted' },
      { index: 1, id: 'batch-2', status: 'rejected', code: 'invalid_event' },
      { index: 2, id: 'batch-3', status: 'accepted' },
    ]);
    await Promise.all([arrivalOf('batch-1'), arrivalOf('batch-3')]);
    expect(sink.arrivals.some(({ body }) => body.includes('"batch-2"'))).toBe(false);
  });

  it('accepts binary mode, with JSON and other data', async () => {
    const headers = {
      'ce-specversion': '1.0',
      'ce-id': 'binary-1',
      'ce-source': '/shop',
      'ce-type': 'order.seen',
    };
    await bus.call('POST', '/v1/topics/orders/events', '{"n":1}', headers);
    const json = JSON.parse((await arrivalOf('binary-1')).body);
    expect(json).toMatchObject({ id: 'binary-1', data: { n: 1 }, datacontenttype: 'application/json' });

    const bytes = new Uint8Array([0, 255, 128, 10]);
    const asImage = { ...headers, 'ce-id': 'binary-2', 'content-type': 'image/png' };
    const published = await bus.call('POST', '/v1/topics/orders/events', bytes, asImage);
    expect(published.status).toBe(202);
    const image = JSON.parse((await arrivalOf('binary-2')).body);
    expect(Buffer.from(image.data_base64, 'base64')).toEqual(Buffer.from(bytes));
    expect(image.datacontenttype).toBe('image/png');
  });

  it('delivers in binary mode to a receiver with that format', async () => {
    await bus.call('PUT', '/v1/receivers/legacy', { endpoint: sink.url, format: 'binary' });
    await bus.call('POST', '/v1/receivers/legacy/events', {
      type: 'order.placed',
      subject: 'Zürich 50%',
      data: { n: 1 },
      id: 'to-binary-1',
    });
    const { headers, body } = await arrivalOf('to-binary-1');
    expect(body).toBe('{"n":1}');
    expect(headers['content-type']).toBe('application/json');
    expect(headers['ce-type']).toBe('order.placed');
    expect(HTTP.toEvent({ headers, body })).toMatchObject({ id: 'to-binary-1', data: { n: 1 } });
    expect(decodeURIComponent(String(headers['ce-subject']))).toBe('Zürich 50%');
  });

  it('invokes one receiver by name, without a topic', async () => {
    const invoked = await bus.call('POST', '/v1/receivers/billing/events', [
      { type: 'recount', data: {}, id: 'invoke-1' },
      { type: 'recount', data: {}, id: 'invoke-2' },
    ]);
    expect(invoked.status).toBe(202);
    const { headers } = await arrivalOf('invoke-1');
    expect(headers['busbar-topic']).toBeUndefined();
    await arrivalOf('invoke-2');
  });

  it('routes by filters over attributes and data', async () => {
    const filtered = await startSink();
    try {
      await bus.call('PUT', '/v1/receivers/large-orders', { endpoint: filtered.url });
      const filter = { type: [{ prefix: 'order.' }], data: { total: [{ numeric: ['>=', 100] }] } };
      const made = await bus.call('PUT', '/v1/topics/orders/subscriptions/large-orders', { filter });
      expect(made.status).toBe(201);
      expect(made.body.filter).toEqual(filter);
      const events = [50, 100, 150].map((total) => ({
        type: 'order.placed',
        id: `total-${total}`,
        data: { total },
      }));
      await bus.call('POST', '/v1/topics/orders/events', [
        ...events,
        { type: 'invoice.sent', id: 'total-other', data: { total: 500 } },
      ]);
      const arrived = await filtered.waitFor(2);
      expect(arrived.map(({ body }) => JSON.parse(body).id).sort()).toEqual(['total-100', 'total-150']);
      // When the unfiltered receiver has all events, the filtered one must not have got more.
      await Promise.all(['total-50', 'total-100', 'total-150', 'total-other'].map(arrivalOf));
      expect(filtered.arrivals).toHaveLength(2);
    } finally {
      await filtered.close();
    }
  });

  it("reports a second event with the same source and id as a duplicate, within the topic's window", async () => {
    await bus.call('PUT', '/v1/topics/payments', { dedupSeconds: 60 });
    const event = { type: 'paid', data: 1, id: 'payment-1' };
    const first = await bus.call('POST', '/v1/topics/payments/events', event);
    const second = await bus.call('POST', '/v1/topics/payments/events', event);
    const other = await bus.call('POST', '/v1/topics/payments/events', { ...event, source: '/elsewhere' });
    expect(first.body.events[0].status).toBe('accepted');
    expect(second.body.events[0].status).toBe('duplicate');
    expect(other.body.events[0].status).toBe('accepted');
  });

  it('delivers a delayed event when it is due and not earlier', async () => {
    const sentMs = Date.now();
    const published = await bus.call('POST', '/v1/topics/orders/events', {
      type: 'order.reminded',
      id: 'delayed-1',
      data: {},
      delaySeconds: 2,
    });
    expect(published.body.events[0].status).toBe('scheduled');
    const { atMs } = await arrivalOf('delayed-1');
    expect(atMs - sentMs).toBeGreaterThanOrEqual(2000);
  });

  it('accepts the same publish bodies by invoking the function', async () => {
    const { InvokeCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
    const lambda = new LambdaClient({
      endpoint: bus.awsUrl,
      region: 'us-east-1',
      credentials: bus.awsCredentials,
    });
    const answer = await lambda.send(
      new InvokeCommand({
        FunctionName: 'busbar-publish',
        Payload: JSON.stringify({
          topic: 'orders',
          body: [{ type: 'order.placed', id: 'direct-1', data: {} }],
        }),
      }),
    );
    expect(answer.FunctionError).toBeUndefined();
    expect(JSON.parse(Buffer.from(answer.Payload ?? []).toString())).toEqual({
      events: [{ index: 0, id: 'direct-1', status: 'accepted' }],
    });
    await arrivalOf('direct-1');
  });
});
