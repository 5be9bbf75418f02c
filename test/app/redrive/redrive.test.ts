import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { publish } from '../../../lib/app/publish/publish.ts';
import { continueRedrive } from '../../../lib/app/redrive/continue-redrive.ts';
import { getRedrive, stopRedrive } from '../../../lib/app/redrive/redrive.ts';
import { deleteReceiver } from '../../../lib/app/registry/receivers.ts';
import type { Redrive } from '../../../lib/core/redrive/redrive.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { admin, member, shorthand, type TestBus, testBus } from '../bus.ts';
import { deliverAgain, listDeadLetters, startRedrive } from '../calls.ts';

const url = 'https://shop.example.com/events';
const second = 1000;
const minute = 60 * second;

/** A receiver that has these events as dead letters, and whose endpoint is mended by then. */
async function busWithDeadLetters(ids: readonly string[], status = 500): Promise<TestBus> {
  const bus = await testBus();
  // So many failures would open the breaker, and a redrive waits for it as everything does.
  await bus.receiver('shop', { retry: { delaysSeconds: [] }, breaker: { minimumAttempts: 10_000 } });
  bus.endpoint(url, () => status);
  for (const id of ids) {
    await publish(bus.tools, admin, { receiver: 'shop' }, shorthand({ type: 'a', id, data: { id } }));
    await bus.runLane('shop');
    await bus.clock.advance(second);
  }
  bus.endpoint(url, () => 204);
  bus.requests.length = 0;
  return bus;
}

const list = (bus: TestBus, query: Parameters<typeof listDeadLetters>[3] = {}) =>
  listDeadLetters(bus.tools, admin, 'shop', query);
const listed = async (bus: TestBus) => (await list(bus)).deadLetters.map(({ eventId }) => eventId);
const sent = (bus: TestBus) => bus.requests.map(({ body }) => JSON.parse(String(body)).id);
const lane = async (bus: TestBus) => (await bus.count(bus.urlOf('shop', 'online'))).ready;

/** Runs the slices of a redrive, and the lane between them, until it is over; answers the run. */
async function carryOut(bus: TestBus, run: { id: string }, slicesMax = 50) {
  for (let slice = 0; slice < slicesMax; slice++) {
    let seconds: number | undefined | 'running' = 'running';
    const working = continueRedrive(bus.newTools(), { receiver: 'shop', redrive: run.id }).then((answer) => {
      seconds = answer;
    });
    await bus.clock.until(() => seconds !== 'running', minute);
    await working;
    for (;;) {
      const { received } = await bus.runLane('shop');
      if (received === 0) break;
    }
    if (seconds === undefined) return await getRedrive(bus.tools, admin, 'shop');
    await bus.clock.advance(Number(seconds) * second);
  }
  throw new Error('The redrive did not end.');
}

const redrive = async (bus: TestBus, body: unknown = {}) =>
  carryOut(bus, await startRedrive(bus.tools, admin, 'shop', body));

describe('dead letters', () => {
  it('are listed in the order in which they died, page by page', async () => {
    const bus = await busWithDeadLetters(['1', '2', '3', '4', '5']);
    const first = await list(bus, { limit: '2' });
    expect(first).toMatchObject({ waiting: 0, clusters: [{ cause: 'http-500', count: 5 }] });
    expect(first.deadLetters.map(({ eventId }) => eventId)).toEqual(['1', '2']);
    const second = await list(bus, { limit: '2', cursor: first.cursor });
    expect(second).not.toHaveProperty('clusters');
    const third = await list(bus, { limit: '2', cursor: second.cursor });
    expect(third.deadLetters.map(({ eventId }) => eventId)).toEqual(['5']);
    expect(third).not.toHaveProperty('cursor');
    expect((await list(bus, { cause: 'http-500', limit: '5' })).cursor).toBeUndefined();
    expect((await list(bus, { cause: 'dns' })).deadLetters).toEqual([]);
  });

  it('stay in their queue until the table has them', async () => {
    const bus = await busWithDeadLetters(['1']);
    bus.intercept('dynamodb.BatchWriteItem', () => {
      throw new Error('the table is away');
    });
    await expect(list(bus)).rejects.toThrow('the table is away');
    bus.restore('dynamodb.BatchWriteItem');
    expect(await list(bus)).toMatchObject({ waiting: 1, deadLetters: [] });
    await bus.clock.advance(minute);
    expect(await listed(bus)).toEqual(['1']);
  });

  it('are one, however often the queue holds it', async () => {
    const bus = await busWithDeadLetters(['1']);
    bus.intercept('sqs.DeleteMessageBatch', () => {
      throw new AwsError('InternalError', 'away', { status: 500 });
    });
    expect(await listed(bus)).toEqual(['1']);
    bus.restore('sqs.DeleteMessageBatch');
    await bus.clock.advance(minute);
    expect(await listed(bus)).toEqual(['1']);
    expect(await bus.rows('dead-letter-content#')).toHaveLength(1);
  });

  it('that are no event are listed, and left where they are by a redrive', async () => {
    const bus = await busWithDeadLetters([]);
    await bus.sqs.send(
      new SendMessageCommand({ QueueUrl: bus.urlOf('shop', 'online'), MessageBody: 'no event' }),
    );
    await bus.runLane('shop');
    expect(await list(bus)).toMatchObject({ clusters: [{ cause: 'malformed', count: 1 }] });
    expect(await redrive(bus)).toMatchObject({ state: 'done', total: 0, sent: 0 });
    expect((await list(bus)).deadLetters).toHaveLength(1);
  });

  it('as large as events may be are kept whole, whatever they are made of', async () => {
    const bus = await testBus();
    await bus.receiver('shop', { retry: { delaysSeconds: [] } });
    bus.endpoint(url, () => 500);
    const text = '"\\'.repeat(60_000);
    await publish(bus.tools, admin, { receiver: 'shop' }, shorthand({ type: 'a', id: '1', data: text }));
    await bus.runLane('shop');
    bus.endpoint(url, () => 204);
    await redrive(bus);
    expect(JSON.parse(String(bus.requests.at(-1)?.body)).data).toBe(text);
  });

  it('go with their receiver', async () => {
    const bus = await busWithDeadLetters(['1']);
    await list(bus);
    await expect(deleteReceiver(bus.tools, admin, 'shop', false)).rejects.toMatchObject({ code: 'in_use' });
    await deleteReceiver(bus.tools, admin, 'shop', true);
    expect(await bus.rows('dead-letter')).toEqual([]);
  });
});

describe('a redrive', () => {
  it('sends one letter alone, and the rest when that one was delivered', async () => {
    const bus = await busWithDeadLetters(['1', '2', '3']);
    const run = await startRedrive(bus.tools, admin, 'shop', {});
    const slice = continueRedrive(bus.newTools(), { receiver: 'shop', redrive: run.id });
    await bus.clock.until(
      async () => (await getRedrive(bus.tools, admin, 'shop')).canary !== undefined,
      minute,
    );
    expect(await lane(bus)).toBe(1);
    await bus.runLane('shop');
    let over = false;
    const ended = slice.then(() => {
      over = true;
    });
    await bus.clock.until(() => over, minute);
    await ended;
    expect(await carryOut(bus, run)).toMatchObject({ state: 'done', total: 3, sent: 3 });
    expect(sent(bus)).toEqual(['1', '2', '3']);
    expect(bus.requests.map(({ headers }) => headers['busbar-attempt'])).toEqual(['1', '1', '1']);
    expect(await listed(bus)).toEqual([]);
  });

  it('halts when its canary fails, and loses nothing', async () => {
    const bus = await busWithDeadLetters(['1', '2', '3']);
    bus.endpoint(url, () => 503);
    expect(await redrive(bus)).toMatchObject({
      state: 'halted',
      sent: 1,
      reason: expect.stringContaining('http-503'),
    });
    expect(sent(bus)).toEqual(['1']);
    expect((await listed(bus)).sort()).toEqual(['1', '2', '3']);
  });

  it('gives a delivery all its attempts again, even if the first invocation that gets it breaks off', async () => {
    const bus = await busWithDeadLetters(['1']);
    const run = await startRedrive(bus.tools, admin, 'shop', {});
    const slice = continueRedrive(bus.newTools(), { receiver: 'shop', redrive: run.id });
    await bus.clock.until(async () => (await lane(bus)) === 1, minute);
    await bus.receive(bus.urlOf('shop', 'online'));
    await bus.clock.advance(7 * minute);
    await slice;
    await bus.runLane('shop');
    expect(bus.requests.map(({ headers }) => headers['busbar-attempt'])).toEqual(['1']);
    expect(await carryOut(bus, run)).toMatchObject({ state: 'done', sent: 1 });
  });

  it('keeps to its rate', async () => {
    const ids = Array.from({ length: 21 }, (_, n) => String(n).padStart(2, '0'));
    const bus = await busWithDeadLetters(ids);
    const times: number[] = [];
    bus.endpoint(url, () => {
      times.push(bus.clock.now());
      return 204;
    });
    const startedMs = bus.clock.now();
    expect(await redrive(bus, { perSecond: 0.5 })).toMatchObject({ state: 'done', sent: 21 });
    const [, ...rest] = times;
    expect(rest).toHaveLength(20);
    const tookSeconds = ((rest.at(-1) ?? 0) - (rest[0] ?? 0)) / second;
    expect(tookSeconds).toBeGreaterThanOrEqual(37);
    expect(tookSeconds).toBeLessThan(60);
    expect(bus.clock.now() - startedMs).toBeLessThan(5 * minute);
  });

  it('goes on where another invocation broke off, without the lease of the dead one', async () => {
    const bus = await busWithDeadLetters(['1', '2', '3']);
    const run = await startRedrive(bus.tools, admin, 'shop', {});
    const row = (await bus.tools.redrives.find('shop')) as Redrive;
    await bus.tools.redrives.replace({ ...row, leaseUntilMs: bus.clock.now() + minute }, row);
    // The lease is respected, and the message told to come back when it is over.
    expect(await continueRedrive(bus.tools, { receiver: 'shop', redrive: run.id })).toBe(60);
    await bus.clock.advance(minute);
    expect(await carryOut(bus, run)).toMatchObject({ state: 'done', sent: 3 });
  });

  it('does not send what was delivered although it broke off before it could forget it', async () => {
    const bus = await busWithDeadLetters(['1', '2']);
    const run = await startRedrive(bus.tools, admin, 'shop', {});
    const deletes: unknown[] = [];
    bus.intercept('dynamodb.BatchWriteItem', (input, next) => {
      if (!JSON.stringify(input).includes('DeleteRequest')) return next();
      deletes.push(input);
      if (deletes.length === 1) throw new Error('cut off');
      return next();
    });
    expect(await carryOut(bus, run)).toMatchObject({ state: 'done', total: 2, sent: 1, settledBefore: 1 });
    expect(sent(bus)).toEqual(['1', '2']);
  });

  it('keeps a letter that the lane did not take, and sends it later', async () => {
    const bus = await busWithDeadLetters(['1', '2']);
    let refusals = 0;
    bus.intercept('sqs.SendMessageBatch', (input, next) => {
      if (!String(input.QueueUrl).endsWith('-online') || refusals++ > 0) return next();
      throw new AwsError('InternalError', 'away', { status: 500 });
    });
    expect(await redrive(bus)).toMatchObject({ state: 'done', sent: 2 });
    expect(sent(bus)).toEqual(['1', '2']);
  });

  it('runs one at a time: the second of two operators learns of the first', async () => {
    const bus = await busWithDeadLetters(['1', '2']);
    const answers = await Promise.allSettled([
      startRedrive(bus.newTools(), admin, 'shop', {}),
      startRedrive(bus.newTools(), member('shop'), 'shop', {}),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(answers.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'redrive_running' },
    });
    const run = answers.find((answer) => answer.status === 'fulfilled');
    expect(await carryOut(bus, run?.value ?? { id: '' })).toMatchObject({ state: 'done', sent: 2 });
    expect(sent(bus)).toEqual(['1', '2']);
  });

  it('sends each letter once when its message is received twice at once', async () => {
    const bus = await busWithDeadLetters(['1', '2', '3']);
    const run = await startRedrive(bus.tools, admin, 'shop', {});
    let open = 2;
    const both = [1, 2].map(() =>
      continueRedrive(bus.newTools(), { receiver: 'shop', redrive: run.id }).then(() => {
        open -= 1;
      }),
    );
    await bus.clock.until(() => open === 0, 2 * minute);
    await Promise.all(both);
    await bus.clock.advance(minute);
    expect(await carryOut(bus, run)).toMatchObject({ state: 'done', sent: 3 });
    expect(sent(bus).sort()).toEqual(['1', '2', '3']);
  });

  it('waits while its receiver is paused, and can be stopped', async () => {
    const bus = await busWithDeadLetters(['1', '2']);
    const run = await startRedrive(bus.tools, admin, 'shop', {});
    const receiver = await bus.tools.registry.receiver('shop');
    if (receiver === undefined) throw new Error('There is no receiver.');
    await bus.tools.registry.changeReceiver('shop', () => ({ ...receiver, state: 'paused' }));
    expect(await continueRedrive(bus.tools, { receiver: 'shop', redrive: run.id })).toBe(30);
    expect(await stopRedrive(bus.tools, admin, 'shop')).toMatchObject({ state: 'stopped' });
    expect(await continueRedrive(bus.tools, { receiver: 'shop', redrive: run.id })).toBeUndefined();
    await bus.tools.registry.changeReceiver('shop', () => receiver);
    expect(await redrive(bus)).toMatchObject({ state: 'done', sent: 2 });
  });

  it('runs by its queue, from the call to the last letter', async () => {
    const bus = await busWithDeadLetters(Array.from({ length: 30 }, (_, n) => String(n).padStart(2, '0')));
    await startRedrive(bus.tools, admin, 'shop', {});
    bus.run();
    await bus.clock.until(
      async () => (await getRedrive(bus.tools, admin, 'shop')).state === 'done',
      2 * minute,
    );
    await bus.clock.until(() => bus.requests.length === 30, minute);
    expect(sent(bus).sort()[29]).toBe('29');
  });

  it('that could not be started says so, and the next one can', async () => {
    const bus = await busWithDeadLetters(['1']);
    bus.intercept('sqs.SendMessageBatch', () => {
      throw new AwsError('InternalError', 'away', { status: 500 });
    });
    await expect(startRedrive(bus.tools, admin, 'shop', {})).rejects.toMatchObject({ code: 'unavailable' });
    bus.restore('sqs.SendMessageBatch');
    expect(await redrive(bus)).toMatchObject({ state: 'done', sent: 1 });
  });

  it('is for the owner of the receiver', async () => {
    const bus = await busWithDeadLetters(['1']);
    const crm = member('crm');
    for (const call of [
      startRedrive(bus.tools, crm, 'shop', {}),
      getRedrive(bus.tools, crm, 'shop'),
      stopRedrive(bus.tools, crm, 'shop'),
      listDeadLetters(bus.tools, crm, 'shop', {}),
      deliverAgain(bus.tools, crm, '1', { receiver: 'shop' }),
    ]) {
      await expect(call).rejects.toMatchObject({ code: 'forbidden' });
    }
  });

  it.each([
    ['ids', { ids: [] }],
    ['perSecond', { perSecond: 0 }],
    ['cause', { cause: 1 }],
    ['all', { all: true }],
  ])('refuses a wrong %s', async (path, body) => {
    const bus = await busWithDeadLetters([]);
    await expect(startRedrive(bus.tools, admin, 'shop', body)).rejects.toMatchObject({
      code: 'invalid_request',
      fields: [{ path }],
    });
  });
});

describe('one event', () => {
  it('is delivered again by hand, with the attempts of a new delivery under the old id', async () => {
    const bus = await busWithDeadLetters(['1', '2']);
    const again = await deliverAgain(bus.tools, admin, '2', { receiver: 'shop' });
    expect(await carryOut(bus, again.redrive)).toMatchObject({ state: 'done', total: 1, sent: 1 });
    expect(sent(bus)).toEqual(['2']);
    expect(bus.requests[0]?.headers['webhook-id']).toBe(again.deliveries[0]?.deliveryId);
    await expect(deliverAgain(bus.tools, admin, '2', { receiver: 'shop' })).rejects.toMatchObject({
      code: 'event_not_kept',
    });
  });
});
