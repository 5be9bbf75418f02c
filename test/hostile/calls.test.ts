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
  setUp,
  stateOf,
  type Victim,
  withKeys,
} from './victim.ts';

/**
 * Every call, by every kind of caller, on what another application owns. The bank attacks the shop; each of its calls
 * names something of the shop. What the shop must keep to itself contains the word `private`.
 */

let world: FuzzWorld;
let hostile: Hostile<Actor>;
let shop: Victim;

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
  const keys = {
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
  hostile = withKeys(world, keys);
  shop = await setUp(world, hostile, 'owner', 'shop');
}, 180_000);

afterAll(() => world?.close());

describe('on what another application owns', () => {
  const refusals = {
    nobody: [401],
    guesser: [401, 429],
    rival: [403, 404, 409],
    rivalViewer: [403, 404],
  } as const;

  it.each(calls)('%s is refused, tells nothing private and changes nothing', async (name, call) => {
    const before = isRead(call) ? undefined : await stateOf(hostile, 'owner', shop);
    for (const actor of ['nobody', 'guesser', 'rival', 'rivalViewer'] as const) {
      const { status, text } = await hostile.send(
        actor,
        call.method,
        pathOf(call, shop),
        bodyOf(call, shop, world.clock.now()),
      );
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
    if (before !== undefined) expect(await stateOf(hostile, 'owner', shop)).toEqual(before);
  });

  it('is in the audit of the shop, with who tried', async () => {
    const { entries } = await hostile.done('owner', 'GET', '/v1/audit?limit=1000');
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
      const { status, text } = await hostile.send(
        actor,
        call.method,
        pathOf(call, shop),
        bodyOf(call, shop, world.clock.now()),
      );
      expect(status, `${actor} ${name}: ${text}`).toBe(403);
    }
    for (const actor of ['ownViewer', 'ownReader'] as const) {
      if (!isRead(call)) continue;
      const { status, text } = await hostile.send(
        actor,
        call.method,
        pathOf(call, shop),
        bodyOf(call, shop, world.clock.now()),
      );
      expect([200, 404, 409], `${actor} ${name}: ${status} ${text}`).toContain(status);
    }
    const mayPublish = name === 'POST /v1/topics/{topic}/events' || needsOf(call) === 'transact';
    if (mayPublish) return;
    const { status } = await hostile.send(
      'ownPublisher',
      call.method,
      pathOf(call, shop),
      bodyOf(call, shop, world.clock.now()),
    );
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
      const { status, text } = await hostile.send(
        actor,
        call.method,
        pathOf(call, shop),
        bodyOf(call, shop, world.clock.now()),
      );
      expect(status, `${actor} ${name}: ${text}`).toBeLessThan(500);
      if (actor === 'owner' && notForOwners.has(name)) continue;
      if (actor === 'admin' && name === 'POST /v1/requests') continue;
      expect([401, 403], `${actor} ${name}: ${status} ${text}`).not.toContain(status);
    }
  });
});
