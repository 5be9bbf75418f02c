import { type DescribedCall, nameOf, needsOf } from '../../lib/api/call.ts';
import { apiCalls } from '../../lib/api/calls.ts';
import type { FuzzWorld } from '../fuzz/world.ts';

/** What an application owns, for others to attack: what it must keep to itself contains the word `private`. */

export interface Victim {
  readonly application: string;
  readonly parent?: string;
  /** Of the names of its things. */
  readonly prefix: string;
  /** Ids for the parameters of paths. */
  readonly deadLetter: string;
  readonly held: string;
  readonly transaction: string;
  readonly request: string;
}

export interface Response {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: each call has a document of its own.
  readonly json: any;
  readonly text: string;
}

/** Callers, each by its key; undefined for none. */
export interface Hostile<Actor extends string> {
  send(actor: Actor, method: string, path: string, body?: unknown): Promise<Response>;
  /** @throws Error unless it succeeds. */
  done(actor: Actor, method: string, path: string, body?: unknown): Promise<Response['json']>;
}

export function withKeys<Actor extends string>(
  world: FuzzWorld,
  keys: Readonly<Record<Actor, string | undefined>>,
): Hostile<Actor> {
  const send: Hostile<Actor>['send'] = async (actor, method, path, body) => {
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
  };
  const done: Hostile<Actor>['done'] = async (actor, method, path, body) => {
    const response = await send(actor, method, path, body);
    if (response.status >= 300) throw new Error(`${method} ${path}: ${response.status} ${response.text}`);
    return response.json;
  };
  return { send, done };
}

/** What all that is private of an application contains. */
export const privateOf = (application: string) => `private-of-${application}`;

/** What has to be there, so that a call which is let through would do harm. */
export async function setUp<Actor extends string>(
  world: FuzzWorld,
  { done }: Hostile<Actor>,
  owner: Actor,
  application: string,
  { prefix = '', parent }: { readonly prefix?: string; readonly parent?: string } = {},
): Promise<Victim> {
  const [orders, paused, billing, daily] = ['orders', 'paused', 'billing', 'daily'].map(
    (name) => prefix + name,
  );
  const secret = privateOf(application);
  await done(owner, 'PUT', `/v1/topics/${orders}`, { access: { publish: 'request' } });
  await done(owner, 'PUT', `/v1/receivers/${billing}`, {
    endpoint: `http://sink.test/fail/${secret}`,
    headers: { 'x-private': secret },
    retry: { delaysSeconds: [] },
  });
  await done(owner, 'PUT', `/v1/topics/${orders}/subscriptions/${billing}`, {});
  const event = (id: string) => ({ id: prefix + id, type: 'order.placed', data: { card: secret } });
  await done(owner, 'POST', `/v1/topics/${orders}/events`, event('dead'));
  await done(owner, 'POST', `/v1/topics/${orders}/events`, { ...event('late'), delaySeconds: 86_400 });
  await done(owner, 'PUT', `/v1/topics/${paused}`, {});
  await done(owner, 'PUT', `/v1/topics/${paused}/hold`, { reason: secret });
  await done(owner, 'POST', `/v1/topics/${paused}/events`, event('held'));
  await done(owner, 'PUT', `/v1/schedules/${daily}`, {
    topic: orders,
    cron: '@daily',
    event: { type: 'order.placed', data: { card: secret } },
  });
  const transaction = await done(owner, 'POST', '/v1/transactions', {
    events: [{ topic: orders, ...event('half') }],
    checkAfterSeconds: 3600,
  });
  const request = await done(owner, 'POST', '/v1/requests', {
    kind: 'quotas',
    quotas: { topics: 3 },
    reason: secret,
  });
  await world.clock.until(() => world.delivered.some(({ url }) => url.endsWith(secret)), 60_000);
  await world.clock.advance(60_000);
  const { deadLetters } = await done(owner, 'GET', `/v1/receivers/${billing}/dead-letters`);
  const { events } = await done(owner, 'GET', `/v1/topics/${paused}/held`);
  return {
    application,
    ...(parent !== undefined && { parent }),
    prefix,
    deadLetter: deadLetters[0].id,
    held: events[0].id,
    transaction: transaction.id,
    request: request.id,
  };
}

/** The path of a call on what a victim owns. */
export function pathOf({ path }: DescribedCall, victim: Victim): string {
  const { prefix } = victim;
  const topic = prefix + (path.includes('/held') || path.endsWith('/hold') ? 'paused' : 'orders');
  const id = path.includes('/held/')
    ? victim.held
    : path.startsWith('/v1/transactions')
      ? victim.transaction
      : path.startsWith('/v1/requests')
        ? victim.request
        : path.includes('/dead-letters')
          ? victim.deadLetter
          : path.endsWith('/deliveries')
            ? `${prefix}dead`
            : `${prefix}late`;
  const named = path
    .replace('{topic}', topic)
    .replace('{receiver}', `${prefix}billing`)
    .replace('{schedule}', `${prefix}daily`)
    .replace('{application}', victim.application)
    .replace('{keyId}', 'unknown')
    .replace('{id}', id ?? '');
  if (path === '/v1/events') return `${named}?id=${prefix}late`;
  return path.endsWith('/validation') ? `${named}?token=guess` : named;
}

/** A body that is valid, and names what a victim owns. */
export function bodyOf(call: DescribedCall, { prefix, parent }: Victim, nowMs: number): unknown {
  if (needsOf(call) === 'publish' || needsOf(call) === 'invoke') {
    return { type: 'order.placed', data: { total: 1 } };
  }
  if (call.path === '/v1/transactions')
    return { events: [{ topic: `${prefix}orders`, type: 'order.placed' }] };
  if (call.path === '/v1/schedules/{schedule}') {
    return { topic: `${prefix}orders`, everySeconds: 3600, event: { type: 'order.placed' } };
  }
  if (call.path === '/v1/receivers/{receiver}' && call.method === 'PUT') {
    return { endpoint: 'http://sink.test/ok/stolen' };
  }
  if (call.path === '/v1/applications/{application}' && call.method === 'PUT' && parent !== undefined) {
    return { parent };
  }
  if (call.path === '/v1/alerts/test') return { receiver: `${prefix}billing` };
  if (call.path.endsWith('/skip')) return { before: new Date(nowMs).toISOString() };
  return call.example;
}

export const calls = apiCalls.map((call) => [nameOf(call), call] as const);
export const isForAnyone = ({ caller }: DescribedCall) => caller === 'anyone';
export const isRead = (call: DescribedCall) => ['read', 'nothing'].includes(String(needsOf(call)));

/** Calls with an effect that is only the caller's own, whatever else they name. */
export const ofOwn = new Set(['GET /v1/audit', 'POST /v1/check-secret']);

/** What an owner sees of what it owns, to tell whether an attack changed it. */
export async function stateOf<Actor extends string>(
  { done }: Hostile<Actor>,
  owner: Actor,
  victim: Victim,
): Promise<unknown> {
  const { application, prefix } = victim;
  const paths = [
    `/v1/topics/${prefix}orders`,
    `/v1/topics/${prefix}orders/subscriptions`,
    `/v1/topics/${prefix}orders/grants`,
    `/v1/topics/${prefix}paused/hold`,
    `/v1/topics/${prefix}paused/held`,
    `/v1/receivers/${prefix}billing`,
    `/v1/receivers/${prefix}billing/dead-letters`,
    `/v1/schedules/${prefix}daily`,
    `/v1/transactions/${victim.transaction}`,
    `/v1/requests/${victim.request}`,
    `/v1/events/${prefix}late`,
    `/v1/applications/${application}`,
  ];
  const found = await Promise.all(paths.map((path) => done(owner, 'GET', path)));
  return found;
}
