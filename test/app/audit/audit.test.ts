import { describe, expect, it } from 'vitest';
import { type Act, createAuditor } from '../../../lib/app/audit/auditor.ts';
import { listAudit } from '../../../lib/app/audit/list-audit.ts';
import { refusalsTrustedMax } from '../../../lib/core/audit/limits.ts';
import { admin, member, type TestBus, testBus } from '../bus.ts';

const act = (more: Partial<Act> = {}): Act => ({
  principal: { ...member('crm'), keyId: 'key-1' },
  call: 'PUT /v1/topics/{topic}',
  target: 'topics/orders',
  requestId: 'request-1',
  owners: async () => ['shop'],
  ...more,
});
const all = { sinceMs: undefined, untilMs: undefined, application: undefined, target: undefined };
const list = (bus: TestBus, principal = admin, more: object = {}) =>
  listAudit(bus.tools, principal, { ...all, limit: 100, cursor: undefined, ...more });
const day = 86_400_000;

describe('an audited call', () => {
  it('has a row before it changes anything, which is completed', async () => {
    const bus = await testBus();
    const auditor = createAuditor(bus.tools);
    const complete = await auditor.begin(act({ change: { description: 'new' } }));
    const row = {
      at: '2026-01-01T00:00:00.000Z',
      by: { application: 'crm', keyId: 'key-1', role: 'member' },
      call: 'PUT /v1/topics/{topic}',
      target: 'topics/orders',
      requestId: 'request-1',
      change: { description: 'new' },
    };
    // What a function that dies now leaves behind.
    for (const who of [admin, member('crm'), member('shop')]) {
      expect((await list(bus, who)).entries).toEqual([{ ...row, status: 0 }]);
    }

    await complete(200);

    for (const who of [admin, member('crm'), member('shop')]) {
      expect((await list(bus, who)).entries).toEqual([{ ...row, status: 200 }]);
    }
    expect((await list(bus, member('other'))).entries).toEqual([]);
  });

  it('concerns the owner before and after it', async () => {
    const bus = await testBus();
    const owners = ['shop'];
    const complete = await createAuditor(bus.tools).begin(act({ owners: async () => owners }));
    owners[0] = 'warehouse';
    await complete(200);
    for (const who of ['crm', 'shop', 'warehouse']) {
      expect((await list(bus, member(who))).entries).toHaveLength(1);
    }
  });

  it('is not carried out when its row cannot be written, but done when the row cannot be completed', async () => {
    const bus = await testBus();
    const auditor = createAuditor(bus.tools);
    const fail = () => {
      throw new Error('The table is away.');
    };
    bus.intercept('dynamodb.BatchWriteItem', fail);
    await expect(auditor.begin(act())).rejects.toThrow();
    bus.restore('dynamodb.BatchWriteItem');
    const complete = await auditor.begin(act());
    bus.intercept('dynamodb.BatchWriteItem', fail);

    await complete(200);

    bus.restore('dynamodb.BatchWriteItem');
    expect((await list(bus)).entries).toMatchObject([{ status: 0 }]);
    expect(bus.lines.join()).toContain('An audit row could not be written');
  });
});

describe('refusals', () => {
  const writes = (bus: TestBus) =>
    bus.calls.filter((call) => call.startsWith('dynamodb.BatchWriteItem')).length;

  it('of one kind cost a few writes, however many there are, and both sides see how many', async () => {
    const bus = await testBus();
    const auditor = createAuditor(bus.tools);
    for (let time = 0; time < 1024; time++) await auditor.refused(act(), 403);
    expect(writes(bus)).toBe(11);
    for (const who of [admin, member('crm'), member('shop')]) {
      expect((await list(bus, who)).entries).toMatchObject([{ status: 403, count: 1024 }]);
    }
  });

  it('without a key are counted without a target, for admins', async () => {
    const bus = await testBus();
    const auditor = createAuditor(bus.tools);
    for (let time = 0; time < 64; time++) {
      await auditor.refused(act({ principal: undefined, target: `topics/t${time}` }), 401);
    }
    expect(writes(bus)).toBe(7);
    expect((await list(bus)).entries).toMatchObject([
      { by: { application: '(unknown)', role: 'none' }, target: '(any)', status: 401, count: 64 },
    ]);
    expect((await list(bus, member('shop'))).entries).toEqual([]);
  });

  it('by what a call does itself have rows of their own until there are many', async () => {
    const bus = await testBus();
    const auditor = createAuditor(bus.tools);
    const beRefused = async () => (await auditor.begin(act()))(403);
    for (let time = 0; time < refusalsTrustedMax; time++) await beRefused();
    expect((await list(bus)).entries).toHaveLength(refusalsTrustedMax);
    const before = writes(bus);

    for (let time = 0; time < 256; time++) await beRefused();

    expect(writes(bus) - before).toBe(9);
    // What succeeds has its row all the same.
    await (await auditor.begin(act()))(200);
    expect((await list(bus)).entries.map(({ status, count }) => [status, count])).toContainEqual([403, 256]);
    expect((await list(bus)).entries.filter(({ status }) => status === 200)).toHaveLength(1);
    await bus.clock.advance(60_000);
    await auditor.begin(act());
    expect((await list(bus)).entries[0]).toMatchObject({ status: 0 });
  });
});

describe('the list of the audit', () => {
  async function filled() {
    const bus = await testBus(Date.parse('2026-01-01T12:00:00Z'));
    const auditor = createAuditor(bus.tools);
    for (let at = 0; at < 60; at++) {
      const principal = member(at % 2 === 0 ? 'crm' : 'shop');
      const complete = await auditor.begin(act({ principal, target: `topics/t${at}`, requestId: `r${at}` }));
      await complete(200);
      await bus.clock.advance(day);
    }
    return bus;
  }
  async function pages(bus: TestBus, principal = admin, more: object = {}) {
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await list(bus, principal, { limit: 7, ...more, cursor });
      expect(page.entries.length).toBeLessThanOrEqual(7);
      found.push(...page.entries.map(({ requestId }) => requestId));
      cursor = page.cursor;
    } while (cursor !== undefined);
    return found;
  }
  const numbered = (from: number, to: number, step = 1) =>
    Array.from({ length: Math.ceil((to - from) / step) }, (_, at) => `r${from + at * step}`).reverse();

  it('goes on from page to page over days and months, the latest first, with nothing left out or twice', async () => {
    const bus = await filled();
    expect(await pages(bus)).toEqual(numbered(0, 60));
    expect(await pages(bus, member('shop'))).toEqual(numbered(0, 60));
    expect(await pages(bus, member('crm'))).toEqual(numbered(0, 60, 2));
  });

  it('is of a time, an application or a target', async () => {
    const bus = await filled();
    const at = (days: number) => Date.parse('2026-01-01T12:00:00Z') + days * day;
    expect(await pages(bus, admin, { sinceMs: at(10), untilMs: at(20) })).toEqual(numbered(10, 20));
    expect(await pages(bus, admin, { application: 'crm' })).toEqual(numbered(0, 60, 2));
    expect(await pages(bus, member('crm'), { target: 'topics/t8' })).toEqual(['r8']);
    expect(await pages(bus, admin, { target: 't8' })).toEqual(['r8']);
    await expect(list(bus, member('crm'), { application: 'shop' })).rejects.toMatchObject({
      code: 'forbidden',
    });
    const parent = { ...member('main'), children: ['crm'] };
    expect(await pages(bus, parent, { application: 'crm' })).toHaveLength(30);
  });

  it('ends with the rows of 400 days', async () => {
    const bus = await filled();
    await bus.clock.advance(398.5 * day);
    expect(await pages(bus)).toEqual(numbered(59, 60));
  });

  it.each(['!', 'AAAA', Buffer.from('2026-01-01').toString('base64url')])(
    'refuses the cursor %s',
    async (cursor) => {
      const bus = await testBus();
      await expect(list(bus, admin, { cursor })).rejects.toMatchObject({ code: 'invalid_request' });
    },
  );
});
