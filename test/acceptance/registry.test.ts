import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AcceptanceBus, startBus } from './bus.ts';
import { type Sink, startSink } from './sink.ts';

let bus: AcceptanceBus;
let sink: Sink;

beforeAll(async () => {
  [bus, sink] = await Promise.all([startBus(), startSink()]);
});

afterAll(async () => {
  await sink?.close();
  expect(await bus?.stop()).toBe(0);
});

/** These calls use the functions' own roles, so a missing permission makes them fail. */
describe('the life of a topic, a receiver and a subscription', () => {
  it('consists of create, read, change, list and delete', async () => {
    const topic = await bus.call('PUT', '/v1/topics/life', { description: 'first' });
    expect(topic.status).toBe(201);
    expect((await bus.call('PUT', '/v1/topics/life', { description: 'second' })).status).toBe(200);
    expect((await bus.call('GET', '/v1/topics/life')).body).toMatchObject({
      topic: 'life',
      description: 'second',
    });
    const { topics } = (await bus.call('GET', '/v1/topics')).body;
    expect(topics.map((one: { topic: string }) => one.topic)).toContain('life');

    const settings = {
      endpoint: sink.url,
      limits: { concurrency: 50 },
      headers: { 'x-team': 'billing' },
      publicHeaders: ['x-team'],
    };
    expect((await bus.call('PUT', '/v1/receivers/living', { endpoint: sink.url })).status).toBe(201);
    expect((await bus.call('PUT', '/v1/receivers/living', settings)).status).toBe(200);
    expect((await bus.call('GET', '/v1/receivers/living')).body).toMatchObject(settings);

    const path = '/v1/topics/life/subscriptions/living';
    expect((await bus.call('PUT', path, { filter: { type: ['a'] } })).status).toBe(201);
    expect((await bus.call('PUT', path, { filter: { data: { n: [1] } } })).status).toBe(200);
    expect((await bus.call('PUT', path, {})).status).toBe(200);
    expect((await bus.call('PUT', path, { filter: { type: ['b'] } })).status).toBe(200);
    expect((await bus.call('GET', path)).body.filter).toEqual({ type: ['b'] });
    const { subscriptions } = (await bus.call('GET', '/v1/topics/life/subscriptions')).body;
    expect(subscriptions).toHaveLength(1);

    const events = ['a', 'b'].map((type) => ({ type, id: `life-${type}`, data: {} }));
    await bus.call('POST', '/v1/topics/life/events', events);
    const [arrival] = await sink.waitFor(1);
    expect(JSON.parse(arrival?.body ?? '')).toMatchObject({ id: 'life-b' });
    expect(arrival?.headers['x-team']).toBe('billing');

    expect((await bus.call('DELETE', path)).status).toBe(204);
    expect((await bus.call('GET', path)).status).toBe(404);
    expect((await bus.call('DELETE', '/v1/receivers/living?force=true')).status).toBe(204);
    expect((await bus.call('DELETE', '/v1/topics/life')).status).toBe(204);
    for (const gone of ['/v1/receivers/living', '/v1/topics/life']) {
      expect((await bus.call('GET', gone)).status).toBe(404);
      expect((await bus.call('DELETE', gone)).status).toBe(404);
    }
  });

  it('protects a receiver with waiting events from deletion without force', async () => {
    const failing = await startSink((_, response) => response.writeHead(500).end());
    try {
      await bus.call('PUT', '/v1/receivers/waiting', { endpoint: failing.url });
      await bus.call('POST', '/v1/receivers/waiting/events', { type: 'a', data: {} });
      await failing.waitFor(1);
      const refused = await bus.call('DELETE', '/v1/receivers/waiting');
      expect(refused.status).toBe(409);
      expect(refused.body).toMatchObject({ code: 'in_use', detail: expect.stringContaining('force=true') });
      expect((await bus.call('DELETE', '/v1/receivers/waiting?force=true')).status).toBe(204);
    } finally {
      await failing.close();
    }
  });
});

describe('a schema that would refuse the latest events', () => {
  it('is refused with them, and is written by force', async () => {
    const strict = { schema: { type: 'object', required: ['orderId'] } };
    await bus.call('PUT', '/v1/topics/changing', {});
    await bus.call('POST', '/v1/topics/changing/events', { type: 'a', id: 'old', data: { n: 1 } });

    const refused = await bus.call('PUT', '/v1/topics/changing', strict);
    expect(refused).toMatchObject({
      status: 409,
      body: {
        code: 'schema_breaks',
        breaking: { events: 1, refused: 1, samples: [{ id: 'old', errors: [{ path: 'data' }] }] },
      },
    });
    expect((await bus.call('PATCH', '/v1/topics/changing', strict)).status).toBe(409);
    expect((await bus.call('PATCH', '/v1/topics/changing?force=true', strict)).status).toBe(200);
    expect((await bus.call('GET', '/v1/topics/changing')).body).toMatchObject(strict);
  });
});

describe('a member', () => {
  it('manages and publishes only to its own topics and receivers', async () => {
    const { InvokeCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
    const lambda = new LambdaClient({
      endpoint: bus.awsUrl,
      region: 'us-east-1',
      credentials: bus.awsCredentials,
    });
    const keys = async (request: Record<string, unknown>) => {
      const answer = await lambda.send(
        new InvokeCommand({ FunctionName: 'busbar-keys', Payload: JSON.stringify(request) }),
      );
      return JSON.parse(Buffer.from(answer.Payload ?? []).toString());
    };
    const { key } = await keys({ action: 'create', application: 'billing', role: 'member' });
    const asMember = (method: string, path: string, body?: unknown) =>
      bus.call(method, path, body, { authorization: `Bearer ${key}` });

    await bus.call('PUT', '/v1/topics/of-admin', {});
    expect((await asMember('PUT', '/v1/topics/of-billing', {})).body).toMatchObject({ owner: 'billing' });
    expect((await asMember('POST', '/v1/topics/of-billing/events', { type: 'a', data: 1 })).status).toBe(202);
    for (const [method, path, body] of [
      ['PUT', '/v1/topics/of-admin', {}],
      ['DELETE', '/v1/topics/of-admin', undefined],
      ['POST', '/v1/topics/of-admin/events', { type: 'a', data: 1 }],
      ['PUT', '/v1/topics/for-others', { owner: 'shipping' }],
    ] as const) {
      const answer = await asMember(method, path, body);
      expect(answer.status).toBe(403);
      expect(answer.body.code).toBe('forbidden');
    }
    expect(await keys({ action: 'revoke', key })).toEqual({ revoked: true });
  });
});

describe('a receiver that was deleted', () => {
  it('can be created again at once, and is then empty', async () => {
    await bus.call('PUT', '/v1/receivers/phoenix', { endpoint: sink.url });
    expect((await bus.call('DELETE', '/v1/receivers/phoenix')).status).toBe(204);
    expect((await bus.call('PUT', '/v1/receivers/phoenix', { endpoint: sink.url })).status).toBe(201);
    await bus.call('POST', '/v1/receivers/phoenix/events', { type: 'a', id: 'ashes', data: {} });
    await sink.waitFor(1, ({ body }) => body.includes('"ashes"'));
  });
});
