import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AcceptanceBus, type Answer, startBus } from './bus.ts';
import { type Sink, startSink } from './sink.ts';

let bus: AcceptanceBus;
let sink: Sink;

beforeAll(async () => {
  [bus, sink] = await Promise.all([startBus(), startSink()]);
  await bus.call('PUT', '/v1/topics/orders', {});
  await bus.call('PUT', '/v1/receivers/billing', { endpoint: sink.url });
});

afterAll(async () => {
  await sink?.close();
  expect(await bus?.stop()).toBe(0);
});

/** Every refusal is a problem document with a code, and names the field if there is one. */
function expectProblem(answer: Answer, status: number, code: string, path?: string): void {
  expect(answer.body).toMatchObject({ status, code });
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  for (const member of ['type', 'title', 'detail']) expect(answer.body[member]).toEqual(expect.any(String));
  if (path !== undefined)
    expect(answer.body.errors.map((error: { path: string }) => error.path)).toContain(path);
}

const publish = (body: unknown, headers?: Record<string, string>) =>
  bus.call('POST', '/v1/topics/orders/events', body, headers);

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

describe('an invalid publish is refused as a whole, and nothing of it is delivered', () => {
  it.each([
    ['malformed JSON', '{"type":', 400, 'malformed_json'],
    ['a duplicate member', '{"type":"a","type":"b","data":1}', 400, 'malformed_json'],
    ['deep nesting', `{"type":"a","data":${nested(100)}}`, 400, 'malformed_json'],
    ['extreme nesting', nested(400_000), 400, 'malformed_json'],
    ['JSON that is not an object', '"hello"', 400, 'invalid_event'],
    ['an empty batch', '[]', 400, 'empty_batch'],
    [
      'a batch over 100',
      JSON.stringify(Array.from({ length: 101 }, () => ({ type: 'a', data: 1 }))),
      400,
      'batch_too_long',
    ],
    ['an unknown field', '{"type":"a","data":1,"colour":"red"}', 400, 'invalid_event'],
    ['a missing type', '{"data":1}', 400, 'invalid_event'],
    ['an empty type', '{"type":"","data":1}', 400, 'invalid_event'],
    ['an invalid time', '{"type":"a","data":1,"time":"yesterday"}', 400, 'invalid_event'],
    ['a source with spaces', '{"type":"a","data":1,"source":"my shop"}', 400, 'invalid_event'],
    ['a negative delay', '{"type":"a","data":1,"delaySeconds":-1}', 400, 'invalid_event'],
    [
      'a delay and a date',
      '{"type":"a","data":1,"delaySeconds":1,"deliverAt":"2030-01-01T00:00:00Z"}',
      400,
      'invalid_event',
    ],
    ['invalid UTF-8', new Uint8Array([0x7b, 0xff, 0x7d]), 400, 'malformed_json'],
    [
      'an event over 256 KB',
      JSON.stringify({ type: 'a', data: 'x'.repeat(256 * 1024) }),
      400,
      'event_too_large',
    ],
    [
      'a request over 1 MB',
      JSON.stringify({ type: 'a', data: 'x'.repeat(1024 * 1024) }),
      413,
      'request_too_large',
    ],
  ])('%s', async (_, body, status, code) => {
    expectProblem(await publish(body), status, code);
  });

  it('names the attribute of a CloudEvent that violates the specification', async () => {
    const event = { specversion: '1.0', id: '1', source: '/a', type: 'a', data: 1 };
    const cases: [Record<string, unknown>, string][] = [
      [{ ...event, specversion: '0.3' }, 'specversion'],
      [{ ...event, id: '' }, 'id'],
      [{ ...event, id: undefined }, 'id'],
      [{ ...event, Tenant: 'a' }, 'Tenant'],
      [{ ...event, tenant: { a: 1 } }, 'tenant'],
      [{ ...event, size: 1.5 }, 'size'],
      [{ ...event, subject: 'a\u0000b' }, 'subject'],
      [{ ...event, data_base64: 'AA==' }, 'data_base64'],
      [{ ...event, dataschema: 'not absolute' }, 'dataschema'],
    ];
    for (const [body, path] of cases) {
      const answer = await publish(body, { 'content-type': 'application/cloudevents+json' });
      expectProblem(answer, 400, 'invalid_event');
      expect(answer.body.detail).toContain(path);
    }
  });

  it('refuses an unknown content type', async () => {
    expectProblem(await publish('type=a', { 'content-type': 'text/plain' }), 415, 'unsupported_media_type');
  });

  it('refuses an array as a single event, and a single event as a batch', async () => {
    const event = { specversion: '1.0', id: '1', source: '/a', type: 'a' };
    expectProblem(
      await publish([event], { 'content-type': 'application/cloudevents+json' }),
      400,
      'invalid_event',
    );
    expectProblem(
      await publish(event, { 'content-type': 'application/cloudevents-batch+json' }),
      400,
      'invalid_event',
    );
  });

  it('accepts the first of two different events with the same id and source in a batch, and rejects the second', async () => {
    const answer = await publish([
      { type: 'a', id: 'twin', data: 1 },
      { type: 'a', id: 'twin', data: 2 },
      { type: 'a', id: 'same', data: 1 },
      { type: 'a', id: 'same', data: 1 },
    ]);
    expect(answer.body.events).toMatchObject([
      { status: 'accepted' },
      { status: 'rejected', code: 'id_conflict' },
      { status: 'accepted' },
      { status: 'duplicate' },
    ]);
  });

  it('refuses an unknown topic and an unknown receiver', async () => {
    expectProblem(
      await bus.call('POST', '/v1/topics/nowhere/events', { type: 'a', data: 1 }),
      404,
      'unknown_topic',
    );
    expectProblem(
      await bus.call('POST', '/v1/receivers/nobody/events', { type: 'a', data: 1 }),
      404,
      'unknown_receiver',
    );
  });

  it('delivered none of these', () => {
    expect(sink.arrivals).toEqual([]);
  });
});

describe('keys', () => {
  it.each([
    ['no key', {}],
    ['another scheme', { authorization: 'Basic YTpi' }],
    ['an unknown key', { authorization: 'Bearer bbk_unknown' }],
    ['an empty key', { authorization: 'Bearer ' }],
  ])('%s is a 401 on every call', async (_, headers) => {
    for (const [method, path] of [
      ['GET', '/v1/topics'],
      ['PUT', '/v1/topics/orders'],
      ['POST', '/v1/topics/orders/events'],
    ] as const) {
      const response = await fetch(`${bus.url}${path}`, {
        method,
        headers,
        ...(method !== 'GET' && { body: '{}' }),
      });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer');
      const text = await response.text();
      expect(text).not.toContain('bbk_unknown');
    }
  });
});

describe('the registry', () => {
  const receiver = (body: unknown) => bus.call('PUT', '/v1/receivers/wrong', body);

  it.each([
    ['an endpoint that is not a URL', { endpoint: 'somewhere' }, 'endpoint'],
    ['no endpoint', {}, 'endpoint'],
    ['another scheme', { endpoint: 'ftp://example.com/' }, 'endpoint'],
    ['credentials in the URL', { endpoint: 'https://me:secret@example.com/' }, 'endpoint'],
    ['a host that never resolves', { endpoint: 'https://nowhere.invalid/' }, 'endpoint'],
    ['port 0', { endpoint: 'http://127.0.0.1:0/' }, 'endpoint'],
    ['an unknown field', { endpoint: 'http://127.0.0.1:9/', retries: 3 }, 'retries'],
    ['a nested unknown field', { endpoint: 'http://127.0.0.1:9/', limits: { speed: 1 } }, 'limits.speed'],
    ['an unknown format', { endpoint: 'http://127.0.0.1:9/', format: 'xml' }, 'format'],
    [
      'a negative delay',
      { endpoint: 'http://127.0.0.1:9/', retry: { delaysSeconds: [1, -1] } },
      'retry.delaysSeconds.1',
    ],
    [
      'a header with a line break',
      { endpoint: 'http://127.0.0.1:9/', headers: { 'x-a': 'a\r\nb: c' } },
      'headers.x-a',
    ],
    [
      'a reserved header',
      { endpoint: 'http://127.0.0.1:9/', headers: { 'webhook-id': 'a' } },
      'headers.webhook-id',
    ],
    ['an invalid secret', { endpoint: 'http://127.0.0.1:9/', secret: 'hush' }, 'secret'],
  ])('refuses a receiver with %s', async (_, body, path) => {
    expectProblem(await receiver(body), 400, 'invalid_request', path);
    expect((await bus.call('GET', '/v1/receivers/wrong')).status).toBe(404);
  });

  it('refuses the bus itself as an endpoint, under each of its names', async () => {
    const { port } = new URL(bus.url);
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '127.9.9.9']) {
      const answer = await receiver({ endpoint: `http://${host}:${port}/v1/topics/orders/events` });
      expectProblem(answer, 400, 'invalid_request', 'endpoint');
      expect(answer.body.detail).toContain('circle');
    }
  });

  it('never echoes an invalid secret', async () => {
    const answer = await receiver({ endpoint: sink.url, secret: 'whsec_tooshort' });
    expect(JSON.stringify(answer.body)).not.toContain('tooshort');
  });

  it('shows the secret only once', async () => {
    const made = await bus.call('PUT', '/v1/receivers/discreet', { endpoint: sink.url });
    expect(made.status).toBe(201);
    expect(made.body.secret).toMatch(/^whsec_/);
    const again = await bus.call('PUT', '/v1/receivers/discreet', { endpoint: sink.url, timeoutSeconds: 5 });
    expect(again.status).toBe(200);
    for (const answer of [
      again,
      await bus.call('GET', '/v1/receivers/discreet'),
      await bus.call('GET', '/v1/receivers'),
    ]) {
      expect(JSON.stringify(answer.body)).not.toContain(made.body.secret);
    }
  });

  it.each(['Orders', '-orders', 'a_b', 'a'.repeat(49), 'a%20b', 'ünder'])(
    'refuses the name %s',
    async (name) => {
      const answer = await bus.call('PUT', `/v1/topics/${name}`, {});
      expectProblem(answer, 400, 'invalid_request', 'topic');
    },
  );

  it.each([
    ['an array', []],
    ['an empty filter', {}],
    ['a value that is not a list', { type: 'order' }],
    ['an unknown operator', { type: [{ like: 'a' }] }],
    ['six keys', Object.fromEntries(['a', 'b', 'c', 'd', 'e', 'f'].map((key) => [key, ['x']]))],
    ['an invalid number range', { data: { n: [{ numeric: ['>', 'x'] }] } }],
    ['nesting in an attribute', { type: { a: ['b'] } }],
    ['a wildcard of many asterisks', { type: [{ wildcard: '*a*a*a*a*' }] }],
    ['a wildcard without an end', { type: [{ wildcard: `${'a'.repeat(10_000)}*` }] }],
    [
      'a long list in an operator',
      { type: [{ 'anything-but': Array.from({ length: 200 }, (_, n) => `${n}`) }] },
    ],
    ['100 KB', { type: ['x'.repeat(100_000)] }],
  ])('refuses a filter with %s', async (_, filter) => {
    const answer = await bus.call('PUT', '/v1/topics/orders/subscriptions/billing', { filter });
    expectProblem(answer, 400, 'invalid_filter');
    expect((await bus.call('GET', '/v1/topics/orders/subscriptions/billing')).status).toBe(404);
  });

  it.each([
    ['that never fires', { cron: '0 0 30 2 *' }, 'cron'],
    ['of six fields', { cron: '0 0 30 2 * *' }, 'cron'],
    ['that lists more than there is', { cron: `${'0,'.repeat(60)}0 * * * *` }, 'cron'],
    ['of 300 KB', { cron: `${'0,'.repeat(150_000)}0 * * * *` }, 'cron'],
    ['in a zone that there is not', { cron: '@daily', timezone: 'Europe/Atlantis' }, 'timezone'],
    ['in a zone of 300 KB', { cron: '@daily', timezone: `Europe/${'x'.repeat(300_000)}` }, 'timezone'],
    ['of no interval', { everySeconds: 0 }, 'everySeconds'],
    ['of an interval without an end', { everySeconds: 1e15 }, 'everySeconds'],
  ])('refuses a schedule %s', async (_, times, path) => {
    const body = { topic: 'orders', event: { type: 'a' }, ...times };
    const answer = await bus.call('PUT', '/v1/schedules/wrong', body);
    expectProblem(answer, 400, 'invalid_request', path);
    expect(JSON.stringify(answer.body).length).toBeLessThan(2000);
    expect((await bus.call('GET', '/v1/schedules/wrong')).status).toBe(404);
  });

  it.each([
    ['an unknown keyword', { typo: 'object' }],
    ['an unknown type', { type: 'objekt' }],
    ['a dangling reference', { $ref: '#/nowhere' }],
    ['a broken pattern', { pattern: '(' }],
  ])('refuses a schema with %s', async (_, schema) => {
    expectProblem(await bus.call('PUT', '/v1/topics/schemed', { schema }), 400, 'invalid_schema', 'schema');
  });

  it('enforces the schema of a topic, and names the path', async () => {
    const schema = { type: 'object', required: ['n'], properties: { n: { type: 'integer' } } };
    await bus.call('PUT', '/v1/topics/schemed', { schema });
    const answer = await bus.call('POST', '/v1/topics/schemed/events', [
      { type: 'a', data: { n: 1 } },
      { type: 'a', data: { n: 'one' } },
    ]);
    expect(answer.status).toBe(202);
    expect(answer.body.events).toMatchObject([
      { status: 'accepted' },
      { status: 'rejected', code: 'schema_mismatch', detail: expect.stringContaining('data.n') },
    ]);
  });

  it('refuses a subscription with an unknown topic or receiver', async () => {
    expectProblem(
      await bus.call('PUT', '/v1/topics/nowhere/subscriptions/billing', {}),
      404,
      'unknown_topic',
    );
    expectProblem(
      await bus.call('PUT', '/v1/topics/orders/subscriptions/nobody', {}),
      404,
      'unknown_receiver',
    );
  });

  it('refuses an unknown path, and a known path with an unknown method', async () => {
    expectProblem(await bus.call('GET', '/v1/nothing'), 404, 'unknown_route');
    expectProblem(await bus.call('GET', '/elsewhere'), 404, 'unknown_route');
    expectProblem(await bus.call('POST', '/v1/topics/orders', {}), 405, 'method_not_allowed');
  });

  it('refuses a body that is not JSON', async () => {
    const answer = await bus.call('PUT', '/v1/topics/orders', 'description=x', {
      'content-type': 'text/plain',
    });
    expectProblem(answer, 415, 'unsupported_media_type');
  });
});
