import { ListSchedulesCommand } from '@aws-sdk/client-scheduler';
import { DeleteMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { publish } from '../../../lib/app/publish/publish.ts';
import { releaseDue } from '../../../lib/app/schedule/release.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { admin, environment, shorthand, type TestBus, testBus } from '../bus.ts';

const second = 1000;
const minute = 60 * second;
const day = 24 * 60 * minute;
const url = 'https://shop.example.com/events';
const delayQueue = environment.BUSBAR_DELAY_QUEUE_URL;

async function runningBus(): Promise<TestBus> {
  const bus = await testBus();
  await bus.topic('orders');
  await bus.receiver('shop');
  await bus.subscription('orders', 'shop');
  bus.endpoint(url, () => 200);
  bus.run();
  return bus;
}

const publishTo = (bus: TestBus, target: Parameters<typeof publish>[2], fields: object) =>
  publish(bus.tools, admin, target, shorthand({ type: 'a', id: '1', ...fields }));

const schedules = async (bus: TestBus) =>
  (await bus.scheduler.send(new ListSchedulesCommand({ GroupName: 'busbar' }))).Schedules ?? [];

/** How late the one event arrived, in milliseconds. */
async function lateness(bus: TestBus, dueAtMs: number): Promise<number> {
  await bus.clock.until(() => bus.requests.length > 0, dueAtMs - bus.clock.now() + minute);
  return bus.clock.now() - dueAtMs;
}

describe('an event with a delay', () => {
  it.each<[string, number]>([
    ['a second', second],
    ['a minute and a half', 90 * second],
    ['15 minutes', 15 * minute],
    ['15 minutes and a second', 15 * minute + second],
    ['an hour', 60 * minute],
    ['half a day', 12 * 60 * minute],
  ])('of %s arrives then, never early and within a second', async (_, delayMs) => {
    const bus = await runningBus();
    const dueAtMs = bus.clock.now() + delayMs;
    const { events } = await publishTo(bus, { topic: 'orders' }, { delaySeconds: delayMs / 1000 });
    expect(events).toEqual([{ index: 0, id: '1', status: 'scheduled' }]);
    const lateMs = await lateness(bus, dueAtMs);
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(second);
    await bus.clock.advance(10 * minute);
    expect(bus.requests).toHaveLength(1);
    expect(bus.requests[0]?.headers['busbar-topic']).toBe('orders');
    expect(await bus.count(delayQueue)).toEqual({ ready: 0, inFlight: 0, delayed: 0 });
    expect(await schedules(bus)).toEqual([]);
  });

  it('may go to one receiver', async () => {
    const bus = await runningBus();
    const dueAtMs = bus.clock.now() + 30 * second;
    await publishTo(bus, { receiver: 'shop' }, { delaySeconds: 30, data: { n: 1 } });
    expect(await lateness(bus, dueAtMs)).toBeLessThan(2 * second);
    expect(bus.requests[0]?.headers).not.toHaveProperty('busbar-topic');
    expect(JSON.parse(String(bus.requests[0]?.body))).toMatchObject({ id: '1', data: { n: 1 } });
  });

  it('keeps its data letter by letter', async () => {
    const bus = await runningBus();
    const text = '{"type":"a","id":"1","delaySeconds":3600,"data":{ "n":12345678901234567890 }}';
    await publish(bus.tools, admin, { topic: 'orders' }, { ...shorthand(0), body: Buffer.from(text) });
    await lateness(bus, bus.clock.now() + 60 * minute);
    expect(String(bus.requests[0]?.body)).toContain('"data":{ "n":12345678901234567890 }');
  });

  it.each([1500, 4200, 61_750, 3_600_900])(
    'of %i ms is on time to the fraction of a second',
    async (delayMs) => {
      const bus = await runningBus();
      for (const [index, shiftMs] of [0, 130, 450, 770].entries()) {
        await bus.clock.advance(shiftMs);
        const dueAtMs = bus.clock.now() + delayMs;
        const deliverAt = new Date(dueAtMs).toISOString();
        await publishTo(bus, { topic: 'orders' }, { id: String(index), deliverAt });
        await bus.clock.until(() => bus.requests.length > index, delayMs + minute);
        expect(bus.clock.now() - dueAtMs).toBeGreaterThanOrEqual(0);
        expect(bus.clock.now() - dueAtMs).toBeLessThan(300);
      }
    },
  );

  it('makes one schedule when it is published again, and waits for the last time that was named', async () => {
    const bus = await runningBus();
    const deliverAt = new Date(bus.clock.now() + day).toISOString();
    for (let time = 0; time < 3; time++) {
      const { events } = await publishTo(bus, { topic: 'orders' }, { deliverAt });
      expect(events[0]?.status).toBe('scheduled');
    }
    expect(await schedules(bus)).toHaveLength(1);
    await publishTo(
      bus,
      { topic: 'orders' },
      { deliverAt: new Date(bus.clock.now() + 2 * day).toISOString() },
    );
    expect(await schedules(bus)).toHaveLength(1);
    const dueAtMs = bus.clock.now() + 2 * day;
    expect(await lateness(bus, dueAtMs)).toBeLessThan(second);
    await bus.clock.advance(day);
    expect(bus.requests).toHaveLength(1);
  });

  it.each([minute, day])(
    'is delivered when the SDK wrote its row twice, because an answer was lost: %i ms',
    async (delayMs) => {
      const bus = await runningBus();
      bus.intercept('dynamodb.PutItem', async (_, next) => {
        await next();
        return await next();
      });
      const dueAtMs = bus.clock.now() + delayMs;
      await publishTo(bus, { topic: 'orders' }, { deliverAt: new Date(dueAtMs).toISOString() });
      bus.restore('dynamodb.PutItem');
      expect(await lateness(bus, dueAtMs)).toBeLessThan(second);
    },
  );

  it('may be as large as any other, at any horizon', async () => {
    const bus = await runningBus();
    // Every quote is escaped in the event already; random digits do not get smaller by packing.
    const text = Buffer.from(
      Array.from({ length: 90_000 }, () => Math.floor(bus.runtime.random.next() * 256)),
    );
    const data = { quotes: '"'.repeat(40_000), random: text.toString('base64') };
    for (const [id, delaySeconds] of [
      ['short', 600],
      ['long', 3600],
    ] as const) {
      expect((await publishTo(bus, { topic: 'orders' }, { id, data, delaySeconds })).events[0]?.status).toBe(
        'scheduled',
      );
    }
    await bus.clock.until(() => bus.requests.length === 2, 2 * 60 * minute);
    for (const { body } of bus.requests) expect(JSON.parse(String(body)).data).toEqual(data);
  });

  it('is unavailable when it could not be stored', async () => {
    const bus = await runningBus();
    bus.intercept('scheduler.CreateSchedule', () => {
      throw new AwsError('ThrottlingException', 'slow down', { status: 429 });
    });
    const refused = expect(publishTo(bus, { topic: 'orders' }, { delaySeconds: 3600 })).rejects.toMatchObject(
      {
        code: 'unavailable',
      },
    );
    await bus.clock.advance(13 * second);
    await refused;
    expect(bus.calls.filter((call) => call.startsWith('scheduler.CreateSchedule')).length).toBeGreaterThan(5);
    expect(await bus.rows('event#')).toEqual([]);
    bus.intercept('sqs.SendMessageBatch', () => {
      throw new AwsError('ServiceUnavailable', 'down', { status: 503 });
    });
    await expect(publishTo(bus, { topic: 'orders' }, { delaySeconds: 60 })).rejects.toMatchObject({
      code: 'unavailable',
    });
    bus.restore('sqs.SendMessageBatch');
    bus.intercept('dynamodb.PutItem', () => {
      throw new AwsError('ProvisionedThroughputExceededException', 'slow down');
    });
    await expect(publishTo(bus, { topic: 'orders' }, { delaySeconds: 60 })).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(await bus.count(delayQueue)).toEqual({ ready: 0, inFlight: 0, delayed: 0 });
  });

  it('is taken while schedules are throttled for a moment, each event by itself', async () => {
    const bus = await runningBus();
    let throttled = 0;
    bus.intercept('scheduler.CreateSchedule', (_, next) => {
      if (throttled++ < 30) throw new AwsError('ThrottlingException', 'slow down', { status: 429 });
      return next();
    });
    const events = Array.from({ length: 20 }, (_, n) => ({ type: 'a', id: `e-${n}`, delaySeconds: 3600 }));
    const publishing = publish(bus.tools, admin, { topic: 'orders' }, shorthand(events));
    await bus.clock.advance(12 * second);
    expect(new Set((await publishing).events.map(({ status }) => status))).toEqual(new Set(['scheduled']));
    expect(await schedules(bus)).toHaveLength(20);
  });

  it('of ten years arrives then, by legs of a year', async () => {
    const bus = await testBus();
    await bus.receiver('shop');
    // Only the schedules run by themselves: ten years of polls would take an hour.
    bus.aws.engines.get('scheduler')?.resume?.();
    const dueAtMs = bus.clock.now() + 3652 * day + 300;
    await publishTo(bus, { receiver: 'shop' }, { deliverAt: new Date(dueAtMs).toISOString() });
    let legs = 0;
    let fired = 0;
    bus.intercept('sqs.SendMessage', (input, next) => {
      fired += 1;
      return next(input);
    });
    const arrived = async () => (await bus.count(bus.urlOf('shop', 'online'))).ready === 1;
    while (!(await arrived())) {
      // A schedule is a timer of the clock; a message that is hidden is not, unless somebody polls.
      const { inFlight } = await bus.count(delayQueue);
      const restMs = dueAtMs - bus.clock.now();
      if (inFlight > 0) await bus.clock.advance(restMs > 30 * second ? 20 * second : second / 4);
      else await bus.clock.until(() => fired > legs, 367 * day);
      const messages = await bus.receive(delayQueue);
      const releasing = releaseDue(bus.tools, messages);
      if (dueAtMs - bus.clock.now() < second)
        await bus.clock.advance(Math.max(0, dueAtMs - bus.clock.now() - 1));
      expect(bus.clock.now() < dueAtMs && (await arrived())).toBe(false);
      await bus.clock.advance(1);
      const kept = await releasing;
      for (const { messageId, receiptHandle } of messages) {
        if (kept.includes(messageId)) continue;
        legs += 1;
        await bus.sqs.send(new DeleteMessageCommand({ QueueUrl: delayQueue, ReceiptHandle: receiptHandle }));
      }
    }
    expect(legs).toBe(10);
    expect(bus.clock.now() - dueAtMs).toBeGreaterThanOrEqual(0);
    expect(bus.clock.now() - dueAtMs).toBeLessThan(second);
    expect(await schedules(bus)).toEqual([]);
  });

  it('that fires twice is delivered once', async () => {
    const bus = await runningBus();
    bus.intercept('sqs.SendMessage', async (input, next) => {
      if (String(input.QueueUrl).endsWith('busbar-delay')) await next(input);
      return await next(input);
    });
    await publishTo(bus, { topic: 'orders' }, { delaySeconds: 3600 });
    await bus.clock.advance(2 * 60 * minute);
    expect(bus.requests).toHaveLength(1);
    expect(await bus.count(delayQueue)).toEqual({ ready: 0, inFlight: 0, delayed: 0 });
  });

  it('costs four small writes, ten timers a call, and no row where its topic is not cancellable', async () => {
    const bus = await runningBus();
    // Without a trace, no event is kept for the catalogue either.
    await bus.topic('orders', { trace: 'none' });
    await bus.topic('fixed', { cancellable: false, trace: 'none' });
    await bus.subscription('fixed', 'shop');
    const units = async (topic: string, delaySeconds: number) => {
      const before = { ...bus.meter.counts() };
      const events = Array.from({ length: 10 }, (_, n) => ({
        type: 'a',
        id: `${topic}-${n}`,
        delaySeconds,
        data: { text: 'some words '.repeat(60) },
      }));
      await publish(bus.tools, admin, { topic }, shorthand(events));
      const arrived = bus.requests.length + 10;
      await bus.clock.until(() => bus.requests.length === arrived, delaySeconds * second + minute);
      const after = bus.meter.counts();
      return (unit: string) => (after[unit] ?? 0) - (before[unit] ?? 0);
    };
    const short = await units('orders', 60);
    // Two more for the first event of an instance, by which the owner of the topic finds what waits.
    expect(short('dynamodb.write-units')).toBe(42);
    expect(short('scheduler.invocations')).toBe(0);
    const long = await units('orders', 3600);
    expect(long('dynamodb.write-units')).toBe(40);
    expect(long('scheduler.invocations')).toBe(10);
    const fixed = await units('fixed', 60);
    expect(fixed('dynamodb.write-units')).toBe(0);
  });
});

describe('releasing what is due', () => {
  const delayed = (bus: TestBus, id: string, dueInMs: number, target: object = { topic: 'orders' }) =>
    JSON.stringify({
      target,
      dueAtMs: bus.clock.now() + dueInMs,
      event: { id, source: '/s', type: 'a' },
      body: JSON.stringify({ specversion: '1.0', id, source: '/s', type: 'a' }),
    });

  async function release(bus: TestBus, ...bodies: string[]) {
    for (const body of bodies) {
      await bus.sqs.send(new SendMessageCommand({ QueueUrl: delayQueue, MessageBody: body }));
    }
    const messages = await bus.receive(delayQueue);
    expect(messages).toHaveLength(bodies.length);
    const kept = await releaseDue(bus.tools, messages);
    return messages.filter(({ messageId }) => kept.includes(messageId)).map(({ body }) => body);
  }

  async function stillBus(): Promise<TestBus> {
    const bus = await testBus();
    await bus.topic('orders');
    await bus.receiver('shop');
    return bus;
  }

  it('routes what is due, and hides the rest until shortly before its time', async () => {
    const bus = await stillBus();
    const early = delayed(bus, '2', 100.5 * second);
    expect(await release(bus, delayed(bus, '1', 0), early, delayed(bus, '3', -minute))).toEqual([early]);
    await bus.clock.advance(99.5 * second);
    expect(await bus.count(delayQueue)).toMatchObject({ ready: 0 });
    await bus.clock.advance(second / 2);
    expect((await bus.receive(delayQueue)).map(({ body }) => body)).toContain(early);
  });

  it('sends one batch a target', async () => {
    const bus = await stillBus();
    await bus.topic('returns');
    await release(
      bus,
      delayed(bus, '1', 0),
      delayed(bus, '2', 0),
      delayed(bus, '3', 0, { topic: 'returns' }),
      delayed(bus, '4', 0, { receiver: 'shop' }),
    );
    expect(bus.calls.filter((call) => call.startsWith('sns.PublishBatch'))).toHaveLength(2);
    expect(await bus.count(bus.urlOf('shop', 'online'))).toMatchObject({ ready: 1 });
  });

  it('keeps what could not be routed, and nothing else', async () => {
    const bus = await stillBus();
    await bus.topic('broken');
    await bus.tools.provision.deleteTopic('broken', false);
    const kept = delayed(bus, '1', 0, { topic: 'broken' });
    expect(await release(bus, kept, delayed(bus, '2', 0))).toEqual([kept]);
    expect(bus.lines.join()).toContain('could not be routed');
  });

  it.each(['hello', 'null', '{}', '{"target":{},"dueAtMs":0}', '[]'])(
    'is not held up by a foreign message: %s',
    async (foreign) => {
      const bus = await stillBus();
      expect(await release(bus, foreign, delayed(bus, '1', 0))).toEqual([foreign]);
      expect(bus.calls.filter((call) => call.startsWith('sns.PublishBatch'))).toHaveLength(1);
    },
  );

  it('keeps early events although they could not be hidden', async () => {
    const bus = await stillBus();
    bus.intercept('sqs.ChangeMessageVisibilityBatch', () => {
      throw new AwsError('ServiceUnavailable', 'down', { status: 503 });
    });
    const early = delayed(bus, '1', minute);
    expect(await release(bus, early)).toEqual([early]);
  });
});
