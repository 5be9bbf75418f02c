import { describe, expect, it } from 'vitest';
import { deleteApplication, putApplication } from '../../../lib/app/access/applications.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { listGrants } from '../../../lib/app/request/grants.ts';
import { createRequest, decideRequest, getRequest } from '../../../lib/app/request/requests.ts';
import { admin, member, shorthand, type TestBus, testBus } from '../bus.ts';

const forbidden = { code: 'forbidden', status: 403 };
const page = { limit: 100 };
const partner = member('partner');
const parent = { ...member('agency'), children: ['partner'] };

/** The topic `orders` of shop, to which partner may publish, and an open request of partner for a topic of its own. */
async function busWithPartner(of?: string) {
  const bus = await testBus();
  for (const name of ['shop', 'agency', 'rival']) await putApplication(bus.tools, admin, name, {});
  await putApplication(bus.tools, admin, 'partner', { ...(of !== undefined && { parent: of }) });
  await bus.topic('orders', { access: { publish: 'request', subscribe: 'request' } });
  const { id } = await createRequest(bus.tools, partner, { kind: 'publish', topic: 'orders' });
  await decideRequest(bus.tools, member('shop'), id, 'approve', undefined);
  const open = await createRequest(bus.tools, partner, { kind: 'topic', topic: 'parcels' });
  expect(await send(bus)).toBe('accepted');
  return { bus, open: open.id };
}

const send = async (bus: TestBus) =>
  (await publish(bus.newTools(), partner, { topic: 'orders' }, shorthand([{ type: 'order.placed' }])))
    .events[0]?.status;

describe('an application that owns something before it is made', () => {
  it.each([
    ['a topic', (bus: TestBus) => bus.topic('parcels', { owner: 'newcomer' })],
    ['a receiver', (bus: TestBus) => bus.receiver('billing', { owner: 'newcomer' })],
  ])('is made by an admin only: %s', async (_, give) => {
    const bus = await testBus();
    await putApplication(bus.tools, admin, 'rival', {});
    await give(bus);
    const take = () => putApplication(bus.tools, member('rival'), 'newcomer', { parent: 'rival' });
    await expect(take()).rejects.toMatchObject({
      ...forbidden,
      message: expect.not.stringContaining('parcels'),
    });
    await putApplication(bus.tools, admin, 'newcomer', {});
    await expect(take()).rejects.toMatchObject(forbidden);
  });
});

describe('an application that is deleted', () => {
  it('takes along what it was granted and what it asks for', async () => {
    const { bus, open } = await busWithPartner();
    await deleteApplication(bus.tools, admin, 'partner');
    expect((await listGrants(bus.tools, member('shop'), 'orders', page)).grants).toEqual([]);
    expect(await getRequest(bus.tools, admin, open)).toMatchObject({
      state: 'withdrawn',
      note: 'The application partner was deleted.',
    });
    await putApplication(bus.tools, admin, 'partner', {});
    await expect(send(bus)).rejects.toMatchObject(forbidden);
  });

  it('reads its grants a hundred topics a call', async () => {
    const { bus } = await busWithPartner();
    for (let number = 0; number < 120; number++) await bus.topic(`topic-${number}`);
    bus.calls.length = 0;
    await deleteApplication(bus.tools, admin, 'partner');
    expect((await listGrants(bus.tools, member('shop'), 'orders', page)).grants).toEqual([]);
    expect(bus.calls.filter((call) => call === 'dynamodb.BatchGetItem')).toHaveLength(2);
    expect(bus.calls.length).toBeLessThan(20);
  });

  it('leaves a name that no member takes, but an admin', async () => {
    const { bus } = await busWithPartner();
    const take = () => putApplication(bus.tools, member('rival'), 'partner', { parent: 'rival' });
    await deleteApplication(bus.tools, admin, 'partner');
    await expect(take()).rejects.toMatchObject({
      ...forbidden,
      message: expect.stringContaining('Choose another name, or ask an admin'),
    });
    await putApplication(bus.tools, admin, 'partner', { parent: 'agency' });
    expect(await bus.tools.applications.former('partner')).toBeUndefined();
    await deleteApplication(bus.tools, parent, 'partner');
    await expect(take()).rejects.toMatchObject(forbidden);
  });

  it('is made again by the parent that had it, without what it was granted', async () => {
    const { bus } = await busWithPartner('agency');
    await deleteApplication(bus.tools, parent, 'partner');
    await putApplication(bus.tools, member('agency'), 'partner', { parent: 'agency' });
    await expect(send(bus)).rejects.toMatchObject(forbidden);
  });

  it('is not brought back by an approval, and what was granted meanwhile is not for a later one', async () => {
    const { bus } = await busWithPartner();
    await deleteApplication(bus.tools, admin, 'partner');
    // Its key is known to some instance for some seconds more.
    const asked = [
      { kind: 'publish', topic: 'orders' },
      { kind: 'topic', topic: 'parcels' },
      { kind: 'quotas', quotas: { topics: 3 } },
    ] as const;
    for (const spec of asked) {
      await expect(createRequest(bus.tools, partner, spec)).rejects.toMatchObject({
        code: 'unknown_application',
      });
    }
    expect(await bus.tools.applications.find('partner')).toBeUndefined();
    await bus.tools.requests.change(
      {
        ...{ id: 'req_late', application: 'partner', state: 'open', kind: 'quotas', quotas: { topics: 3 } },
        createdAt: new Date(bus.clock.now()).toISOString(),
      },
      undefined,
    );
    await expect(decideRequest(bus.tools, admin, 'req_late', 'approve', undefined)).rejects.toMatchObject({
      code: 'unknown_application',
    });
    await putApplication(bus.tools, admin, 'partner', {});
    expect(await getRequest(bus.tools, admin, 'req_late')).toMatchObject({ state: 'withdrawn' });
  });
});
