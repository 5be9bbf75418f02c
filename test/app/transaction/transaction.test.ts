import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { renewCheckSecret } from '../../../lib/app/transaction/check-secret.ts';
import { checkTransaction } from '../../../lib/app/transaction/check-transaction.ts';
import { relayTransaction } from '../../../lib/app/transaction/relay-transaction.ts';
import {
  beginTransaction,
  commitTransaction,
  getTransaction,
  rollbackTransaction,
} from '../../../lib/app/transaction/transaction.ts';
import type { Topic } from '../../../lib/core/registry/topic.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { admin, answer, member, shorthand } from '../bus.ts';
import { type TransactionBus, transactionBus } from './transaction-bus.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const checkUrl = 'https://shop.example.com/check';
const shop = member('shop');

/** A topic with one subscriber, and a receiver that is called by name. */
async function runningBus(options: { run?: boolean } = {}): Promise<TransactionBus> {
  const bus = await transactionBus();
  await bus.topic('orders');
  await bus.receiver('billing');
  await bus.receiver('crm');
  for (const name of ['billing', 'crm']) bus.endpoint(`https://${name}.example.com/events`, () => 204);
  await bus.subscription('orders', 'billing');
  if (options.run !== false) bus.run();
  return bus;
}

const order = (id: string, more: object = {}) => ({
  topic: 'orders',
  type: 'order.placed',
  id,
  data: { id },
  ...more,
});
const begin = (bus: TransactionBus, events: unknown[], more: object = {}, who = shop) =>
  beginTransaction(bus.tools, who, shorthand({ events, ...more }), []);
const delivered = (bus: TransactionBus) =>
  bus.requests.filter(({ url }) => url !== checkUrl).map(({ body }) => JSON.parse(String(body)).id);
const checks = (bus: TransactionBus) => bus.requests.filter(({ url }) => url === checkUrl);
const state = async (bus: TransactionBus, id: string) => await getTransaction(bus.tools, shop, id);
const timers = async (bus: TransactionBus) => {
  const { ready, inFlight, delayed } = await bus.count(bus.transactionQueue);
  return ready + inFlight + delayed;
};

describe('a transaction', () => {
  it('is invisible until its commit, and then reaches every target', async () => {
    const bus = await runningBus();
    const begun = await begin(bus, [
      order('1'),
      order('2'),
      { receiver: 'crm', type: 'customer.won', id: '3' },
    ]);
    expect(begun).toMatchObject({
      id: expect.stringMatching(/^txn_/),
      state: 'half',
      events: [{ topic: 'orders', id: '1', type: 'order.placed' }, { id: '2' }, { receiver: 'crm', id: '3' }],
    });
    await bus.clock.advance(50 * minute);
    expect(bus.requests).toEqual([]);
    expect(await commitTransaction(bus.tools, shop, begun.id)).toMatchObject({ state: 'committed' });
    await bus.clock.until(() => bus.requests.length === 3, minute);
    expect(delivered(bus).sort()).toEqual(['1', '2', '3']);
    await bus.clock.until(async () => (await state(bus, begun.id)).publishedAt !== undefined, minute);
    await bus.clock.advance(hour);
    expect(bus.requests).toHaveLength(3);
    expect(await timers(bus)).toBe(0);
  });

  it('that is rolled back leaves nothing, and reaches nobody', async () => {
    const bus = await runningBus();
    const { id } = await begin(bus, [order('1')]);
    expect(await rollbackTransaction(bus.tools, shop, id)).toMatchObject({
      state: 'rolled-back',
      decidedBy: 'producer',
    });
    await bus.clock.advance(2 * hour);
    expect(bus.requests).toEqual([]);
    expect(await timers(bus)).toBe(0);
    expect(await bus.rows(`transaction#${id}`)).toHaveLength(1);
  });

  it('may be committed again and again, and not after a rollback', async () => {
    const bus = await runningBus();
    const one = await begin(bus, [order('1')]);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => commitTransaction(bus.tools, shop, one.id)),
    );
    expect(new Set(answers.map(({ decidedAt }) => decidedAt)).size).toBe(1);
    await bus.clock.until(() => bus.requests.length > 0, minute);
    await commitTransaction(bus.tools, shop, one.id);
    await expect(rollbackTransaction(bus.tools, shop, one.id)).rejects.toMatchObject({
      code: 'transaction_decided',
      status: 409,
    });
    const two = await begin(bus, [order('2')]);
    await rollbackTransaction(bus.tools, shop, two.id);
    await expect(commitTransaction(bus.tools, shop, two.id)).rejects.toMatchObject({ status: 409 });
    await bus.clock.advance(2 * hour);
    expect(delivered(bus)).toEqual(['1']);
  });

  it('begins once when its call is made twice under an id of its own', async () => {
    const bus = await runningBus();
    const events = [{ topic: 'orders', type: 'order.placed', data: {} }];
    const one = await begin(bus, events, { id: 'order-1001' });
    const two = await begin(bus, events, { id: 'order-1001' });
    expect(two).toEqual(one);
    await expect(begin(bus, [order('2')], { id: 'order-1001' })).rejects.toMatchObject({
      code: 'transaction_exists',
    });
  });

  it('has an id that other applications neither meet nor learn', async () => {
    const bus = await runningBus();
    const events = [{ topic: 'orders', type: 'order.placed', id: '1', data: {} }];
    const one = await begin(bus, events, { id: 'order-1001' });
    const other = await begin(bus, [{ ...events[0], id: '2' }], { id: 'order-1001' }, admin);
    expect([one.application, other.application]).toEqual(['shop', 'ops']);
    expect(one).not.toHaveProperty('key');

    const crm = member('crm');
    for (const call of [getTransaction, commitTransaction, rollbackTransaction]) {
      for (const id of ['order-1001', 'shop.order-1001', 'ops.order-1001', 'other']) {
        await expect(call(bus.tools, crm, id)).rejects.toMatchObject({ code: 'unknown_transaction' });
      }
    }
    await commitTransaction(bus.tools, shop, 'order-1001');
    // An admin has one of its own, and names that of another application.
    await rollbackTransaction(bus.tools, admin, 'order-1001');
    expect(await getTransaction(bus.tools, admin, 'shop.order-1001')).toMatchObject({
      id: 'order-1001',
      state: 'committed',
    });
    await bus.clock.until(() => bus.requests.length === 1, minute);
    expect(delivered(bus)).toEqual(['1']);
    await bus.clock.until(async () => (await state(bus, 'order-1001')).publishedAt !== undefined, minute);
    await bus.clock.until(async () => (await timers(bus)) === 0, 20 * minute);
  });

  it('goes on when it began before ids were scoped', async () => {
    const bus = await runningBus();
    const begun = await begin(bus, [order('1')], { id: 'order-1001' });
    const row = await bus.tools.transactions.find('shop.order-1001');
    if (row === undefined) expect.fail('There is no transaction.');
    const { key: _, ...earlier } = row;
    await bus.tools.transactions.create({ ...earlier, id: 'order-1000' }, []);
    expect(await begin(bus, [order('1')], { id: 'order-1000' })).toMatchObject({ id: 'order-1000' });
    expect(await bus.tools.transactions.find('shop.order-1000')).toBeUndefined();
    expect(await rollbackTransaction(bus.tools, shop, 'order-1000')).toMatchObject({ state: 'rolled-back' });
    expect(await state(bus, begun.id)).toMatchObject({ state: 'half' });
  });

  it('belongs to the application that began it', async () => {
    const bus = await runningBus();
    const { id } = await begin(bus, [order('1')]);
    for (const call of [getTransaction, commitTransaction, rollbackTransaction]) {
      await expect(call(bus.tools, member('crm'), id)).rejects.toMatchObject({ code: 'unknown_transaction' });
      await expect(call(bus.tools, shop, 'other')).rejects.toMatchObject({ code: 'unknown_transaction' });
    }
    expect(await getTransaction(bus.tools, admin, id)).toMatchObject({ state: 'half' });
  });

  it('has its delays count from the commit', async () => {
    const bus = await runningBus();
    const { id } = await begin(bus, [order('1', { delaySeconds: 30 })]);
    await bus.clock.advance(10 * minute);
    await commitTransaction(bus.tools, shop, id);
    await bus.clock.advance(29 * second);
    expect(delivered(bus)).toEqual([]);
    await bus.clock.until(() => bus.requests.length === 1, 5 * second);
  });

  it('keeps events whole that are as large as events may be, whatever they are made of', async () => {
    const bus = await runningBus();
    const text = '"\\'.repeat(50_000);
    const events = ['1', '2', '3', '4'].map((id) => order(id, { data: text.slice(0, 100_000 - Number(id)) }));
    const { id } = await begin(bus, events);
    await commitTransaction(bus.tools, shop, id);
    await bus.clock.until(() => bus.requests.length === 4, minute);
    const texts = bus.requests.map(({ body }) => JSON.parse(String(body)).data.length);
    expect(texts.sort()).toEqual([99_996, 99_997, 99_998, 99_999]);
  });

  it('keeps numbers that no JSON parser of JavaScript would keep', async () => {
    const bus = await runningBus();
    const body = '{"events":[{"topic":"orders","type":"t","id":"1","data":{"n":12345678901234567890.10}}]}';
    const request = { contentType: 'application/json', headers: {}, body: Buffer.from(body) };
    const { id } = await beginTransaction(bus.tools, shop, request, []);
    await commitTransaction(bus.tools, shop, id);
    await bus.clock.until(() => bus.requests.length === 1, minute);
    expect(String(bus.requests[0]?.body)).toContain('{"n":12345678901234567890.10}');
  });

  it('is accepted once where the topic deduplicates, however often its events are sent', async () => {
    const bus = await runningBus();
    await bus.topic('orders', { dedupSeconds: 600 });
    const events = [order('1')];
    for (const id of ['one', 'two']) {
      await begin(bus, events, { id });
      await commitTransaction(bus.tools, shop, id);
    }
    await bus.clock.until(async () => (await state(bus, 'two')).publishedAt !== undefined, 2 * minute);
    expect(delivered(bus)).toEqual(['1']);
  });

  it('lists as refused what cannot be published after the commit, and publishes the rest', async () => {
    const bus = await runningBus({ run: false });
    const { id } = await begin(bus, [order('1'), { receiver: 'crm', type: 't', id: '2' }]);
    await bus.tools.registry.deleteReceiver('crm');
    await bus.clock.advance(minute);
    await commitTransaction(bus.tools, shop, id);
    bus.run();
    await bus.clock.until(async () => (await state(bus, id)).publishedAt !== undefined, minute);
    await bus.clock.until(() => bus.requests.length === 1, minute);
    expect(await state(bus, id)).toMatchObject({ state: 'committed', refused: 1 });
    expect(await bus.tools.refused.page('shop', '', 10)).toMatchObject({
      items: [
        {
          item: { from: 'transaction', transaction: id, receiver: 'crm', code: 'unknown_receiver', times: 1 },
        },
      ],
    });
  });
});

describe('all or none', () => {
  it.each<[string, unknown, object]>([
    ['an unknown topic', { topic: 'none', type: 't' }, { code: 'unknown_topic' }],
    ['a topic of somebody else', { topic: 'private', type: 't' }, { code: 'forbidden' }],
    [
      'an event without a type',
      { topic: 'orders' },
      { code: 'invalid_event', fields: [{ path: 'events.1.type' }] },
    ],
    [
      'data against the schema',
      { topic: 'strict', type: 't', data: { total: 'x' } },
      { code: 'schema_mismatch', fields: [{ path: 'events.1.data.total' }] },
    ],
    [
      'an event that is too large',
      { topic: 'orders', type: 't', data: 'x'.repeat(300_000) },
      { code: 'event_too_large' },
    ],
    ['no target', { type: 't' }, { code: 'invalid_request', fields: [{ path: 'events.1' }] }],
    ['two targets', { topic: 'orders', receiver: 'crm', type: 't' }, { code: 'invalid_request' }],
    ['no object', 7, { code: 'invalid_request', fields: [{ path: 'events.1' }] }],
    ['an unknown field', { topic: 'orders', type: 't', priority: 1 }, { code: 'invalid_event' }],
  ])('%s refuses the whole transaction', async (_, event, expected) => {
    const bus = await runningBus({ run: false });
    await bus.topic('private', { owner: 'crm' });
    await bus.topic('strict', { schema: { type: 'object', properties: { total: { type: 'number' } } } });
    await expect(begin(bus, [order('1'), event])).rejects.toMatchObject(expected);
    expect(await bus.rows('transaction#')).toEqual([]);
    expect(await timers(bus)).toBe(0);
  });

  it.each<[string, object]>([
    ['events', { events: [] }],
    ['events', { events: Array.from({ length: 26 }, () => order('1')) }],
    ['checkUrl', { checkUrl: 'no url' }],
    ['checkUrl', { checkUrl: 'ftp://shop.example.com' }],
    ['checkAfterSeconds', { checkAfterSeconds: 0 }],
    ['checkAfterSeconds', { checkAfterSeconds: 43_201 }],
    ['id', { id: 'a b' }],
    ['ttl', { ttl: 1 }],
  ])('a wrong %s is refused by name', async (path, more) => {
    const bus = await runningBus({ run: false });
    await expect(begin(bus, [order('1')], more)).rejects.toMatchObject({
      code: 'invalid_request',
      fields: [{ path }],
    });
  });
});

describe('a check', () => {
  it('is signed by the secret of the application, and its answer decides', async () => {
    const bus = await runningBus();
    bus.endpoint(checkUrl, () => answer(200, {}, '{"state":"commit"}'));
    const begun = await begin(bus, [order('1'), { receiver: 'crm', type: 't', id: '2' }], {
      checkUrl,
      checkAfterSeconds: 5,
    });
    expect(begun.checkSecret).toMatch(/^whsec_/);
    await bus.clock.advance(4 * second);
    expect(checks(bus)).toEqual([]);
    await bus.clock.until(() => checks(bus).length === 1, 2 * second);
    const [request] = checks(bus);
    if (request === undefined) throw new Error('There was no check.');
    const body = JSON.parse(String(request.body));
    expect(body).toMatchObject({
      transactionId: begun.id,
      events: [
        { topic: 'orders', specversion: '1.0', id: '1', type: 'order.placed', data: { id: '1' } },
        { receiver: 'crm', id: '2' },
      ],
    });
    expect(() =>
      new Webhook(begun.checkSecret ?? '').verify(String(request.body), {
        ...request.headers,
        // The library goes by the clock of the machine.
        'webhook-timestamp': request.headers['webhook-timestamp'] ?? '',
      }),
    ).toThrow('Message timestamp too old');
    expect(
      new Webhook(begun.checkSecret ?? '').sign(
        request.headers['webhook-id'] ?? '',
        new Date(Number(request.headers['webhook-timestamp']) * 1000),
        String(request.body),
      ),
    ).toBe(request.headers['webhook-signature']);
    await bus.clock.until(() => delivered(bus).length === 2, minute);
    expect(await state(bus, begun.id)).toMatchObject({ state: 'committed', decidedBy: 'check', checks: 1 });
  });

  it('finds a commit whose answer was lost in a crash of the producer', async () => {
    const bus = await runningBus();
    bus.endpoint(checkUrl, () => answer(200, {}, '{"state":"unknown"}'));
    const { id } = await begin(bus, [order('1')], { checkUrl, checkAfterSeconds: 60 });
    await bus.clock.until(() => checks(bus).length === 2, 10 * minute);
    expect(await state(bus, id)).toMatchObject({
      state: 'half',
      lastCheck: { outcome: 'it answered unknown' },
    });
    bus.endpoint(checkUrl, () => answer(200, {}, '{"state":"commit"}'));
    await bus.clock.until(() => delivered(bus).length === 1, 10 * minute);
  });

  it('that says rollback ends it', async () => {
    const bus = await runningBus();
    bus.endpoint(checkUrl, () => answer(200, {}, '{"state":"rollback"}'));
    const { id } = await begin(bus, [order('1')], { checkUrl, checkAfterSeconds: 1 });
    await bus.clock.until(async () => (await state(bus, id)).state === 'rolled-back', minute);
    expect(await state(bus, id)).toMatchObject({ decidedBy: 'check' });
    expect(await timers(bus)).toBe(0);
  });

  it.each<[string, () => ReturnType<typeof answer>]>([
    ['unknown', () => answer(200, {}, '{"state":"unknown"}')],
    ['a failure', () => ({ kind: 'failure', failure: 'timeout', message: 'no answer' })],
    ['an error', () => answer(500)],
    ['a redirect', () => answer(302, { location: 'https://example.com' })],
    ['no JSON', () => answer(200, {}, 'ok')],
    ['another word', () => answer(200, {}, '{"state":"committed"}')],
  ])(
    'that brings %s is made 15 times with growing pauses, then the bus rolls back and says so',
    async (_, respond) => {
      // Hours of polling every queue would say nothing more: the timer is looked at when it asked to be.
      const bus = await runningBus({ run: false });
      const startMs = bus.clock.now();
      const times: number[] = [];
      bus.endpoint(checkUrl, () => {
        times.push((bus.clock.now() - startMs) / second);
        return respond();
      });
      const { id } = await begin(bus, [order('1')], { checkUrl, checkAfterSeconds: 60 });
      const timer = { transaction: id, sentAtMs: startMs };
      for (;;) {
        const seconds = await checkTransaction(bus.tools, timer);
        if (seconds === undefined) break;
        expect(seconds).toBeLessThanOrEqual(15 * 60);
        await bus.clock.advance(seconds * second);
      }
      expect(times).toHaveLength(15);
      const pauses = times.map((at, n) => Math.round(at - (times[n - 1] ?? 0)));
      expect(pauses.slice(0, 8)).toEqual([60, 60, 120, 240, 480, 960, 1920, 3600]);
      expect(await state(bus, id)).toMatchObject({
        state: 'rolled-back',
        decidedBy: 'bus',
        checks: 15,
        reason: expect.stringContaining('asked 15 times'),
      });
      expect(await bus.rows(`transaction#${id}`)).toHaveLength(1);
      expect(bus.lines.join('\n')).toContain('A transaction was rolled back because nobody ended it');
    },
  );

  it('that is under way while the producer commits changes nothing any more', async () => {
    const bus = await runningBus();
    let release = (_: ReturnType<typeof answer>) => {};
    bus.endpoint(checkUrl, () => new Promise((resolve) => (release = resolve)));
    const { id } = await begin(bus, [order('1')], { checkUrl, checkAfterSeconds: 1 });
    await bus.clock.until(() => checks(bus).length === 1, minute);
    await commitTransaction(bus.tools, shop, id);
    release(answer(200, {}, '{"state":"rollback"}'));
    await bus.clock.until(() => delivered(bus).length === 1, minute);
    expect(await state(bus, id)).toMatchObject({ state: 'committed', decidedBy: 'producer' });
  });

  it('is proven by the secret before as well, for a day after it was renewed', async () => {
    const bus = await runningBus();
    bus.endpoint(checkUrl, () => answer(200, {}, '{"state":"unknown"}'));
    const { checkSecret: first } = await begin(bus, [order('1')], { checkUrl, checkAfterSeconds: 1 });
    const renewed = await renewCheckSecret(bus.tools, shop);
    expect(renewed).toMatchObject({ application: 'shop', checkSecret: expect.stringMatching(/^whsec_/) });
    expect(await begin(bus, [order('2')], { checkUrl })).not.toHaveProperty('checkSecret');
    await bus.clock.until(() => checks(bus).length === 1, minute);
    const [request] = checks(bus);
    if (request === undefined) throw new Error('There was no check.');
    const { headers, body } = request;
    const signatures = String(headers['webhook-signature']).split(' ');
    expect(signatures).toHaveLength(2);
    const expected = [renewed.checkSecret, first ?? ''].map((secret) =>
      new Webhook(secret).sign(
        headers['webhook-id'] ?? '',
        new Date(Number(headers['webhook-timestamp']) * 1000),
        String(body),
      ),
    );
    expect(signatures).toEqual(expected);
  });
});

describe('without a check URL', () => {
  it('a transaction that nobody ends is rolled back when the stated time is over', async () => {
    const bus = await runningBus();
    const begun = await begin(bus, [order('1')], { checkAfterSeconds: 90 });
    expect(Date.parse(begun.rollsBackAt ?? '')).toBe(bus.clock.now() + 90 * second);
    await bus.clock.advance(89 * second);
    expect(await state(bus, begun.id)).toMatchObject({ state: 'half' });
    await bus.clock.advance(5 * second);
    expect(await state(bus, begun.id)).toMatchObject({ state: 'rolled-back', decidedBy: 'bus' });
    await bus.clock.advance(hour);
    expect(bus.requests).toEqual([]);
    expect(await timers(bus)).toBe(0);
  });
});

describe('a begin that breaks off', () => {
  it('before it is written leaves a timer that ends by itself', async () => {
    const bus = await runningBus();
    bus.intercept('dynamodb.TransactWriteItems', () => {
      throw new AwsError('InternalServerError', 'away', { status: 500 });
    });
    await expect(begin(bus, [order('1')])).rejects.toThrow();
    bus.restore('dynamodb.TransactWriteItems');
    expect(await timers(bus)).toBe(1);
    await bus.clock.advance(2 * hour);
    expect(await timers(bus)).toBe(0);
  });

  it('without a timer keeps nothing', async () => {
    const bus = await runningBus();
    bus.intercept('sqs.SendMessageBatch', () => {
      throw new AwsError('InternalError', 'away', { status: 500 });
    });
    await expect(begin(bus, [order('1')])).rejects.toMatchObject({ code: 'unavailable' });
    expect(await bus.rows('transaction#')).toEqual([]);
  });
});

it.each([
  // Two of them for the first one of an instance, by which the owner of the topic finds what waits.
  ['one event', 1, 10],
  ['25 events', 25, 54],
])('with %s of half a KB costs so many writes', async (_, count, writeUnits) => {
  const bus = await runningBus({ run: false });
  // Without a trace, no event is kept for the catalogue either.
  await bus.topic('orders', { trace: 'none' });
  // Data that cannot be packed any smaller, so that the bill errs on the dear side.
  const data = () => Buffer.from(bus.runtime.random.bytes(360)).toString('base64');
  const list = Array.from({ length: count }, (_, n) => ({ ...order(String(n)), data: data() }));
  // Nothing is kept for dry runs, which is another cost.
  await bus.tools.registry.changeTopic('orders', (was) => ({ ...was, trace: 'none' }) as Topic);
  bus.meter.reset();
  const { id } = await begin(bus, list);
  await commitTransaction(bus.tools, shop, id);
  const tools = bus.tools;
  expect(await relayTransaction(tools, id)).toBe(true);
  const counts = bus.meter.counts();
  expect(counts['dynamodb.write-units']).toBeLessThanOrEqual(writeUnits);
  // Among them one for what the application has stored already, once a minute, and one for its quotas in the relay.
  expect(counts['dynamodb.read-units']).toBeLessThanOrEqual(15);
  const sends = bus.calls.filter((call) => /^sqs\.SendMessageBatch .*-online$/.test(call));
  expect(sends).toHaveLength(Math.ceil(count / 10));
});
