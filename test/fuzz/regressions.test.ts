import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FuzzWorld, startWorld } from './world.ts';

/** The bugs that the fuzz has found. */

let world: FuzzWorld;
beforeAll(async () => {
  world = await startWorld(1);
});
afterAll(() => world?.close());

const call = (method: string, path: string, body?: unknown) => world.call('admin', method, path, body);
const mappingsOf = async (queue: string) => {
  const EventSourceArn = `arn:aws:sqs:us-east-1:000000000000:${queue}`;
  const { EventSourceMappings } = (await world.aws('lambda', 'ListEventSourceMappings', {
    EventSourceArn,
  })) as {
    EventSourceMappings: { State: string }[];
  };
  return EventSourceMappings.map(({ State }) => State);
};

describe('a receiver that is deleted and created again at once', () => {
  it('is created, even though IAM cannot tell who owned the deleted mapping', async () => {
    for (let round = 0; round < 6; round++) {
      const concurrency = 10 + round;
      const endpoint = 'http://sink.test/ok';
      const put = await call('PUT', '/v1/receivers/again', { endpoint, limits: { concurrency } });
      expect([round, put.status]).toEqual([round, 201]);
      // Waits a little longer each time, so that the mapping once disappears between each pair of calls.
      expect((await call('DELETE', '/v1/receivers/again?force=true')).status).toBe(204);
      await world.clock.advance(round * 400);
    }
  });

  it('has an offline lane, even though the previous one was in the same state while being deleted', async () => {
    const endpoint = 'http://sink.test/ok';
    for (let round = 0; round < 4; round++) {
      expect((await call('PUT', '/v1/receivers/twin', { endpoint })).status).toBe(201);
      expect((await call('DELETE', '/v1/receivers/twin?force=true')).status).toBe(204);
      expect((await call('PUT', '/v1/receivers/twin', { endpoint })).status).toBe(201);
      await world.clock.advance(60_000);
      expect(await mappingsOf('busbar-twin-offline')).toEqual(['Disabled']);
      expect(await mappingsOf('busbar-twin-online')).toEqual(['Enabled']);
      expect((await call('DELETE', '/v1/receivers/twin?force=true')).status).toBe(204);
      await world.clock.advance(60_000);
    }
  });
});

describe('an id or a name that is longer than any key of the table', () => {
  const long = 'x'.repeat(2100);
  it.each([
    ['GET', `/v1/refused/${long}`, 'unknown_refused'],
    ['POST', `/v1/refused/${long}/retry`, 'unknown_refused'],
    ['GET', `/v1/transactions/${long}`, 'unknown_transaction'],
    ['GET', `/v1/receivers/example-warehouse/dead-letters/${long}`, 'unknown_dead_letter'],
    ['POST', `/v1/topics/${long}/events`, 'unknown_topic'],
    ['POST', `/v1/receivers/${long}/events`, 'unknown_receiver'],
    ['GET', `/v1/events/${long}`, 'unknown_event'],
    [
      'GET',
      `/v1/receivers/example-warehouse/dead-letters/${encodeURIComponent('€'.repeat(400))}`,
      'unknown_dead_letter',
    ],
  ])('%$: %s is reported as unknown', async (method, path, code) => {
    const body = method === 'POST' ? { type: 'a' } : undefined;
    expect((await call(method, path, body)).json).toMatchObject({ code });
  });
});

describe('a document that would be lost or changed', () => {
  it.each([
    [
      'a schema larger than a table row',
      'topics/big',
      { schema: { description: 'x'.repeat(500_000) } },
      'invalid_request',
      'schema',
    ],
    ['half a surrogate pair', 'topics/half', '{"description":"a\\ud800b"}', 'malformed_json', undefined],
    [
      'half a surrogate pair in a name',
      'topics/half',
      '{"schema":{"\\udfff":1}}',
      'malformed_json',
      undefined,
    ],
    [
      'a header that parsers drop',
      'receivers/proto',
      '{"endpoint":"http://sink.test/ok","headers":{"__proto__":"x"}}',
      'invalid_request',
      'headers.__proto__',
    ],
    [
      'a keyword that parsers drop',
      'topics/proto',
      '{"schema":{"__proto__":{}}}',
      'invalid_request',
      'schema.__proto__',
    ],
  ])('is refused: %s', async (_, path, body, code, field) => {
    const answer = await call('PUT', `/v1/${path}`, body);
    expect(answer).toMatchObject({ status: 400, json: { code } });
    if (field !== undefined) expect(answer.json).toMatchObject({ errors: [{ path: field }] });
    expect((await call('GET', `/v1/${path}`)).status).toBe(404);
  });
});

it('a publish just after its target was deleted is refused, not reported as an internal error', async () => {
  for (const [kind, path] of [
    ['topic', '/v1/topics/brief'],
    ['receiver', '/v1/receivers/brief'],
  ] as const) {
    await call('PUT', path, kind === 'topic' ? {} : { endpoint: 'http://sink.test/ok' });
    expect((await call('POST', `${path}/events`, { type: 'a' })).status).toBe(202);
    expect((await call('DELETE', `${path}?force=true`)).status).toBe(204);
    // The publish function still has the target cached.
    const answer = await call('POST', `${path}/events`, { type: 'a' });
    expect(answer).toMatchObject({ status: 404, json: { code: `unknown_${kind}` } });
  }
});

it('a method that publish does not support is refused as such, not as an unknown path', async () => {
  for (const path of ['/v1/topics/orders/events', '/v1/receivers/billing/events']) {
    expect((await call('GET', path)).json).toMatchObject({
      code: 'method_not_allowed',
      detail: `${path} takes POST, not GET.`,
    });
  }
});

it.each(['topic=', 'receiver=', 'topic=%00&receiver=', 'topic=A', 'receiver=a%20b'])(
  'a list of what waits for a name that is none is refused: %s',
  async (query) => {
    expect(await call('GET', `/v1/events?${query}`)).toMatchObject({
      status: 400,
      json: { code: 'invalid_request' },
    });
    expect(await call('DELETE', `/v1/events?id=1&${query}`)).toMatchObject({ status: 400 });
  },
);
