import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DescribedCall, nameOf, needsOf } from '../../lib/api/call.ts';
import { apiCalls } from '../../lib/api/calls.ts';
import { type FuzzWorld, startWorld } from '../fuzz/world.ts';

/**
 * Every call, by every kind of caller, on what another application owns. The bank attacks the shop; each of its calls
 * names something of the shop. What the shop must keep to itself contains the word `private`.
 */

let world: FuzzWorld;
/** The values of the parameters of paths, all of the shop. */
let victims: Readonly<Record<string, string>>;
let keys: Readonly<Record<Actor, string | undefined>>;

const actors = [
  'nobody',
  'guesser',
  'rival',
  'rivalViewer',
  'ownViewer',
  'ownReader',
  'ownPublisher',
  'owner',
  'admin',
] as const;
type Actor = (typeof actors)[number];

interface Response {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: each call has a document of its own.
  readonly json: any;
  readonly text: string;
}

async function send(actor: Actor, method: string, path: string, body?: unknown): Promise<Response> {
  const [before = '', query = ''] = path.split('?');
  const key = keys[actor];
  const response = await world.send({
    method,
    path: before,
    query,
    headers: {
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      'content-type': 'application/json',
    },
    body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
    sourceIp: '192.0.2.1',
  });
  const text = Buffer.from(response.body).toString('utf8');
  return { status: response.status, text, json: text === '' ? undefined : JSON.parse(text) };
}

async function done(actor: Actor, method: string, path: string, body?: unknown): Promise<Response['json']> {
  const response = await send(actor, method, path, body);
  if (response.status >= 300) throw new Error(`${method} ${path}: ${response.status} ${response.text}`);
  return response.json;
}

/** What has to be there, so that a call which is let through would do harm. */
async function setUp(): Promise<Readonly<Record<string, string>>> {
  await done('owner', 'PUT', '/v1/topics/orders', { access: { publish: 'request' } });
  await done('owner', 'PUT', '/v1/receivers/billing', {
    endpoint: 'http://sink.test/fail/private-billing',
    headers: { 'x-private': 'private-header' },
    retry: { delaysSeconds: [] },
  });
  await done('owner', 'PUT', '/v1/topics/orders/subscriptions/billing', {});
  const event = (id: string) => ({ id, type: 'order.placed', data: { card: 'private-data' } });
  await done('owner', 'POST', '/v1/topics/orders/events', event('dead'));
  await done('owner', 'POST', '/v1/topics/orders/events', { ...event('late'), delaySeconds: 86_400 });
  await done('owner', 'PUT', '/v1/topics/paused', {});
  await done('owner', 'PUT', '/v1/topics/paused/hold', { reason: 'private-reason' });
  await done('owner', 'POST', '/v1/topics/paused/events', event('held'));
  await done('owner', 'PUT', '/v1/schedules/daily', {
    topic: 'orders',
    cron: '@daily',
    event: { type: 'order.placed', data: { card: 'private-data' } },
  });
  const transaction = await done('owner', 'POST', '/v1/transactions', {
    events: [{ topic: 'orders', ...event('half') }],
    checkAfterSeconds: 3600,
  });
  const request = await done('owner', 'POST', '/v1/requests', {
    kind: 'quotas',
    quotas: { topics: 3 },
    reason: 'private-reason',
  });
  await world.clock.until(() => world.delivered.some(({ url }) => url.endsWith('private-billing')), 60_000);
  await world.clock.advance(60_000);
  const { deadLetters } = await done('owner', 'GET', '/v1/receivers/billing/dead-letters');
  const { events } = await done('owner', 'GET', '/v1/topics/paused/held');
  return {
    deadLetter: deadLetters[0].id,
    held: events[0].id,
    transaction: transaction.id,
    request: request.id,
  };
}

beforeAll(async () => {
  world = await startWorld(1);
  const made = async (application: string, role: string, scopes?: readonly string[]): Promise<string> => {
    const { json } = (await world.call('admin', 'POST', `/v1/applications/${application}/keys`, {
      name: 'hostile',
      role,
      ...(scopes !== undefined && { scopes }),
    })) as { json: { key: string } };
    return json.key;
  };
  keys = {
    nobody: undefined,
    guesser: `bbk_${'x'.repeat(43)}`,
    rival: await made('bank', 'member'),
    rivalViewer: await made('bank', 'viewer'),
    ownViewer: await made('shop', 'viewer'),
    ownReader: await made('shop', 'member', ['read']),
    ownPublisher: await made('shop', 'member', ['publish:orders']),
    owner: await made('shop', 'member'),
    admin: await made('admin', 'admin'),
  };
  victims = await setUp();
}, 180_000);

afterAll(() => world?.close());

/** The path of a call on what the shop owns. */
function pathOf({ path }: DescribedCall): string {
  const topic = path.includes('/held') || path.endsWith('/hold') ? 'paused' : 'orders';
  const id = path.includes('/held/')
    ? victims.held
    : path.startsWith('/v1/transactions')
      ? victims.transaction
      : path.startsWith('/v1/requests')
        ? victims.request
        : path.includes('/dead-letters')
          ? victims.deadLetter
          : path.endsWith('/deliveries')
            ? 'dead'
            : 'late';
  const named = path
    .replace('{topic}', topic)
    .replace('{receiver}', 'billing')
    .replace('{schedule}', 'daily')
    .replace('{application}', 'shop')
    .replace('{keyId}', 'unknown')
    .replace('{id}', id ?? '');
  if (path === '/v1/events') return `${named}?id=late`;
  return path.endsWith('/validation') ? `${named}?token=guess` : named;
}

/** A body that is valid, and names what the shop owns. */
function bodyOf(call: DescribedCall): unknown {
  if (needsOf(call) === 'publish' || needsOf(call) === 'invoke') {
    return { type: 'order.placed', data: { total: 1 } };
  }
  if (call.path === '/v1/transactions') return { events: [{ topic: 'orders', type: 'order.placed' }] };
  if (call.path === '/v1/schedules/{schedule}') {
    return { topic: 'orders', everySeconds: 3600, event: { type: 'order.placed' } };
  }
  if (call.path === '/v1/receivers/{receiver}' && call.method === 'PUT') {
    return { endpoint: 'http://sink.test/ok/stolen' };
  }
  if (call.path.endsWith('/skip')) return { before: new Date(world.clock.now()).toISOString() };
  return call.example;
}

const calls = apiCalls.map((call) => [nameOf(call), call] as const);
const isForAnyone = ({ caller }: DescribedCall) => caller === 'anyone';
const isRead = (call: DescribedCall) => ['read', 'nothing'].includes(String(needsOf(call)));

/** Calls with an effect that is only the caller's own, whatever else they name. */
const ofOwn = new Set(['GET /v1/audit', 'POST /v1/check-secret']);

/** What an owner sees of what it owns, to tell whether an attack changed it. */
async function stateOfTheShop(): Promise<unknown> {
  const paths = [
    '/v1/topics/orders',
    '/v1/topics/orders/subscriptions',
    '/v1/topics/orders/grants',
    '/v1/topics/paused/hold',
    '/v1/topics/paused/held',
    '/v1/receivers/billing',
    '/v1/receivers/billing/dead-letters',
    '/v1/schedules/daily',
    `/v1/transactions/${victims.transaction}`,
    `/v1/requests/${victims.request}`,
    '/v1/events/late',
    '/v1/applications/shop',
  ];
  const found = await Promise.all(paths.map((path) => done('owner', 'GET', path)));
  return found;
}

describe('on what another application owns', () => {
  const refusals = {
    nobody: [401],
    guesser: [401, 429],
    rival: [403, 404, 409],
    rivalViewer: [403, 404],
  } as const;

  it.each(calls)('%s is refused, tells nothing private and changes nothing', async (name, call) => {
    const before = isRead(call) ? undefined : await stateOfTheShop();
    for (const actor of ['nobody', 'guesser', 'rival', 'rivalViewer'] as const) {
      const { status, text } = await send(actor, call.method, pathOf(call), bodyOf(call));
      expect.soft(text, `${actor} ${name}`).not.toContain('private');
      expect.soft(status, `${actor} ${name}: ${text}`).toBeLessThan(500);
      const isRefused = call.caller === 'owner' && !ofOwn.has(name);
      const isWithoutKey = actor === 'nobody' || actor === 'guesser';
      if (isForAnyone(call)) continue;
      if (isWithoutKey || isRefused) {
        expect.soft(refusals[actor], `${actor} ${name}: ${status} ${text}`).toContain(status);
      }
      if (actor === 'rivalViewer' && !isRead(call)) expect.soft(status, `${actor} ${name}`).toBe(403);
    }
    if (before !== undefined) expect(await stateOfTheShop()).toEqual(before);
  });

  it('is in the audit of the shop, with who tried', async () => {
    const { entries } = await done('owner', 'GET', '/v1/audit?limit=1000');
    const refused = entries.filter(
      ({ status, by }: { status: number; by?: { application: string } }) =>
        status === 403 && by?.application === 'bank',
    );
    expect(refused.length).toBeGreaterThan(10);
  });
});

describe('with a key of the same application that may do less', () => {
  it.each(calls)('%s does what its role and scopes allow', async (name, call) => {
    if (isForAnyone(call) || needsOf(call) === 'nothing') return;
    for (const actor of ['ownViewer', 'ownReader'] as const) {
      if (isRead(call)) continue;
      const { status, text } = await send(actor, call.method, pathOf(call), bodyOf(call));
      expect(status, `${actor} ${name}: ${text}`).toBe(403);
    }
    for (const actor of ['ownViewer', 'ownReader'] as const) {
      if (!isRead(call)) continue;
      const { status, text } = await send(actor, call.method, pathOf(call), bodyOf(call));
      expect([200, 404, 409], `${actor} ${name}: ${status} ${text}`).toContain(status);
    }
    const mayPublish = name === 'POST /v1/topics/{topic}/events' || needsOf(call) === 'transact';
    if (mayPublish) return;
    const { status } = await send('ownPublisher', call.method, pathOf(call), bodyOf(call));
    expect(status, `ownPublisher ${name}`).toBe(403);
  });
});

describe('on what it owns', () => {
  /** What only an admin does, or only another party; an admin asks for nothing in the name of others. */
  const notForOwners = new Set([
    'DELETE /v1/applications/{application}',
    'PUT /v1/applications/{application}',
    'PATCH /v1/applications/{application}',
    'POST /v1/requests/{id}/approve',
    'POST /v1/requests/{id}/reject',
  ]);
  // What ends something comes last, and the outermost at the very end.
  const order = ({ method, path }: DescribedCall) => (method === 'DELETE' ? 100 - path.split('/').length : 0);
  const inOrder = calls.toSorted(([, one], [, other]) => order(one) - order(other));

  it.each(inOrder)('%s is let through for the owner and an admin', async (name, call) => {
    if (isForAnyone(call)) return;
    for (const actor of ['owner', 'admin'] as const) {
      const { status, text } = await send(actor, call.method, pathOf(call), bodyOf(call));
      expect(status, `${actor} ${name}: ${text}`).toBeLessThan(500);
      if (actor === 'owner' && notForOwners.has(name)) continue;
      if (actor === 'admin' && name === 'POST /v1/requests') continue;
      expect([401, 403], `${actor} ${name}: ${status} ${text}`).not.toContain(status);
    }
  });
});
