import { describe, expect, it } from 'vitest';
import { adminCalls } from '../../../lib/api/calls.ts';
import { listApplications, putApplication } from '../../../lib/app/access/applications.ts';
import { listHeld } from '../../../lib/app/hold/held.ts';
import { putHold } from '../../../lib/app/hold/hold.ts';
import { listTopicsAndHolds } from '../../../lib/app/hold/topic-and-hold.ts';
import type { PageQuery } from '../../../lib/app/list/page.ts';
import { listRefused } from '../../../lib/app/refused/refused.ts';
import { pauseReceiver, resumeReceiver } from '../../../lib/app/registry/flow.ts';
import { listReceivers } from '../../../lib/app/registry/list-receivers.ts';
import { listSubscriptions } from '../../../lib/app/registry/subscriptions.ts';
import { listRecurrences } from '../../../lib/app/schedule/recurrences.ts';
import type { Principal } from '../../../lib/core/access/access.ts';
import { writeCursor } from '../../../lib/core/list/cursor.ts';
import { admin, member, type TestBus, testBus } from '../bus.ts';
import { putReceiver, putRecurrence, putSubscription, putTopic } from '../calls.ts';
import { waited } from '../hold/hold-bus.ts';

const shop = member('shop');
const crm = member('crm');
const range = (count: number) => Array.from({ length: count }, (_, n) => n + 1);

/** All pages of a list, one item each. */
async function walk<Page extends { readonly cursor?: string }>(
  list: (query: PageQuery) => Promise<Page>,
  limit = 1,
): Promise<Page[]> {
  const pages: Page[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ limit, cursor });
    pages.push(page);
    cursor = page.cursor;
  } while (cursor !== undefined);
  return pages;
}

const secret = `whsec_${Buffer.alloc(24, 3).toString('base64')}`;

async function filledBus(): Promise<TestBus> {
  const bus = await testBus();
  for (const [n, owner] of [shop, crm, shop, crm].entries()) {
    await putTopic(bus.tools, owner, `t${n}`, { schema: { title: 'a secret schema' } });
    await putReceiver(
      bus.tools,
      owner,
      `r${n}`,
      { endpoint: `https://r${n}.example.com/`, secret, headers: { authorization: 'Bearer hidden' } },
      [],
    );
    await putRecurrence(bus.tools, owner, `s${n}`, {
      receiver: `r${n}`,
      everySeconds: 60,
      event: { type: 'tick', data: 'the data of an event' },
    });
    await bus.tools.refused.put(
      {
        id: `ref_${n}`,
        application: owner.application,
        from: 'outbox',
        code: 'invalid_event',
        detail: 'It has no type.',
        refusedAt: new Date(bus.clock.now()).toISOString(),
        times: 1,
      },
      'the data of an event',
    );
  }
  return bus;
}

describe('every list', () => {
  it('takes a limit and a cursor, and refuses other parameters', () => {
    const lists = adminCalls.filter(
      // Statistics are no list: their points are bounded by the period and the step.
      ({ method, path, responses }) => method === 'GET' && /(?<!statistic)s$/.test(path) && 200 in responses,
    );
    expect(lists.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        '/v1/topics',
        '/v1/receivers',
        '/v1/topics/{topic}/subscriptions',
        '/v1/schedules',
        '/v1/receivers/{receiver}/dead-letters',
      ]),
    );
    for (const { path, query } of [
      ...lists.filter(({ path }) => !path.startsWith('/v1/applications')),
      ...adminCalls.filter(
        ({ method, path: of }) => method === 'GET' && ['/v1/refused', '/v1/topics/{topic}/held'].includes(of),
      ),
    ]) {
      expect([path, query?.limit?.schema, query?.cursor?.schema]).toEqual([
        path,
        { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
        { type: 'string' },
      ]);
    }
  });

  it('shows a member its own, page by page, and an admin everything', async () => {
    const bus = await filledBus();
    const receivers = async (who: typeof shop) =>
      (await walk((query) => listReceivers(bus.tools, who, query))).flatMap((page) =>
        page.receivers.map(({ receiver }) => receiver),
      );
    expect(await receivers(shop)).toEqual(['r0', 'r2']);
    expect(await receivers(crm)).toEqual(['r1', 'r3']);
    expect(await receivers(admin)).toEqual(['r0', 'r1', 'r2', 'r3']);
    const schedules = async (who: typeof shop) =>
      (await walk((query) => listRecurrences(bus.tools, who, query))).flatMap((page) =>
        page.schedules.map(({ schedule }) => schedule),
      );
    expect(await schedules(shop)).toEqual(['s0', 's2']);
    expect(await schedules(admin)).toEqual(['s0', 's1', 's2', 's3']);
    const refused = async (who: typeof shop) =>
      (await walk((query) => listRefused(bus.tools, who, query))).flatMap((page) =>
        page.refused.map(({ id }) => id),
      );
    expect(await refused(shop)).toEqual(['ref_0', 'ref_2']);
    expect(await refused(admin)).toEqual(['ref_1', 'ref_3', 'ref_0', 'ref_2']);
    const topics = await walk((query) => listTopicsAndHolds(bus.tools, admin, query), 3);
    expect(topics.map((page) => page.topics.map(({ topic }) => topic))).toEqual([['t0', 't1', 't2'], ['t3']]);
  });

  it('of things with names takes what these begin with', async () => {
    const bus = await testBus();
    for (const name of ['a', 'ab-1', 'ab-2', 'ab-3', 'abc', 'b']) {
      await putTopic(bus.tools, shop, name, {});
      await bus.receiver(name, { owner: name === 'ab-2' ? 'crm' : 'shop' });
      await putApplication(bus.tools, admin, `x${name}`, {});
    }
    const names = async (who: typeof shop, prefix: string) => ({
      topics: (await walk((query) => listTopicsAndHolds(bus.tools, who, { ...query, prefix }))).flatMap(
        (page) => page.topics.map(({ topic }) => topic),
      ),
      receivers: (await walk((query) => listReceivers(bus.tools, who, { ...query, prefix }))).flatMap(
        (page) => page.receivers.map(({ receiver }) => receiver),
      ),
    });
    expect(await names(admin, 'ab-')).toEqual({
      topics: ['ab-1', 'ab-2', 'ab-3'],
      receivers: ['ab-1', 'ab-2', 'ab-3'],
    });
    expect((await names(shop, 'ab')).receivers).toEqual(['ab-1', 'ab-3', 'abc']);
    expect(await names(admin, 'c')).toEqual({ topics: [], receivers: [] });
    const applications = await walk((query) =>
      listApplications(bus.tools, admin, { ...query, prefix: 'xab' }),
    );
    expect(applications.flatMap((page) => page.applications.map(({ application }) => application))).toEqual([
      'xab-1',
      'xab-2',
      'xab-3',
      'xabc',
    ]);
    // A cursor is of its prefix, and one that was made up leads nowhere.
    const { cursor } = await listReceivers(bus.tools, admin, { limit: 1, prefix: 'ab' });
    await expect(listReceivers(bus.tools, admin, { limit: 1, prefix: 'b', cursor })).rejects.toMatchObject({
      code: 'invalid_request',
    });
    const made = writeCursor(['receivers', '*', 'prefix ab'], 'zz');
    expect(await listReceivers(bus.tools, admin, { limit: 1, prefix: 'ab', cursor: made })).toEqual({
      receivers: [],
    });
  });

  it('of receivers takes the state of those that are stopped', async () => {
    const bus = await testBus();
    for (const n of range(6)) await bus.receiver(`r${n}`, { owner: n % 2 === 0 ? 'shop' : 'crm' });
    for (const n of [2, 3, 4]) await pauseReceiver(bus.tools, admin, `r${n}`);
    await bus.receiver('r6', { owner: 'shop', state: 'disabled' });
    const names = async (who: Principal, more: object) =>
      (await walk((query) => listReceivers(bus.tools, who, { ...query, ...more }))).flatMap((page) =>
        page.receivers.map(({ receiver }) => receiver),
      );
    expect(await names(admin, { state: 'paused' })).toEqual(['r3', 'r2', 'r4']);
    expect(await names(shop, { state: 'paused' })).toEqual(['r2', 'r4']);
    expect(await names(shop, { state: 'disabled' })).toEqual(['r6']);
    expect(await names({ ...crm, children: ['shop'] }, { state: 'paused', prefix: 'r2' })).toEqual(['r2']);
    expect(await names(member('else'), { state: 'paused' })).toEqual([]);
    await resumeReceiver(bus.tools, admin, 'r3');
    expect(await names(admin, { state: 'paused' })).toEqual(['r2', 'r4']);
  });

  it('contains no schemas, events or secrets', async () => {
    const bus = await filledBus();
    const all = { limit: 1000 };
    const text = JSON.stringify([
      await listTopicsAndHolds(bus.tools, admin, all),
      await listReceivers(bus.tools, admin, all),
      await listRecurrences(bus.tools, admin, all),
      await listRefused(bus.tools, admin, all),
    ]);
    expect(text).toContain('schemaHash');
    expect(text).toContain('r3.example.com');
    expect(text).not.toMatch(/a secret schema|the data of an event|whsec_|Bearer hidden/);
  });

  it('refuses a cursor of another list and of another caller', async () => {
    const bus = await filledBus();
    const { cursor } = await listReceivers(bus.tools, shop, { limit: 1 });
    expect(cursor).toBeDefined();
    const refused = { code: 'invalid_request', fields: [{ path: 'cursor' }] };
    for (const list of [
      () => listReceivers(bus.tools, crm, { limit: 1, cursor }),
      () => listReceivers(bus.tools, admin, { limit: 1, cursor }),
      () => listRecurrences(bus.tools, shop, { limit: 1, cursor }),
      () => listRefused(bus.tools, shop, { limit: 1, cursor }),
      () => listTopicsAndHolds(bus.tools, admin, { limit: 1, cursor }),
      () => listSubscriptions(bus.tools, admin, 't0', { limit: 1, cursor }),
    ]) {
      await expect(list()).rejects.toMatchObject(refused);
    }
  });
});

describe('the list of topics', () => {
  it('answers although there are many with large schemas', async () => {
    const bus = await testBus();
    const schema = { description: 'x'.repeat(60_000) };
    for (const n of range(40)) await putTopic(bus.tools, shop, `t${n}`, { schema });
    const { topics, cursor } = await listTopicsAndHolds(bus.tools, admin, { limit: 1000 });
    expect(topics).toHaveLength(40);
    expect(cursor).toBeUndefined();
    expect(JSON.stringify(topics).length).toBeLessThan(20_000);
  });
});

describe('the list of subscriptions', () => {
  it('has those of its topic only, although the name of another begins alike', async () => {
    const bus = await testBus();
    for (const topic of ['orders', 'orders-2', 'orderz']) await putTopic(bus.tools, shop, topic, {});
    for (const n of range(3)) await bus.receiver(`r${n}`);
    for (const topic of ['orders', 'orders-2', 'orderz']) {
      for (const n of range(3)) await putSubscription(bus.tools, admin, topic, `r${n}`, {});
    }
    for (const topic of ['orders', 'orders-2', 'orderz']) {
      const pages = await walk((query) => listSubscriptions(bus.tools, admin, topic, query), 2);
      expect(
        pages.map(({ subscriptions }) => subscriptions.map((one) => `${one.topic} ${one.receiver}`)),
      ).toEqual([[`${topic} r1`, `${topic} r2`], [`${topic} r3`]]);
    }
  });
});

describe('the list of held events', () => {
  it('leaves none out where the events of some partitions are larger than one read', async () => {
    const bus = await testBus();
    await bus.topic('orders');
    await waited(bus, putHold(bus.tools, admin, 'orders', {}));
    const hold = await bus.tools.holds.find('orders');
    if (hold === undefined) throw new Error('The topic is not on hold.');
    for (const n of range(300)) {
      const body = JSON.stringify({ data: 'x'.repeat(120_000) });
      const event = { id: `e${n}`, source: '/s', type: 'a', body, trace: 'none' } as const;
      await bus.tools.held.put(hold, [event as never]);
      await bus.clock.advance(1);
    }
    const pages = await walk((query) => listHeld(bus.tools, admin, 'orders', query), 25);
    expect(pages.flatMap(({ events }) => events.map(({ eventId }) => eventId))).toEqual(
      range(300).map((n) => `e${n}`),
    );
  });
});
