import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import * as z from 'zod';
import { type AcceptanceBus, startBus } from './bus.ts';
import { type Sink, startSink } from './sink.ts';

/** Spans by OTLP/HTTP, as a collector gets them: a server that holds them against the specification. */

const id = (digits: number) => z.string().regex(new RegExp(`^(?!0+$)[0-9a-f]{${digits}}$`));
const nanos = z.string().regex(/^1\d{18}$/);
const anyValue = z.union([
  z.strictObject({ stringValue: z.string() }),
  z.strictObject({ boolValue: z.boolean() }),
  z.strictObject({ intValue: z.string().regex(/^-?\d+$/) }),
  z.strictObject({ doubleValue: z.number() }),
]);
const attributes = z.array(z.strictObject({ key: z.string().min(1), value: anyValue }));
const span = z.strictObject({
  traceId: id(32),
  spanId: id(16),
  parentSpanId: id(16).optional(),
  name: z.string().min(1),
  kind: z.int().min(1).max(5),
  startTimeUnixNano: nanos,
  endTimeUnixNano: nanos,
  attributes,
  status: z.union([z.strictObject({}), z.strictObject({ code: z.literal(2), message: z.string().min(1) })]),
});
/** https://github.com/open-telemetry/opentelemetry-proto, `ExportTraceServiceRequest` as JSON. */
const exported = z.strictObject({
  resourceSpans: z
    .array(
      z.strictObject({
        resource: z.strictObject({ attributes }),
        scopeSpans: z
          .array(
            z.strictObject({
              scope: z.strictObject({ name: z.string().min(1), version: z.string() }),
              spans: z.array(span).min(1),
            }),
          )
          .min(1),
      }),
    )
    .min(1),
});
type Span = z.output<typeof span>;

let collector: Server;
let received: Span[] = [];
const problems: string[] = [];
const headers: IncomingHttpHeaders[] = [];
/** How the collector behaves. */
let mood: 'takes' | 'fails' | 'hangs' = 'takes';
let bus: AcceptanceBus;
let sink: Sink;
let bad: Sink;

beforeAll(async () => {
  collector = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => void chunks.push(chunk));
    request.on('end', () => {
      headers.push(request.headers);
      if (request.method !== 'POST' || request.url !== '/otel/v1/traces') problems.push(String(request.url));
      const parsed = exported.safeParse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
      if (!parsed.success) problems.push(parsed.error.message);
      else {
        for (const { scopeSpans } of parsed.data.resourceSpans)
          received.push(...scopeSpans.flatMap(({ spans }) => spans));
      }
      if (mood === 'hangs') return;
      response.writeHead(mood === 'fails' ? 503 : 200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  const { port } = collector.address() as AddressInfo;
  [bus, sink, bad] = await Promise.all([
    startBus({
      env: {
        BUSBAR_OTLP_ENDPOINT: `http://127.0.0.1:${port}/otel/`,
        BUSBAR_OTLP_HEADERS_SECRET: 'collector',
        BUSBAR_SECRETS: JSON.stringify({ collector: JSON.stringify({ 'x-api-key': 'hush' }) }),
      },
    }),
    startSink(),
    startSink((_, response) => response.writeHead(500).end()),
  ]);
  await bus.call('PUT', '/v1/topics/orders', {});
  await bus.call('PUT', '/v1/receivers/billing', { endpoint: sink.url });
  await bus.call('PUT', '/v1/receivers/broken', { endpoint: bad.url, retry: { delaysSeconds: [] } });
  await bus.call('PUT', '/v1/topics/orders/subscriptions/billing', {});
});
afterAll(async () => {
  expect(problems).toEqual([]);
  await Promise.all([sink?.close(), bad?.close()]);
  collector.closeAllConnections();
  await new Promise((resolve) => collector.close(resolve));
  expect(await bus?.stop()).toBe(0);
});

const named = (name: string, traceId: string) =>
  received.filter((one) => one.name === name && one.traceId === traceId);
async function spanNamed(name: string, traceId: string): Promise<Span> {
  await expect.poll(() => named(name, traceId).length, { timeout: 20_000 }).toBe(1);
  return named(name, traceId)[0] as Span;
}
const attribute = ({ attributes: all }: Span, key: string) => {
  const { value } = all.find((one) => one.key === key) ?? {};
  return value && Object.values(value)[0];
};
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';
const producer = '00f067aa0ba902b7';

it('of an event that brings a trace are children of its producer, and the endpoint gets the last one', async () => {
  await bus.call(
    'POST',
    '/v1/topics/orders/events',
    { id: 'o-1', type: 'order.placed', data: 1 },
    { traceparent: `00-${traceId}-${producer}-01` },
  );
  const publish = await spanNamed('publish orders', traceId);
  const deliver = await spanNamed('deliver billing', traceId);
  const post = await spanNamed('post billing', traceId);
  expect([publish, deliver, post].map(({ kind, parentSpanId }) => [kind, parentSpanId])).toEqual([
    [4, producer],
    [5, producer],
    [3, deliver.spanId],
  ]);
  expect(new Set([publish.spanId, deliver.spanId, post.spanId, producer]).size).toBe(4);
  const arrival = sink.arrivals.find(({ headers: of }) => String(of.traceparent).includes(traceId));
  expect(arrival?.headers.traceparent).toBe(`00-${traceId}-${post.spanId}-01`);
  for (const { startTimeUnixNano, endTimeUnixNano, status } of [publish, deliver, post]) {
    expect(BigInt(endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(startTimeUnixNano));
    expect(Math.abs(Number(BigInt(startTimeUnixNano) / 1_000_000n) - Date.now())).toBeLessThan(60_000);
    expect(status).toEqual({});
  }
  expect([attribute(post, 'http.response.status_code'), attribute(deliver, 'cloudevents.event_id')]).toEqual([
    '204',
    'o-1',
  ]);
  expect(headers.every((of) => of['x-api-key'] === 'hush')).toBe(true);
  expect(headers.every((of) => of['content-type'] === 'application/json')).toBe(true);
});

it('of an event without a trace begin one', async () => {
  await bus.call('POST', '/v1/topics/orders/events', { id: 'o-2', type: 'order.placed', data: 1 });
  const mine = () =>
    received.find((one) => attribute(one, 'cloudevents.event_id') === 'o-2' && one.kind === 5);
  await expect.poll(() => mine()?.name, { timeout: 20_000 }).toBe('deliver billing');
  const publish = await spanNamed('publish orders', String(mine()?.traceId));
  expect(publish.parentSpanId).toBeUndefined();
  expect(mine()?.parentSpanId).toBe(publish.spanId);
});

it('of an attempt that failed say so', async () => {
  const failing = traceId.replace('4b', '4c');
  await bus.call(
    'POST',
    '/v1/receivers/broken/events',
    { id: 'o-3', type: 'order.placed', data: 1 },
    { traceparent: `00-${failing}-${producer}-01` },
  );
  for (const name of ['deliver broken', 'post broken']) {
    expect((await spanNamed(name, failing)).status).toEqual({ code: 2, message: '500' });
  }
});

it('are not made of a trace that is not sampled', async () => {
  const unsampled = traceId.replace('4b', '4d');
  await bus.call(
    'POST',
    '/v1/topics/orders/events',
    { id: 'o-4', type: 'order.placed', data: 1 },
    { traceparent: `00-${unsampled}-${producer}-00` },
  );
  await expect
    .poll(() => sink.arrivals.some(({ headers: of }) => String(of.traceparent).includes(unsampled)), {
      timeout: 20_000,
    })
    .toBe(true);
  // What comes after it is exported later.
  const after = traceId.replace('4b', '4e');
  await bus.call(
    'POST',
    '/v1/topics/orders/events',
    { id: 'o-5', type: 'order.placed', data: 1 },
    { traceparent: `00-${after}-${producer}-01` },
  );
  await spanNamed('post billing', after);
  expect(received.filter((one) => one.traceId === unsampled)).toEqual([]);
});

it('never hold up or fail an event, whatever the collector does', async () => {
  for (const [at, bad] of (['fails', 'hangs'] as const).entries()) {
    mood = bad;
    const own = traceId.replace('4b', `5${at}`);
    const { status } = await bus.call(
      'POST',
      '/v1/topics/orders/events',
      { id: `o-${bad}`, type: 'order.placed', data: 1 },
      { traceparent: `00-${own}-${producer}-01` },
    );
    expect(status).toBe(202);
    await expect
      .poll(() => sink.arrivals.filter(({ headers: of }) => String(of.traceparent).includes(own)).length, {
        timeout: 20_000,
      })
      .toBe(1);
  }
  mood = 'takes';
  received = [];
  const own = traceId.replace('4b', '60');
  await bus.call(
    'POST',
    '/v1/topics/orders/events',
    { id: 'o-again', type: 'order.placed', data: 1 },
    { traceparent: `00-${own}-${producer}-01` },
  );
  await spanNamed('post billing', own);
});
