import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DescribedCall, needsOf } from '../../lib/api/call.ts';
import { type FuzzWorld, startWorld } from '../fuzz/world.ts';
import {
  bodyOf,
  calls,
  type Hostile,
  isForAnyone,
  isRead,
  ofOwn,
  pathOf,
  privateOf,
  setUp,
  stateOf,
  type Victim,
  withKeys,
} from './victim.ts';

/**
 * Every call within a family: the group is the parent of the shop and the cafe. What the group's members may do to the
 * shop, and what its children may not do to the group and to each other.
 */

const actors = ['group', 'groupViewer', 'groupReader', 'shop', 'cafe', 'cafeViewer', 'admin'] as const;
type Actor = (typeof actors)[number];

let world: FuzzWorld;
let hostile: Hostile<Actor>;
let shop: Victim;
let group: Victim;

const put = (path: string, body: object) => hostile.send('admin', 'PUT', path, body);

beforeAll(async () => {
  world = await startWorld(1);
  for (const [name, spec] of [
    ['group', { quotas: { topics: 6, keys: 12, receivers: 10 } }],
    ['shop', { parent: 'group' }],
    ['cafe', { parent: 'group' }],
  ] as const) {
    const { status, json } = await world.call('admin', 'PUT', `/v1/applications/${name}`, spec);
    expect(status, JSON.stringify(json)).toBeLessThan(300);
  }
  const made = async (application: string, role: string, scopes?: readonly string[]): Promise<string> => {
    const { json } = await world.call('admin', 'POST', `/v1/applications/${application}/keys`, {
      name: 'family',
      role,
      ...(scopes !== undefined && { scopes }),
    });
    return (json as { key: string }).key;
  };
  hostile = withKeys(world, {
    group: await made('group', 'member'),
    groupViewer: await made('group', 'viewer'),
    groupReader: await made('group', 'member', ['read']),
    shop: await made('shop', 'member'),
    cafe: await made('cafe', 'member'),
    cafeViewer: await made('cafe', 'viewer'),
    admin: await made('admin', 'admin'),
  });
  shop = await setUp(world, hostile, 'shop', 'shop', { parent: 'group' });
  group = await setUp(world, hostile, 'group', 'group', { prefix: 'group-' });
}, 180_000);

afterAll(() => world?.close());

const send = (actor: Actor, call: DescribedCall, victim: Victim) =>
  hostile.send(actor, call.method, pathOf(call, victim), bodyOf(call, victim, world.clock.now()));

describe.each([
  ['its parent', () => group, 'group', ['shop', 'cafe', 'cafeViewer']],
  ['its sibling', () => shop, 'shop', ['cafe', 'cafeViewer']],
] as const)('a child, on what %s owns,', (_, victimOf, owner, attackers) => {
  it.each(calls)('is refused %s, learns nothing private and changes nothing', async (name, call) => {
    if (isForAnyone(call)) return;
    const victim = victimOf();
    const before = isRead(call) ? undefined : await stateOf(hostile, owner, victim);
    for (const actor of attackers) {
      const { status, text } = await send(actor, call, victim);
      expect.soft(text, `${actor} ${name}`).not.toContain(privateOf(victim.application));
      expect.soft(status, `${actor} ${name}: ${text}`).toBeLessThan(500);
      if (call.caller === 'owner' && !ofOwn.has(name)) {
        expect.soft([403, 404, 409], `${actor} ${name}: ${status} ${text}`).toContain(status);
      }
      if (actor === 'cafeViewer' && !isRead(call)) expect.soft(status, `${actor} ${name}`).toBe(403);
    }
    if (before !== undefined) expect(await stateOf(hostile, owner, victim)).toEqual(before);
  });
});

describe('a key of the parent that may do less, on what a child owns,', () => {
  it.each(calls)('%s does what its role and scopes allow', async (name, call) => {
    if (isForAnyone(call) || needsOf(call) === 'nothing') return;
    const before = isRead(call) ? undefined : await stateOf(hostile, 'shop', shop);
    const { status, text } = await send('groupReader', call, shop);
    if (isRead(call)) expect([200, 404, 409], `${name}: ${status} ${text}`).toContain(status);
    else expect(status, `${name}: ${text}`).toBe(403);
    // A viewer looks at what its own application owns, and no further.
    const viewed = await send('groupViewer', call, shop);
    expect(viewed.text, name).not.toContain(privateOf('shop'));
    if (call.caller === 'owner' && !ofOwn.has(name))
      expect([403, 404], `${name}: ${viewed.text}`).toContain(viewed.status);
    if (before !== undefined) expect(await stateOf(hostile, 'shop', shop)).toEqual(before);
  });
});

describe('an application cannot change its place in the family', () => {
  const application = (name: string, patch: object, actor: Actor) =>
    hostile.send(actor, 'PATCH', `/v1/applications/${name}`, patch);

  it.each<[string, Actor, string, object]>([
    ['a child leaves its parent', 'shop', 'shop', { parent: null }],
    ['a child takes another parent', 'shop', 'shop', { parent: 'bank' }],
    ['a child adopts its sibling', 'shop', 'cafe', { parent: 'shop' }],
    ['a child adopts its parent', 'shop', 'group', { parent: 'shop' }],
    ['a child gives itself quotas', 'shop', 'shop', { quotas: { topics: 5 } }],
    ['a child drops its quotas', 'shop', 'shop', { quotas: null }],
    ['a child gives its parent quotas', 'shop', 'group', { quotas: { topics: 500 } }],
    ['a child gives its sibling quotas', 'shop', 'cafe', { quotas: { topics: 0 } }],
    ['a parent adopts who has no parent', 'group', 'bank', { parent: 'group' }],
    ['a parent gives itself quotas', 'group', 'group', { quotas: { topics: 500 } }],
    ['a parent gets a parent', 'group', 'group', { parent: 'bank' }],
    ['a parent becomes its own', 'group', 'group', { parent: 'group' }],
    ['a viewer of the parent gives quotas', 'groupViewer', 'shop', { quotas: { topics: 1 } }],
    ['a key of the parent that only reads gives quotas', 'groupReader', 'shop', { quotas: { topics: 1 } }],
  ])('%s: refused', async (_, actor, name, patch) => {
    await hostile.done('admin', 'PATCH', '/v1/applications/shop', { quotas: { topics: 4 } });
    const before = await hostile.done('admin', 'GET', '/v1/applications?limit=1000');
    const { status, text } = await application(name, patch, actor);
    expect(status, text).toBe(403);
    expect(await hostile.done('admin', 'GET', '/v1/applications?limit=1000')).toEqual(before);
  });

  it('a grandchild is refused, even to an admin', async () => {
    for (const actor of ['shop', 'group', 'admin'] as const) {
      const { status, text } = await hostile.send(actor, 'PUT', '/v1/applications/grandchild', {
        parent: 'shop',
      });
      expect([400, 403], text).toContain(status);
    }
    expect((await hostile.send('admin', 'GET', '/v1/applications/grandchild')).status).toBe(404);
  });
});

describe("a child's quotas stay within its parent's", () => {
  it('a parent cannot give more than it has, whichever way it is written', async () => {
    for (const [method, body] of [
      ['PATCH', { quotas: { topics: 7 } }],
      ['PUT', { parent: 'group', quotas: { topics: 7 } }],
    ] as const) {
      for (const actor of ['group', 'admin'] as const) {
        const { status, json } = await hostile.send(actor, method, '/v1/applications/shop', body);
        expect(status, JSON.stringify(json)).toBe(400);
        expect(json.errors?.[0]?.path).toBe('quotas.topics');
      }
    }
    // A child without quotas of its own is bound by the parent's all the same.
    await hostile.done('group', 'PUT', '/v1/applications/shop', { parent: 'group' });
  });

  it('children together have no more than the parent, whoever creates for them', async () => {
    const made: string[] = [];
    let refusal:
      | { status: number; json?: { code?: string; quota?: string; application?: string } }
      | undefined;
    for (let n = 0; n < 10 && refusal === undefined; n++) {
      const owner = n % 2 === 0 ? 'shop' : 'cafe';
      // The parent's own key creates for its children, too, which must count the same.
      const actor = n % 3 === 0 ? 'group' : owner;
      const answer = await hostile.send(actor, 'PUT', `/v1/topics/quota-${n}`, { owner });
      if (answer.status < 300) made.push(`quota-${n}`);
      else refusal = answer;
    }
    // The shop and the group have two topics each already.
    expect(made).toHaveLength(2);
    expect(refusal).toMatchObject({
      status: 429,
      json: { code: 'quota_exceeded', quota: 'topics', application: 'group' },
    });
    const own = await hostile.send('group', 'PUT', '/v1/topics/quota-own', {});
    expect(own.json).toMatchObject({ code: 'quota_exceeded', application: 'group' });
    // A place that is given up is free for the whole family.
    await hostile.done('group', 'DELETE', `/v1/topics/${made[0]}`);
    await hostile.done('group', 'PUT', '/v1/topics/quota-own', {});
    for (const topic of [made[1], 'quota-own']) await hostile.done('group', 'DELETE', `/v1/topics/${topic}`);
  });

  it('giving away to a child or a sibling is counted where it arrives', async () => {
    await hostile.done('admin', 'PATCH', '/v1/applications/cafe', { quotas: { topics: 1 } });
    await hostile.done('cafe', 'PUT', '/v1/topics/cafe-1', {});
    await hostile.done('group', 'PUT', '/v1/topics/gift', {});
    const given = await hostile.send('group', 'PATCH', '/v1/topics/gift', { owner: 'cafe' });
    expect(given.json).toMatchObject({ code: 'quota_exceeded', application: 'cafe' });
    expect((await hostile.done('admin', 'GET', '/v1/topics/gift')).owner).toBe('group');
    for (const topic of ['gift', 'cafe-1']) await hostile.done('group', 'DELETE', `/v1/topics/${topic}`);
  });

  it('children together have no more keys than the parent', async () => {
    const made: { application: string; keyId: string }[] = [];
    let refused: { json?: object } | undefined;
    for (let n = 0; n < 20 && refused === undefined; n++) {
      const name = n % 2 === 0 ? 'shop' : 'cafe';
      const answer = await hostile.send(name, 'POST', `/v1/applications/${name}/keys`, {
        name: 'k',
        role: 'viewer',
      });
      if (answer.status < 300) made.push({ application: name, keyId: answer.json.keyId });
      else refused = answer;
    }
    expect(refused?.json).toMatchObject({ code: 'quota_exceeded', quota: 'keys', application: 'group' });
    for (const { application, keyId } of made) {
      await hostile.done('group', 'DELETE', `/v1/applications/${application}/keys/${keyId}`);
    }
  });
});

describe("a child's keys stay within the child", () => {
  it.each<[string, Actor, string, object]>([
    ['a child makes one of its parent', 'shop', 'group', { name: 'x', role: 'member' }],
    ['a child makes one of its sibling', 'shop', 'cafe', { name: 'x', role: 'viewer' }],
    ['a child makes an admin', 'shop', 'shop', { name: 'x', role: 'admin' }],
    ['a parent makes an admin of its child', 'group', 'shop', { name: 'x', role: 'admin' }],
    ['a viewer of the parent makes one of its child', 'groupViewer', 'shop', { name: 'x', role: 'viewer' }],
    ['a key that only reads makes one', 'groupReader', 'shop', { name: 'x', role: 'viewer' }],
  ])('%s: refused', async (_, actor, name, spec) => {
    const { status, text } = await hostile.send(actor, 'POST', `/v1/applications/${name}/keys`, spec);
    expect(status, text).toBe(403);
  });

  it('a parent makes one of its child, which has no more than the child, and revokes it', async () => {
    const { key, keyId } = await hostile.done('group', 'POST', '/v1/applications/shop/keys', {
      name: 'x',
      role: 'member',
    });
    const lent = withKeys(world, { lent: key });
    expect((await lent.send('lent', 'GET', '/v1/me')).json).toMatchObject({ application: 'shop' });
    expect((await lent.send('lent', 'DELETE', '/v1/receivers/group-billing?force=true')).status).toBe(403);
    // The parent's key id is not the child's to revoke, under whichever application it is named.
    for (const application of ['shop', 'group', 'cafe']) {
      const { keys } = await hostile.done('group', 'GET', '/v1/applications/group/keys');
      const path = `/v1/applications/${application}/keys/${keys[0].keyId}`;
      expect([403, 404], application).toContain((await lent.send('lent', 'DELETE', path)).status);
    }
    await hostile.done('group', 'DELETE', `/v1/applications/shop/keys/${keyId}`);
    await world.clock.advance(6000);
    expect((await lent.send('lent', 'GET', '/v1/me')).status).toBe(401);
  });
});

describe('a member of the parent', () => {
  const notForParents = new Set([
    'DELETE /v1/applications/{application}',
    'POST /v1/requests/{id}/approve',
    'POST /v1/requests/{id}/reject',
    // It asks in the name of its own application.
    'POST /v1/requests',
  ]);
  const order = ({ method, path }: DescribedCall) => (method === 'DELETE' ? 100 - path.split('/').length : 0);
  const inOrder = calls.toSorted(([, one], [, other]) => order(one) - order(other));

  it.each(inOrder)('%s is let through on what a child owns', async (name, call) => {
    if (isForAnyone(call)) return;
    const { status, text } = await send('group', call, shop);
    expect(status, `${name}: ${text}`).toBeLessThan(500);
    if (!notForParents.has(name)) expect([401, 403], `${name}: ${status} ${text}`).not.toContain(status);
  });

  it('is refused the moment after an admin has taken the child away', async () => {
    await put('/v1/applications/shop', {});
    await put('/v1/topics/free', { owner: 'shop' });
    await world.clock.advance(6000);
    for (const [method, path] of [
      ['DELETE', '/v1/topics/free'],
      ['GET', '/v1/applications/shop/keys'],
      ['GET', '/v1/audit?application=shop'],
    ] as const) {
      expect((await hostile.send('group', method, path)).status, path).toBe(403);
    }
  });
});
