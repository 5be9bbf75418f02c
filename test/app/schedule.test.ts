import { ListSchedulesCommand } from '@aws-sdk/client-scheduler';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { publish } from '../../lib/app/publish.ts';
import { releaseDue } from '../../lib/app/schedule.ts';
import { AwsError } from '../../lib/local/engines/engine.ts';
import { admin, environment, shorthand, type TestBus, testBus } from './bus.ts';

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
    ['three days', 3 * day],
  ])('of %s arrives then, never early and within seconds', async (_, delayMs) => {
    const bus = await runningBus();
    const dueAtMs = bus.clock.now() + delayMs;
    const { events } = await publishTo(bus, { topic: 'orders' }, { delaySeconds: delayMs / 1000 });
    expect(events).toEqual([{ index: 0, id: '1', status: 'scheduled' }]);
    const lateMs = await lateness(bus, dueAtMs);
    expect(lateMs).toBeGreaterThanOrEqual(0);
    expect(lateMs).toBeLessThan(2 * second);
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

  it('makes one schedule when it is published again', async () => {
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
    expect(await schedules(bus)).toHaveLength(2);
  });

  it('is refused when it is too large for a schedule, and told how large it is', async () => {
    const bus = await runningBus();
    // Quotes are escaped once more on their way through the schedule.
    const data = '"'.repeat(80_000);
    await expect(publishTo(bus, { topic: 'orders' }, { data, delaySeconds: 3600 })).rejects.toMatchObject({
      code: 'event_too_large',
      message: expect.stringMatching(/has \d+ bytes as it is stored until it is due/),
    });
    expect((await publishTo(bus, { topic: 'orders' }, { data, delaySeconds: 600 })).events[0]?.status).toBe(
      'scheduled',
    );
  });

  it('is unavailable when it could not be stored', async () => {
    const bus = await runningBus();
    bus.intercept('scheduler.CreateSchedule', () => {
      throw new AwsError('ThrottlingException', 'slow down', { status: 429 });
    });
    await expect(publishTo(bus, { topic: 'orders' }, { delaySeconds: 3600 })).rejects.toMatchObject({
      code: 'unavailable',
    });
    bus.intercept('sqs.SendMessageBatch', () => {
      throw new AwsError('ServiceUnavailable', 'down', { status: 503 });
    });
    await expect(publishTo(bus, { topic: 'orders' }, { delaySeconds: 60 })).rejects.toMatchObject({
      code: 'unavailable',
    });
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

  it('routes what is due, and hides the rest for exactly the rest of its time', async () => {
    const bus = await stillBus();
    const early = delayed(bus, '2', 100.5 * second);
    expect(await release(bus, delayed(bus, '1', 0), early, delayed(bus, '3', -minute))).toEqual([early]);
    await bus.clock.advance(100 * second);
    expect(await bus.count(delayQueue)).toMatchObject({ ready: 0 });
    await bus.clock.advance(second);
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
    const lost = delayed(bus, '1', 0, { topic: 'gone' });
    expect(await release(bus, lost, delayed(bus, '2', 0))).toEqual([lost]);
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
