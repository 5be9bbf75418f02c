import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { callsWith, describe as describeCall } from '../../lib/api/call.ts';
import { flag } from '../../lib/api/parameters.ts';
import { type ApiRequest, createRouter } from '../../lib/api/router.ts';
import type { Principal } from '../../lib/core/access/access.ts';
import { BusbarError } from '../../lib/core/kernel/errors.ts';

interface Tools {
  readonly made: string[];
}
const call = callsWith<Tools>();
const shown = { tag: 'Topics', caller: 'owner', responses: { 200: 'Topic' } } as const;

/** What the audit was told: `begin`, then the status, or `refused` with it. */
const audited: unknown[] = [];

const route = createRouter<Tools>({
  auditor: {
    async begin({ call: name, target, principal, change, requestId }) {
      audited.push({ begin: name, target, by: principal?.application, change, requestId });
      return async (status, made) => void audited.push({ status, ...made });
    },
    refused: async ({ call: name, target, principal }, status) =>
      void audited.push({ refused: name, target, by: principal?.application, status }),
  },
  ownersOf: async () => [],
  tools: { made: ['orders'] },
  authenticate: async ({ authorization }): Promise<Principal> => {
    if (authorization === undefined) throw new BusbarError('unauthorized', 'There is no key.');
    return { application: authorization, role: 'member' };
  },
  elsewhere: [describeCall('POST /v1/topics/{topic}/events', { ...shown, summary: 'Publish' })],
  calls: [
    call('GET /v1/health', { ...shown, caller: 'anyone', summary: 'Health' }, async (_, principal) => ({
      principal: principal ?? null,
    })),
    ...(['PATCH', 'PUT'] as const).map((method) =>
      call(
        `${method} /v1/patched/{topic}`,
        { ...shown, summary: 'Patch', body: z.strictObject({ description: z.string().nullable() }) },
        async (_, __, { body }) => body,
      ),
    ),
    call('GET /v1/a.b', { ...shown, summary: 'Dot' }, async () => ({})),
    call(
      'PUT /v1/topics/{topic}',
      {
        ...shown,
        summary: 'Put',
        body: z.strictObject({ owner: z.string().optional() }),
        responses: { 200: 'Topic', 201: 'Topic' },
      },
      async (tools, principal, { path, body }) => ({
        created: !tools.made.includes(path.topic),
        document: { topic: path.topic, owner: body.owner ?? principal.application },
      }),
    ),
    call(
      'DELETE /v1/topics/{topic}',
      { ...shown, summary: 'Delete', query: { force: flag('') }, responses: { 204: null } },
      async (_, __, { query }) => {
        if (!query.force) throw new BusbarError('in_use', 'It is in use.');
      },
    ),
    call(
      'POST /v1/topics/{topic}/held/{id}/send',
      { ...shown, summary: 'Send', responses: { 202: 'HeldEvent' } },
      async (_, __, { path }) => path,
    ),
    call(
      'POST /v1/transactions',
      {
        ...shown,
        summary: 'Begin',
        body: { events: z.unknown() },
        headers: {},
        responses: { 201: 'Transaction' },
      },
      async (_, __, { body, ownHosts }) => ({
        text: Buffer.from(body.body).toString(),
        contentType: body.contentType,
        ownHosts,
      }),
    ),
  ],
});

const ask = (method: string, path: string, more: Partial<ApiRequest> = {}) =>
  route({
    method,
    path,
    query: {},
    headers: { authorization: 'shop', 'content-type': 'application/json' },
    address: '192.0.2.1',
    body: async () => new Uint8Array(),
    requestId: 'request-1',
    ownHosts: ['bus.example.com'],
    ...more,
  });
const json = (value: unknown) => ({ body: async () => Buffer.from(JSON.stringify(value)) });

describe('a patch', () => {
  const send = (method: string, type: string) =>
    ask(method, '/v1/patched/orders', {
      ...json({ description: null }),
      headers: { authorization: 'shop', 'content-type': type },
    });

  it('is a merge patch, whether its media type says so or only JSON', async () => {
    for (const type of [
      'application/json',
      'application/merge-patch+json',
      'Application/Merge-Patch+JSON; charset=utf-8',
    ]) {
      expect(await send('PATCH', type)).toEqual({ status: 200, document: { description: null } });
    }
    for (const [method, type] of [
      ['PATCH', 'application/json-patch+json'],
      ['PUT', 'application/merge-patch+json'],
    ] as const) {
      await expect(send(method, type)).rejects.toMatchObject({ code: 'unsupported_media_type' });
    }
  });
});

describe('a request', () => {
  it('is carried out by the call of its method and path, with or without a slash at the end', async () => {
    expect(await ask('PUT', '/v1/topics/orders')).toEqual({
      status: 200,
      document: { topic: 'orders', owner: 'shop' },
    });
    expect((await ask('PUT', '/v1/topics/orders/')).status).toBe(200);
  });

  it('is responded to by the statuses of its call', async () => {
    expect((await ask('PUT', '/v1/topics/new', json({ owner: 'crm' }))).status).toBe(201);
    expect(await ask('DELETE', '/v1/topics/orders', { query: { force: 'true' } })).toEqual({ status: 204 });
    expect(await ask('POST', '/v1/topics/orders/held/a~b%20c/send')).toEqual({
      status: 202,
      document: { topic: 'orders', id: 'a~b%20c' },
    });
  });

  it('needs a key, except for calls that anyone may make', async () => {
    const headers = {};
    await expect(ask('GET', '/v1/a.b', { headers })).rejects.toMatchObject({ code: 'unauthorized' });
    expect(await ask('GET', '/v1/health', { headers })).toEqual({
      status: 200,
      document: { principal: null },
    });
  });

  it('is asked for its key before anything else of it is looked at', async () => {
    await expect(ask('PUT', '/v1/topics/NOT-A-NAME', { headers: {} })).rejects.toMatchObject({
      code: 'unauthorized',
    });
  });

  it('hands events over as they came', async () => {
    const { document } = await ask('POST', '/v1/transactions', {
      body: async () => Buffer.from('{"a": 1.0}'),
    });
    expect(document).toEqual({
      text: '{"a": 1.0}',
      contentType: 'application/json',
      ownHosts: ['bus.example.com'],
    });
  });

  it.each<[string, string, string, Partial<ApiRequest>, string, string | undefined]>([
    ['a name that is not valid', 'PUT', '/v1/topics/Orders', {}, 'invalid_request', 'topic'],
    [
      'an unknown parameter',
      'DELETE',
      '/v1/topics/orders',
      { query: { forse: 'true' } },
      'invalid_request',
      'forse',
    ],
    ['an unknown field', 'PUT', '/v1/topics/orders', json({ name: 'x' }), 'invalid_request', 'name'],
    [
      'a body that is not JSON',
      'PUT',
      '/v1/topics/orders',
      { body: async () => Buffer.from('{') },
      'malformed_json',
      undefined,
    ],
    [
      'a body of another type',
      'PUT',
      '/v1/topics/orders',
      { ...json({}), headers: { authorization: 'shop', 'content-type': 'text/plain' } },
      'unsupported_media_type',
      undefined,
    ],
    ['what the use case refuses', 'DELETE', '/v1/topics/orders', {}, 'in_use', undefined],
  ])('is refused: %s', async (_, method, path, more, code, field) => {
    await expect(ask(method, path, more)).rejects.toMatchObject({
      code,
      fields: field === undefined ? [] : [{ path: field }],
    });
  });
});

describe('a call that there is not', () => {
  it.each(['/v1/nothing', '/elsewhere', '/v1/topics/orders/held', '/v1/aXb'])(
    'is unknown: %s',
    async (path) => {
      await expect(ask('GET', path)).rejects.toMatchObject({
        code: 'unknown_route',
        message: `There is no GET ${path}. GET /v1/openapi.json lists the calls.`,
      });
    },
  );

  it('is told the methods of its path, those of another function too', async () => {
    await expect(ask('PATCH', '/v1/topics/orders')).rejects.toMatchObject({
      code: 'method_not_allowed',
      message: '/v1/topics/orders takes PUT, DELETE, not PATCH.',
    });
    await expect(ask('GET', '/v1/topics/orders/events')).rejects.toMatchObject({
      code: 'method_not_allowed',
      message: '/v1/topics/orders/events takes POST, not GET.',
    });
  });

  it('is refused to those without a key as well, who learn nothing by it', async () => {
    await expect(ask('GET', '/v1/nothing', { headers: {} })).rejects.toMatchObject({ code: 'unknown_route' });
  });
});

describe('the audit', () => {
  const told = async (request: Promise<unknown>) => {
    audited.length = 0;
    await request.catch(() => undefined);
    return [...audited];
  };

  it('has a row of each call that changes something before it does, completed with its status', async () => {
    expect(await told(ask('PUT', '/v1/topics/new', json({ owner: 'crm' })))).toEqual([
      {
        begin: 'PUT /v1/topics/{topic}',
        target: 'topics/new',
        by: 'shop',
        change: { owner: 'crm' },
        requestId: 'request-1',
      },
      { status: 201 },
    ]);
    expect(await told(ask('DELETE', '/v1/topics/orders'))).toMatchObject([
      { begin: 'DELETE /v1/topics/{topic}', target: 'topics/orders' },
      { status: 409 },
    ]);
  });

  it('has none of what only reads, or is refused for its form', async () => {
    expect(await told(ask('GET', '/v1/a.b'))).toEqual([]);
    expect(await told(ask('PUT', '/v1/topics/new', json({ unknown: 1 })))).toEqual([]);
    expect(await told(ask('PUT', '/v1/nothing'))).toEqual([]);
  });

  it('counts what is refused for its key', async () => {
    expect(await told(ask('GET', '/v1/a.b', { headers: {} }))).toEqual([
      { refused: 'GET /v1/a.b', target: 'a.b', status: 401 },
    ]);
  });
});
