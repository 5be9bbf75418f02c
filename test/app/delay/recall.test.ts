import { ListSchedulesCommand } from '@aws-sdk/client-scheduler';
import { describe, expect, it } from 'vitest';
import { cancelEvent } from '../../../lib/app/delay/recall.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { why } from '../../../lib/app/why/why.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { admin, environment, member, shorthand, type TestBus, testBus } from '../bus.ts';
import { reTimeEvent } from '../calls.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
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

const orders = { topic: 'orders' };
const later = (
  bus: TestBus,
  delaySeconds: number,
  fields: object = {},
  target: Parameters<typeof publish>[2] = orders,
) =>
  publish(bus.tools, admin, target, shorthand({ type: 'a', id: '1', source: '/s', delaySeconds, ...fields }));
const cancel = (bus: TestBus, question: Parameters<typeof cancelEvent>[2] = { id: '1' }, who = admin) =>
  cancelEvent(bus.tools, who, question);
const reTime = (bus: TestBus, body: object, question = { id: '1' }) =>
  reTimeEvent(bus.tools, admin, question, body);
const schedules = async (bus: TestBus) =>
  (await bus.scheduler.send(new ListSchedulesCommand({ GroupName: 'busbar' }))).Schedules ?? [];
const ids = (bus: TestBus) => bus.requests.map(({ body }) => JSON.parse(String(body)).id);

describe('a delayed event that is cancelled', () => {
  it.each([2, 60, 900, 901, 7200])('%i s before it is due is never delivered', async (delaySeconds) => {
    const bus = await runningBus();
    await later(bus, delaySeconds);
    await cancel(bus);
    expect(await schedules(bus)).toEqual([]);
    await bus.clock.advance(delaySeconds * second + hour);
    expect(bus.requests).toEqual([]);
    expect(await bus.count(delayQueue)).toEqual({ ready: 0, inFlight: 0, delayed: 0 });
  });

  it('answers a second call as the first, and refuses another time', async () => {
    const bus = await runningBus();
    await later(bus, 3600);
    await cancel(bus);
    await cancel(bus);
    await expect(reTime(bus, { delaySeconds: 1 })).rejects.toMatchObject({
      code: 'event_cancelled',
      status: 409,
    });
  });

  it('is explained by why', async () => {
    const bus = await runningBus();
    await later(bus, 60);
    await cancel(bus);
    const { events } = await why(bus.tools, admin, { id: '1' });
    expect(events).toMatchObject([{ id: '1', receivers: [{ receiver: 'shop', state: 'cancelled' }] }]);
  });

  it('may be published again, and is delivered once then', async () => {
    const bus = await runningBus();
    await later(bus, 60);
    await cancel(bus);
    await later(bus, 90);
    await bus.clock.advance(hour);
    expect(ids(bus)).toEqual(['1']);
  });

  it('is not delivered by a schedule that could not be deleted', async () => {
    const bus = await runningBus();
    await later(bus, 3600);
    bus.intercept('scheduler.DeleteSchedule', () => {
      throw new AwsError('InternalServerException', 'down', { status: 500 });
    });
    await cancel(bus);
    expect(await schedules(bus)).toHaveLength(1);
    await bus.clock.advance(2 * hour);
    expect(bus.requests).toEqual([]);
    expect(bus.lines.join()).toContain('An outdated schedule could not be deleted');
  });

  it('when it has left is refused, and so is another time', async () => {
    const bus = await runningBus();
    await later(bus, 5);
    await bus.clock.until(() => bus.requests.length === 1, minute);
    await expect(cancel(bus)).rejects.toMatchObject({ code: 'event_left', status: 409 });
    await expect(reTime(bus, { delaySeconds: 5 })).rejects.toMatchObject({ code: 'event_left' });
  });

  it('when nobody published it is unknown', async () => {
    const bus = await runningBus();
    await expect(cancel(bus)).rejects.toMatchObject({ code: 'unknown_event', status: 404 });
    await expect(reTime(bus, { delaySeconds: 5 })).rejects.toMatchObject({ code: 'unknown_event' });
    await publish(bus.tools, admin, orders, shorthand({ type: 'a', id: '1' }));
    await expect(cancel(bus)).rejects.toMatchObject({ code: 'unknown_event' });
  });
});

describe('an id that several delayed events have', () => {
  it('needs to be narrowed, by source or by target', async () => {
    const bus = await runningBus();
    await later(bus, 3600);
    await later(bus, 3600, { source: '/t' });
    await later(bus, 3600, { source: '/t' }, { receiver: 'shop' });
    await expect(cancel(bus)).rejects.toMatchObject({
      code: 'ambiguous_event',
      members: {
        events: expect.arrayContaining([
          { source: '/s', topic: 'orders' },
          { source: '/t', receiver: 'shop' },
        ]),
      },
    });
    await cancel(bus, { id: '1', source: '/s' });
    await expect(cancel(bus, { id: '1', source: '/t' })).rejects.toMatchObject({ code: 'ambiguous_event' });
    await cancel(bus, { id: '1', topic: 'orders', source: '/t' });
    // One is left, and so it is clear which.
    await cancel(bus);
    await bus.clock.advance(2 * hour);
    expect(bus.requests).toEqual([]);
  });

  it('is no matter to who owns one of them only', async () => {
    const bus = await runningBus();
    await bus.topic('others', { owner: 'else' });
    await later(bus, 3600);
    await later(bus, 3600, {}, { topic: 'others' });
    await cancel(bus, { id: '1' }, member('shop'));
    await expect(cancel(bus, { id: '1', topic: 'others' }, member('shop'))).rejects.toMatchObject({
      code: 'forbidden',
      status: 403,
    });
    await expect(cancel(bus, { id: '1' }, member('nobody'))).rejects.toMatchObject({ code: 'forbidden' });
  });
});

describe('a delayed event that is re-timed', () => {
  const times = [2, 600, 3600, 9000];
  it.each(times.flatMap((from) => times.map((to) => [from, to] as const)))(
    'from %i s to %i s arrives at its new time, once',
    async (from, to) => {
      const bus = await runningBus();
      await later(bus, from, { data: { n: 1 } });
      await bus.clock.advance(700);
      const dueAtMs = bus.clock.now() + to * second;
      expect(await reTime(bus, { delaySeconds: to })).toEqual({
        id: '1',
        source: '/s',
        topic: 'orders',
        state: 'scheduled',
        deliverAt: new Date(dueAtMs).toISOString(),
      });
      await bus.clock.until(() => bus.requests.length > 0, to * second + minute);
      expect(bus.clock.now() - dueAtMs).toBeGreaterThanOrEqual(0);
      expect(bus.clock.now() - dueAtMs).toBeLessThan(second);
      expect(JSON.parse(String(bus.requests[0]?.body))).toMatchObject({ id: '1', data: { n: 1 } });
      await bus.clock.advance(10_000 * second);
      expect(bus.requests).toHaveLength(1);
      expect(await schedules(bus)).toEqual([]);
      expect(await bus.count(delayQueue)).toEqual({ ready: 0, inFlight: 0, delayed: 0 });
    },
    20_000,
  );

  it('in its last minutes, after its schedule fired, may still come at once', async () => {
    const bus = await runningBus();
    await later(bus, 3600);
    await bus.clock.advance(3600 * second - 30 * second);
    const dueAtMs = bus.clock.now();
    await reTime(bus, { deliverAt: '2020-01-01T00:00:00Z' });
    await bus.clock.until(() => bus.requests.length > 0, minute);
    expect(bus.clock.now() - dueAtMs).toBeLessThan(second);
    await bus.clock.advance(hour);
    expect(bus.requests).toHaveLength(1);
  });

  it('comes at the last of many times, whichever way they went', async () => {
    const bus = await runningBus();
    await later(bus, 3600);
    const tries = [60, 7200, 5, 9000, 1800, 30, 5400];
    await Promise.all(tries.map((delaySeconds) => reTime(bus, { delaySeconds })));
    const { events } = await why(bus.tools, admin, { id: '1' });
    const dueAtMs = Date.parse(String(events[0]?.dueAt));
    await bus.clock.until(() => bus.requests.length > 0, 3 * hour);
    expect(bus.clock.now() - dueAtMs).toBeGreaterThanOrEqual(0);
    expect(bus.clock.now() - dueAtMs).toBeLessThan(second);
    await bus.clock.advance(3 * hour);
    expect(bus.requests).toHaveLength(1);
    expect(await schedules(bus)).toEqual([]);
  });

  it('although nobody set the new timer, is not lost: the old one sees to it', async () => {
    for (const [from, to] of [
      [60, 7200],
      [7200, 60],
      [7200, 10_800],
    ] as const) {
      const bus = await runningBus();
      await later(bus, from);
      const dueAtMs = bus.clock.now() + to * second;
      const fail = () => {
        throw new AwsError('ServiceUnavailable', 'down', { status: 503 });
      };
      bus.intercept('sqs.SendMessageBatch', fail);
      bus.intercept('scheduler.CreateSchedule', fail);
      await expect(reTime(bus, { delaySeconds: to })).rejects.toMatchObject({ code: 'unavailable' });
      for (const name of ['sqs.SendMessageBatch', 'scheduler.CreateSchedule'] as const) bus.restore(name);
      await bus.clock.until(() => bus.requests.length > 0, 100_000 * second);
      expect(bus.clock.now()).toBeGreaterThanOrEqual(dueAtMs);
      expect(bus.clock.now() - dueAtMs).toBeLessThan(from > to ? (from - to + 1) * second : second);
      await bus.clock.advance(hour);
      expect(bus.requests).toHaveLength(1);
    }
  });
});

describe('a race for an event', () => {
  it('between a cancel and its time is decided once: refused, or gone', async () => {
    const ends = { cancelled: 0, left: 0 };
    for (let shift = 0; shift < 24; shift++) {
      const bus = await runningBus();
      await later(bus, 2);
      let answered: string | undefined;
      // The cancel comes before one of the calls that the release makes.
      let calls = 0;
      for (const operation of ['dynamodb.UpdateItem', 'sqs.SendMessageBatch', 'sqs.DeleteMessage'] as const) {
        bus.intercept(operation, async (input, next) => {
          calls += 1;
          if (calls === 1 + (shift % 6) && answered === undefined) {
            answered = 'asking';
            answered = await cancel(bus).then(
              () => 'cancelled',
              (error) => error.code,
            );
          }
          return await next(input);
        });
      }
      await bus.clock.advance(1500 + shift * 20);
      await bus.clock.advance(minute);
      if (answered === undefined)
        answered = await cancel(bus).then(
          () => 'cancelled',
          (error) => error.code,
        );
      expect(answered).toBe(bus.requests.length === 0 ? 'cancelled' : 'event_left');
      ends[bus.requests.length === 0 ? 'cancelled' : 'left'] += 1;
    }
    expect(ends.cancelled).toBeGreaterThan(0);
    expect(ends.left).toBeGreaterThan(0);
  }, 30_000);

  it('between many cancels and re-times at once leaves one of the two', async () => {
    const bus = await runningBus();
    for (let round = 0; round < 20; round++) {
      const id = `r-${round}`;
      await later(bus, 30, { id });
      const outcomes = await Promise.allSettled([
        reTime(bus, { delaySeconds: 20 }, { id }),
        cancel(bus, { id }),
        reTime(bus, { delaySeconds: 40 }, { id }),
      ]);
      expect(outcomes[1]?.status).toBe('fulfilled');
    }
    await bus.clock.advance(hour);
    expect(bus.requests).toEqual([]);
  });
});

describe('a function that dies', () => {
  const dieOnce = (
    bus: TestBus,
    operation: 'sqs.SendMessageBatch' | 'sqs.DeleteMessageBatch' | 'dynamodb.UpdateItem',
    at: number,
  ) => {
    let calls = 0;
    bus.intercept(operation, (_, next) => {
      calls += 1;
      if (calls === at) throw new AwsError('ServiceUnavailable', 'down', { status: 503 });
      return next();
    });
  };

  it.each([
    ['before it took the event', 'dynamodb.UpdateItem', 1],
    ['after it took the event and before it routed it', 'sqs.SendMessageBatch', 1],
    ['after it routed the event and before it said so', 'dynamodb.UpdateItem', 2],
  ] as const)('%s loses nothing, and delivers under one id', async (_, operation, at) => {
    const bus = await runningBus();
    await later(bus, 5);
    dieOnce(bus, operation, at);
    await bus.clock.advance(hour);
    expect(bus.requests).toHaveLength(1);
    expect(await bus.count(delayQueue)).toEqual({ ready: 0, inFlight: 0, delayed: 0 });
    await expect(cancel(bus)).rejects.toMatchObject({ code: 'event_left' });
  });

  it('behind the publish, before its answer, has the event delivered once although it is published again', async () => {
    const bus = await runningBus();
    for (const delaySeconds of [60, 3600]) {
      const id = `again-${delaySeconds}`;
      await later(bus, delaySeconds, { id });
      await bus.clock.advance(second);
      await later(bus, delaySeconds, { id });
    }
    await bus.clock.advance(2 * hour);
    expect(ids(bus)).toEqual(['again-60', 'again-3600']);
  });
});
