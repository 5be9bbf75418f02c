import { describe, expect, it } from 'vitest';
import {
  deleteApplication,
  getApplication,
  listApplications,
  patchApplication,
  putApplication,
} from '../../../lib/app/access/applications.ts';
import {
  type AuthenticateTools,
  authenticate as authenticateFrom,
} from '../../../lib/app/access/authenticate.ts';
import { createKeyOf, makeKey, revokeKeyOf } from '../../../lib/app/access/keys.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { childrenMax } from '../../../lib/core/access/limits.ts';
import { admin, member, shorthand, type TestBus, testBus } from '../bus.ts';
import { putReceiver, putTopic } from '../calls.ts';

const authenticate = (tools: AuthenticateTools, authorization: string) =>
  authenticateFrom(tools, { authorization, address: '192.0.2.1' });
const forbidden = { code: 'forbidden', status: 403 };

async function family(): Promise<TestBus> {
  const bus = await testBus();
  await putApplication(bus.tools, admin, 'main', {});
  await putApplication(bus.tools, admin, 'sub', { parent: 'main' });
  await putApplication(bus.tools, admin, 'other', {});
  return bus;
}

describe('an application', () => {
  it('is created, changed, patched, listed and deleted by an admin', async () => {
    const bus = await testBus();
    const put = (spec: object) => putApplication(bus.tools, admin, 'shop', spec);
    expect((await put({ description: 'first', contacts: ['a'] })).created).toBe(true);
    const second = await put({ description: 'second', quotas: { topics: 5, keys: 6 } });
    expect(second.created).toBe(false);
    expect(second.document).not.toHaveProperty('contacts');
    const patched = await patchApplication(bus.tools, admin, 'shop', {
      contacts: ['b'],
      quotas: { topics: null },
    });
    expect(patched).toMatchObject({ description: 'second', contacts: ['b'], quotas: { keys: 6 } });
    expect(patched.quotas).not.toHaveProperty('topics');
    const { usage: _, ...shown } = await getApplication(bus.tools, admin, 'shop');
    expect(shown).toEqual(patched);
    expect((await listApplications(bus.tools, admin, { limit: 100 })).applications).toEqual([patched]);

    await deleteApplication(bus.tools, admin, 'shop');
    await expect(getApplication(bus.tools, admin, 'shop')).rejects.toMatchObject({
      code: 'unknown_application',
      status: 404,
    });
  });

  it('is not created by a member, nor may a member see or change that of others', async () => {
    const bus = await family();
    for (const act of [
      () => putApplication(bus.tools, member('shop'), 'shop', {}),
      () => putApplication(bus.tools, member('other'), 'mine', { parent: 'main' }),
      () => putApplication(bus.tools, member('other'), 'main', {}),
      () => patchApplication(bus.tools, member('other'), 'sub', { parent: 'other' }),
      () => getApplication(bus.tools, member('other'), 'main'),
      () => deleteApplication(bus.tools, member('other'), 'main'),
      () => deleteApplication(bus.tools, member('other'), 'other'),
    ]) {
      await expect(act()).rejects.toMatchObject(forbidden);
    }
    expect((await listApplications(bus.tools, member('other'), { limit: 100 })).applications).toHaveLength(1);
  });

  it('is described by its members, who change neither its quotas nor its parent', async () => {
    const bus = await family();
    await patchApplication(bus.tools, admin, 'other', { quotas: { topics: 3 } });
    const patched = await patchApplication(bus.tools, member('other'), 'other', { description: 'ours' });
    expect(patched).toMatchObject({ description: 'ours', quotas: { topics: 3 } });
    for (const patch of [{ quotas: { topics: 4 } }, { quotas: null }, { parent: 'main' }]) {
      await expect(patchApplication(bus.tools, member('other'), 'other', patch)).rejects.toMatchObject(
        forbidden,
      );
    }
  });

  it('has a name that the bus does not reserve', async () => {
    const bus = await testBus();
    await expect(putApplication(bus.tools, admin, 'busbar', {})).rejects.toMatchObject(forbidden);
    await expect(makeKey(bus.tools, { application: 'busbar-x', role: 'member' })).rejects.toMatchObject(
      forbidden,
    );
  });

  it('has a row from its first key on', async () => {
    const bus = await testBus();
    await makeKey(bus.tools, { application: 'shop', role: 'member' });
    expect(await getApplication(bus.tools, member('shop'), 'shop')).toMatchObject({ application: 'shop' });
  });

  it('cannot be deleted while it owns something, which the refusal names', async () => {
    const bus = await family();
    const { keyId } = await makeKey(bus.tools, { application: 'main', role: 'member' });
    await putTopic(bus.tools, member('main'), 'orders', {});
    const refusal = await deleteApplication(bus.tools, admin, 'main').catch((error) => error);
    expect(refusal).toMatchObject({ code: 'in_use', status: 409 });
    for (const name of ['orders', keyId, 'sub']) expect(refusal.message).toContain(name);

    await bus.tools.registry.deleteTopic('orders');
    await revokeKeyOf(bus.tools, admin, 'main', keyId);
    await deleteApplication(bus.tools, admin, 'sub');
    await deleteApplication(bus.tools, admin, 'main');
  });
});

describe('a parent', () => {
  it('has members who create, change and delete its children, give them keys and use what they own', async () => {
    const bus = await family();
    const main = await makeKey(bus.tools, { application: 'main', role: 'member' });
    const principal = await authenticate(bus.tools, `Bearer ${main.key}`);
    expect(principal.children).toEqual(['sub']);

    await putApplication(bus.tools, principal, 'second', { parent: 'main', quotas: { topics: 1 } });
    expect((await listApplications(bus.tools, admin, { limit: 100 })).applications[0]?.children).toEqual([
      'second',
      'sub',
    ]);
    const { key } = await createKeyOf(bus.tools, principal, 'sub', { name: 'a', role: 'member' });
    expect(await authenticate(bus.tools, `Bearer ${key}`)).toMatchObject({ application: 'sub' });
    await putTopic(bus.tools, principal, 'orders', { owner: 'sub' });
    await expect(
      createKeyOf(bus.tools, member('sub'), 'main', { name: 'a', role: 'member' }),
    ).rejects.toMatchObject(forbidden);

    await bus.clock.advance(4001);
    const later = await authenticate(bus.tools, `Bearer ${main.key}`);
    await deleteApplication(bus.tools, later, 'second');
    expect((await getApplication(bus.tools, later, 'main')).children).toEqual(['sub']);
  });

  it.each([
    ['the application itself', 'main', 'main'],
    ['its own child', 'main', 'sub'],
    ['a child of another', 'other', 'sub'],
  ])('is not %s', async (_, application, parent) => {
    const bus = await family();
    await expect(patchApplication(bus.tools, admin, application, { parent })).rejects.toMatchObject({
      code: 'invalid_request',
      fields: [{ path: 'parent' }],
    });
  });

  it('cannot be given to an application that has children', async () => {
    const bus = await family();
    await expect(patchApplication(bus.tools, admin, 'main', { parent: 'other' })).rejects.toMatchObject({
      code: 'invalid_request',
    });
  });

  it('must exist, and has a bounded number of children', async () => {
    const bus = await family();
    await expect(putApplication(bus.tools, admin, 'third', { parent: 'nobody' })).rejects.toMatchObject({
      code: 'unknown_application',
    });
    for (let at = 1; at < childrenMax; at++) {
      await putApplication(bus.tools, admin, `child-${at}`, { parent: 'main' });
    }
    await expect(putApplication(bus.tools, admin, 'one-more', { parent: 'main' })).rejects.toMatchObject({
      code: 'in_use',
    });
  });

  it('keeps every child when several are made at the same time', async () => {
    const bus = await family();
    const names = ['a', 'b', 'c', 'd'];
    await Promise.all(names.map((name) => putApplication(bus.newTools(), admin, name, { parent: 'main' })));
    expect((await getApplication(bus.tools, admin, 'main')).children).toEqual([...names, 'sub']);
  });

  it('can be replaced by an admin', async () => {
    const bus = await family();
    await patchApplication(bus.tools, admin, 'sub', { parent: 'other' });
    expect(await getApplication(bus.tools, admin, 'main')).not.toHaveProperty('children');
    expect(await getApplication(bus.tools, admin, 'other')).toMatchObject({ children: ['sub'] });
  });
});

describe('GET of an application', () => {
  it('shows what it and its children have of what quotas bound', async () => {
    const bus = await testBus();
    await putApplication(bus.tools, admin, 'shop', { quotas: { topics: 3 } });
    await putApplication(bus.tools, admin, 'shop-web', { parent: 'shop' });
    const none = { topics: 0, receivers: 0, schedules: 0, keys: 0, concurrency: 0 };
    const waits = { delayedEvents: 0, storedBytes: 0 };
    expect((await getApplication(bus.tools, admin, 'shop')).usage).toEqual({ ...none, ...waits });

    await putTopic(bus.tools, member('shop'), 'orders', {});
    await putTopic(bus.tools, admin, 'returns', { owner: 'shop-web' });
    const spec = { endpoint: 'https://billing.example.com/events', limits: { concurrency: 7 } };
    await putReceiver(bus.tools, member('shop'), 'billing', spec, []);
    await makeKey(bus.tools, { application: 'shop', role: 'member', name: 'ci' });
    // So much that it is told at once.
    await putApplication(bus.tools, admin, 'shop', { quotas: { topics: 3, delayedEvents: 10 } });
    await bus.clock.advance(10_000);
    await publish(
      bus.tools,
      member('shop'),
      { topic: 'orders' },
      shorthand({ type: 'a', data: {}, delaySeconds: 600 }),
    );
    const { quotas, usage } = await getApplication(bus.tools, member('shop'), 'shop');
    expect(quotas).toEqual({ topics: 3, delayedEvents: 10 });
    expect(usage).toMatchObject({ topics: 2, receivers: 1, concurrency: 7, delayedEvents: 1 });
    expect(usage.storedBytes).toBeGreaterThan(50);
    expect((await getApplication(bus.tools, admin, 'shop-web')).usage.topics).toBe(1);
    await expect(getApplication(bus.tools, member('other'), 'shop')).rejects.toMatchObject({
      code: 'forbidden',
    });
  });
});
