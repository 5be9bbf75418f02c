import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { deleteApplication, putApplication } from '../../../lib/app/access/applications.ts';
import { authenticate as authenticateFrom } from '../../../lib/app/access/authenticate.ts';
import { createKeyOf, listKeys, makeKey, revokeKeyOf } from '../../../lib/app/access/keys.ts';
import { createSignInLink, redeemSignInLink as redeemFrom } from '../../../lib/app/access/sign-in-links.ts';
import type { Principal } from '../../../lib/core/access/access.ts';
import { hashKey, keyIdOf } from '../../../lib/core/access/key.ts';
import { wrongKeysPerMinute } from '../../../lib/core/access/limits.ts';
import { sessionsMax } from '../../../lib/core/sign-in/limits.ts';
import { admin, environment, type TestBus, testBus } from '../bus.ts';

const refused = { code: 'unauthorized', status: 401 };
const hour = 3_600_000;

const authenticate = (tools: TestBus['tools'], key: string) =>
  authenticateFrom(tools, { authorization: `Bearer ${key}`, address: '192.0.2.1' });
const redeem = (tools: TestBus['tools'], ticket: string, address = '192.0.2.1') =>
  redeemFrom(tools, ticket, address);
type Spec = Omit<Parameters<typeof makeKey>[1], 'application'>;
/** A key of the shop, and who it says that it is. */
async function keyOf(bus: TestBus, spec: Spec): Promise<{ key: string; principal: Principal }> {
  const { key } = await makeKey(bus.tools, { application: 'shop', ...spec });
  return { key, principal: await authenticate(bus.tools, key) };
}

describe('a sign-in link', () => {
  it('becomes a key of the same application, role and scopes, once, for twelve hours', async () => {
    const bus = await testBus();
    const { principal } = await keyOf(bus, { role: 'viewer', scopes: ['read'] });
    const link = await createSignInLink(bus.tools, principal, {});
    expect(link).toEqual({
      ticket: expect.stringMatching(/^bbt_[\w-]{43}$/),
      expiresAt: '2026-01-01T00:05:00.000Z',
    });

    const session = await redeem(bus.newTools(), link.ticket);
    expect(session).toEqual({
      key: expect.stringMatching(/^bbk_/),
      keyId: keyIdOf(hashKey(session.key)),
      application: 'shop',
      role: 'viewer',
      scopes: ['read'],
      expiresAt: '2026-01-01T12:00:00.000Z',
    });
    expect(await authenticate(bus.tools, session.key)).toMatchObject({ role: 'viewer', scopes: ['read'] });
    await expect(redeem(bus.tools, link.ticket)).rejects.toMatchObject(refused);

    await bus.clock.advance(12 * hour);
    await expect(authenticate(bus.tools, session.key)).rejects.toMatchObject(refused);
  });

  it('lets one in when many redeem it at the same moment', async () => {
    const bus = await testBus();
    const { principal } = await keyOf(bus, { role: 'member' });
    const { ticket } = await createSignInLink(bus.tools, principal, {});
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, () => redeem(bus.newTools(), ticket)),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const { keys } = await listKeys(bus.tools, admin, 'shop', { limit: 100 });
    expect(keys.filter(({ session }) => session === true)).toHaveLength(1);
  });

  it('ends when it says, which is soon', async () => {
    const bus = await testBus();
    const { principal } = await keyOf(bus, { role: 'member' });
    for (const expiresAt of ['2025-12-31T23:59:59Z', '2026-01-01T00:15:01Z']) {
      await expect(createSignInLink(bus.tools, principal, { expiresAt })).rejects.toMatchObject({
        code: 'invalid_request',
        fields: [{ path: 'expiresAt' }],
      });
    }
    const { ticket } = await createSignInLink(bus.tools, principal, { expiresAt: '2026-01-01T00:00:30Z' });
    await bus.clock.advance(30_000);
    await expect(redeem(bus.tools, ticket)).rejects.toMatchObject(refused);
  });

  it('is worth nothing once its maker is revoked or has expired', async () => {
    const bus = await testBus();
    const gone = await keyOf(bus, { role: 'admin' });
    const ending = await keyOf(bus, { role: 'member', expiresAt: '2026-01-01T00:02:00Z' });
    const links = [
      await createSignInLink(bus.tools, gone.principal, {}),
      await createSignInLink(bus.tools, ending.principal, {}),
    ];
    expect(links[1]?.expiresAt).toBe('2026-01-01T00:02:00.000Z');
    await revokeKeyOf(bus.tools, admin, 'shop', gone.principal.keyId ?? '');
    await expect(redeem(bus.tools, links[0]?.ticket ?? '')).rejects.toMatchObject({
      ...refused,
      message: expect.stringContaining('was revoked'),
    });
    await bus.clock.advance(120_000);
    await expect(redeem(bus.tools, links[1]?.ticket ?? '')).rejects.toMatchObject(refused);
    expect(await bus.rows('key#')).toHaveLength(1);
  });

  it.each(['admin', 'member'] as const)(
    'of a key of an %s lets nobody stay longer than that',
    async (role) => {
      const bus = await testBus();
      const { principal } = await keyOf(bus, { role, expiresAt: '2026-01-01T01:00:00Z' });
      const first = await redeem(bus.tools, (await createSignInLink(bus.tools, principal, {})).ticket);
      expect(first.expiresAt).toBe('2026-01-01T01:00:00.000Z');
      // Nor does a session prolong itself.
      const again = await createSignInLink(bus.tools, await authenticate(bus.tools, first.key), {});
      const second = await redeem(bus.tools, again.ticket);
      expect(second.expiresAt).toBe('2026-01-01T01:00:00.000Z');
      await authenticate(bus.tools, second.key);

      await revokeKeyOf(bus.tools, admin, 'shop', principal.keyId ?? '');
      await bus.clock.advance(4001);
      for (const { key } of [first, second]) {
        await expect(authenticate(bus.tools, key)).rejects.toMatchObject({
          ...refused,
          message: expect.stringContaining('Sign in again'),
        });
      }
    },
  );

  it('is made by keys only', async () => {
    const bus = await testBus();
    const person = { tokenExpiresAt: '2026-01-01T01:00:00Z', applications: [] };
    await expect(
      createSignInLink(bus.tools, { application: 'shop', role: 'member', keyId: 'alice', person }, {}),
    ).rejects.toMatchObject({ code: 'forbidden', message: expect.stringContaining('/console/') });
  });

  it('is kept as a hash alone', async () => {
    const bus = await testBus();
    const { principal } = await keyOf(bus, { role: 'member' });
    const { ticket } = await createSignInLink(bus.tools, principal, {});
    const { Items } = await bus.dynamodb.send(new ScanCommand({ TableName: environment.BUSBAR_TABLE }));
    expect(JSON.stringify(Items)).toContain('sign-in-link#');
    expect(JSON.stringify(Items)).not.toContain(ticket);
  });

  it('is not found by guessing', async () => {
    const bus = await testBus();
    for (let guess = 0; guess < wrongKeysPerMinute.address; guess++) {
      await expect(redeem(bus.tools, `bbt_${guess}`)).rejects.toMatchObject(refused);
    }
    await expect(redeem(bus.tools, 'bbt_last')).rejects.toMatchObject({ code: 'too_many_wrong_keys' });
  });
});

describe('a session', () => {
  it('uses up no quota of keys, is bounded by itself, and is gone when it has ended', async () => {
    const bus = await testBus();
    await putApplication(bus.tools, admin, 'shop', { quotas: { keys: 2 } });
    const { principal } = await keyOf(bus, { role: 'member' });
    const sessions: { readonly keyId: string }[] = [];
    for (let count = 0; count < sessionsMax; count++) {
      const { ticket } = await createSignInLink(bus.tools, principal, {});
      sessions.push(await redeem(bus.tools, ticket));
    }
    const { ticket } = await createSignInLink(bus.tools, principal, {});
    await expect(redeem(bus.tools, ticket)).rejects.toMatchObject({ code: 'quota_exceeded' });
    // A session can be ended by hand; the link was not used up.
    await revokeKeyOf(bus.tools, principal, 'shop', sessions[0]?.keyId ?? '');
    await redeem(bus.tools, ticket);
    await createKeyOf(bus.tools, admin, 'shop', { name: 'ci', role: 'member' });
    await expect(createKeyOf(bus.tools, admin, 'shop', { name: 'x', role: 'member' })).rejects.toMatchObject({
      code: 'quota_exceeded',
    });

    await bus.clock.advance(13 * hour);
    const { keys } = await listKeys(bus.tools, admin, 'shop', { limit: 100 });
    expect(keys.map(({ name }) => name).sort()).toEqual(['', 'ci']);
  });

  it('neither tells that it expires, nor keeps its application from being deleted', async () => {
    const bus = await testBus();
    const { principal } = await keyOf(bus, { role: 'member' });
    const session = await redeem(bus.tools, (await createSignInLink(bus.tools, principal, {})).ticket);
    // Its first use of the day is noted, and it is to end all the same.
    await authenticate(bus.tools, session.key);
    expect(await bus.rows('system-events')).toEqual([]);
    await revokeKeyOf(bus.tools, admin, 'shop', principal.keyId ?? '');
    await deleteApplication(bus.tools, admin, 'shop');
    await bus.clock.advance(4001);
    await expect(authenticate(bus.tools, session.key)).rejects.toMatchObject(refused);
    await bus.clock.advance(13 * hour);
    expect(await bus.tools.keys.byHash(hashKey(session.key))).toBeUndefined();
  });
});
