import { ListSchedulesCommand } from '@aws-sdk/client-scheduler';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import {
  deleteRecurrence,
  getRecurrence,
  listRecurrences,
  pauseRecurrence,
  resumeRecurrence,
} from '../../../lib/app/schedule/recurrences.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { admin, environment, member, type TestBus, testBus } from '../bus.ts';
import { putRecurrence } from '../calls.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const url = 'https://shop.example.com/events';
const delayQueue = environment.BUSBAR_DELAY_QUEUE_URL;

/** What arrived: the planned time of each, and when it came. */
interface Arrived {
  readonly id: string;
  readonly time: string;
  readonly atMs: number;
}

async function runningBus(startMs?: number): Promise<TestBus & { arrived: Arrived[] }> {
  const bus = await testBus(startMs);
  await bus.receiver('shop');
  await bus.topic('orders');
  await bus.subscription('orders', 'shop');
  const arrived: Arrived[] = [];
  bus.endpoint(url, ({ body }) => {
    const { id, time } = JSON.parse(String(body));
    arrived.push({ id, time, atMs: bus.clock.now() });
    return 200;
  });
  bus.run();
  return { ...bus, arrived };
}

const event = { type: 'tick', data: { n: 1 } };
const put = (bus: TestBus, spec: object, name = 'nightly', who = admin) =>
  putRecurrence(bus.tools, who, name, { receiver: 'shop', event, ...spec });
const schedules = async (bus: TestBus) =>
  ((await bus.scheduler.send(new ListSchedulesCommand({ GroupName: 'busbar' }))).Schedules ?? []).map(
    ({ Name }) => Name ?? '',
  );
const times = (arrived: readonly Arrived[]) => arrived.map(({ time }) => time.slice(0, 19));
const latest = (arrived: readonly Arrived[]) =>
  Math.max(...arrived.map(({ atMs, time }) => atMs - Date.parse(time)));
const earliest = (arrived: readonly Arrived[]) =>
  Math.min(...arrived.map(({ atMs, time }) => atMs - Date.parse(time)));

describe('a recurring schedule', () => {
  it.each([1, 7, 60, 1200])('every %i s fires on time, once each', async (everySeconds) => {
    const bus = await runningBus();
    await bus.clock.advance(333);
    const startMs = bus.clock.now();
    await put(bus, { everySeconds });
    await bus.clock.advance(6 * everySeconds * second + second);
    expect(bus.arrived.map(({ time }) => (Date.parse(time) - startMs) / second)).toEqual(
      [1, 2, 3, 4, 5, 6].map((n) => n * everySeconds).concat(everySeconds === 1 ? [7] : []),
    );
    expect(earliest(bus.arrived)).toBeGreaterThanOrEqual(0);
    expect(latest(bus.arrived)).toBeLessThan(second);
    expect(new Set(bus.arrived.map(({ id }) => id)).size).toBe(bus.arrived.length);
  });

  it.each([
    ['Europe/Berlin', '2026-03-27T22:00:00Z', ['2026-03-28T01:30:00', '2026-03-30T00:30:00']],
    ['Europe/Berlin', '2026-10-24T22:00:00Z', ['2026-10-25T00:30:00', '2026-10-26T01:30:00']],
    ['America/New_York', '2026-03-07T05:00:00Z', ['2026-03-07T07:30:00', '2026-03-09T06:30:00']],
    ['America/New_York', '2026-10-31T23:00:00Z', ['2026-11-01T07:30:00', '2026-11-02T07:30:00']],
  ] as const)(
    'by cron fires at 02:30 on the wall of %s from %s on',
    async (timezone, start, expected) => {
      const bus = await runningBus(Date.parse(start));
      await put(bus, { topic: 'orders', receiver: undefined, cron: '30 2 * * *', timezone });
      await bus.clock.until(() => bus.arrived.length === 2, 60 * hour);
      expect(times(bus.arrived)).toEqual(expected);
      expect(earliest(bus.arrived)).toBeGreaterThanOrEqual(0);
      expect(latest(bus.arrived)).toBeLessThan(second);
    },
    60_000,
  );

  it('shows its next five times, its owner, and when it fired last', async () => {
    const bus = await runningBus();
    const { created, document } = await put(bus, { cron: '0 9 * * mon', timezone: 'Europe/Berlin' });
    expect(created).toBe(true);
    expect(document).toMatchObject({
      schedule: 'nightly',
      owner: 'ops',
      state: 'active',
      receiver: 'shop',
      next: [
        '2026-01-05T08:00:00.000Z',
        '2026-01-12T08:00:00.000Z',
        '2026-01-19T08:00:00.000Z',
        '2026-01-26T08:00:00.000Z',
        '2026-02-02T08:00:00.000Z',
      ],
    });
    expect(document).not.toHaveProperty('lastFiredAt');
    await put(bus, { everySeconds: 60 });
    await bus.clock.advance(61 * second);
    expect(await getRecurrence(bus.tools, admin, 'nightly')).toMatchObject({
      lastFiredAt: '2026-01-01T00:01:00.000Z',
      next: expect.arrayContaining(['2026-01-01T00:02:00.000Z']),
    });
    expect((await listRecurrences(bus.tools, admin, { limit: 100 })).schedules).toHaveLength(1);
  });

  it('is paused and resumed: nothing is made up for', async () => {
    const bus = await runningBus();
    await put(bus, { everySeconds: 60 });
    await bus.clock.advance(61 * second);
    expect(await pauseRecurrence(bus.tools, admin, 'nightly')).toMatchObject({ state: 'paused', next: [] });
    expect(await schedules(bus)).toEqual([]);
    // A put does not wake it.
    await put(bus, { everySeconds: 60 });
    await bus.clock.advance(hour);
    expect(bus.arrived).toHaveLength(1);
    const resumed = await resumeRecurrence(bus.tools, admin, 'nightly');
    expect(resumed.next[0]).toBe('2026-01-01T01:02:00.000Z');
    await bus.clock.advance(minute);
    expect(times(bus.arrived)).toEqual(['2026-01-01T00:01:00', '2026-01-01T01:02:00']);
  });

  it('that is deleted leaves nothing, and fires no more', async () => {
    const bus = await runningBus();
    await put(bus, { everySeconds: 1800 });
    expect(await schedules(bus)).toHaveLength(2);
    await deleteRecurrence(bus.tools, admin, 'nightly');
    expect(await schedules(bus)).toEqual([]);
    await bus.clock.advance(hour);
    expect(bus.arrived).toEqual([]);
    expect(await bus.count(delayQueue)).toEqual({ ready: 0, inFlight: 0, delayed: 0 });
    await expect(getRecurrence(bus.tools, admin, 'nightly')).rejects.toMatchObject({
      code: 'unknown_schedule',
    });
  });

  it('put anew fires at its new times only', async () => {
    const bus = await runningBus();
    await put(bus, { everySeconds: 30 });
    await put(bus, { everySeconds: 1800 });
    const { document } = await put(bus, { everySeconds: 100 });
    expect(document.next[0]).toBe('2026-01-01T00:01:40.000Z');
    // The same again goes on counting.
    await bus.clock.advance(50 * second);
    expect((await put(bus, { everySeconds: 100 })).document.next[0]).toBe('2026-01-01T00:01:40.000Z');
    await bus.clock.advance(350 * second);
    expect(times(bus.arrived)).toEqual([
      '2026-01-01T00:01:40',
      '2026-01-01T00:03:20',
      '2026-01-01T00:05:00',
      '2026-01-01T00:06:40',
    ]);
  });
});

describe('whose schedule it is', () => {
  it('is its owner, who must own the target as well', async () => {
    const bus = await runningBus();
    await put(bus, { everySeconds: 60 }, 'mine', member('shop'));
    await expect(put(bus, { everySeconds: 60 }, 'theirs', member('else'))).rejects.toMatchObject({
      code: 'forbidden',
    });
    for (const act of [getRecurrence, pauseRecurrence, resumeRecurrence, deleteRecurrence]) {
      await expect(act(bus.tools, member('else'), 'mine')).rejects.toMatchObject({ code: 'forbidden' });
    }
    expect((await listRecurrences(bus.tools, member('else'), { limit: 100 })).schedules).toEqual([]);
    expect((await listRecurrences(bus.tools, member('shop'), { limit: 100 })).schedules).toHaveLength(1);
  });

  it('is refused with what is wrong: the target, the event, its size or its schema', async () => {
    const bus = await runningBus();
    await bus.topic('strict', { schema: { type: 'object', required: ['total'] } });
    const refused = (spec: object) => put(bus, { everySeconds: 60, ...spec });
    await expect(refused({ receiver: 'nobody' })).rejects.toMatchObject({ code: 'unknown_receiver' });
    await expect(refused({ receiver: undefined, topic: 'none' })).rejects.toMatchObject({
      code: 'unknown_topic',
    });
    await expect(refused({ event: { type: '' } })).rejects.toMatchObject({ code: 'invalid_event' });
    await expect(refused({ event: { type: 'a', data: 'x'.repeat(300_000) } })).rejects.toMatchObject({
      code: 'event_too_large',
    });
    await expect(refused({ receiver: undefined, topic: 'strict' })).rejects.toMatchObject({
      code: 'schema_mismatch',
    });
    expect(await bus.rows('recurrence')).toEqual([]);
  });

  it('is changed by one of two at once, and the other learns of it', async () => {
    const bus = await runningBus();
    await put(bus, { everySeconds: 60 });
    const outcomes = await Promise.allSettled([
      put(bus, { everySeconds: 61 }),
      put(bus, { everySeconds: 62 }),
    ]);
    const refusals = outcomes.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
    expect(refusals).toEqual(['conflict']);
  });
});

describe('what goes wrong', () => {
  const down = () => {
    throw new AwsError('ServiceUnavailable', 'down', { status: 503 });
  };

  it.each(['fire-once', 'skip', 'all'] as const)(
    'an outage is made up for by the policy %s',
    async (misfire) => {
      const bus = await runningBus();
      await put(bus, { everySeconds: 600, misfire });
      await bus.clock.advance(601 * second);
      // Nothing gets out of the table for most of an hour.
      bus.intercept('dynamodb.GetItem', down);
      await bus.clock.advance(45 * minute);
      bus.restore('dynamodb.GetItem');
      await bus.clock.advance(6 * minute);
      const missed = { 'fire-once': ['00:20'], skip: [], all: ['00:20', '00:30', '00:40', '00:50'] }[misfire];
      expect(times(bus.arrived).map((time) => time.slice(11, 16))).toEqual(['00:10', ...missed, '01:00']);
    },
  );

  it('a timer that comes twice, or long after, fires once', async () => {
    const bus = await runningBus();
    bus.intercept('sqs.SendMessageBatch', async (input, next) => {
      if (String(input.QueueUrl).endsWith('busbar-delay')) await next(input);
      return await next(input);
    });
    await put(bus, { everySeconds: 60 });
    await bus.clock.advance(10 * minute + second);
    expect(bus.arrived).toHaveLength(10);
  });

  it.each([
    ['the event was stored', 'dynamodb.UpdateItem', 1],
    ['the event was routed', 'dynamodb.UpdateItem', 2],
    ['the next timer was set', 'dynamodb.UpdateItem', 3],
    ['anything', 'dynamodb.PutItem', 1],
  ] as const)('a function that dies when %s fires that time once, and goes on', async (_, operation, at) => {
    const bus = await runningBus();
    await put(bus, { everySeconds: 300 });
    let calls = 0;
    bus.intercept(operation, (_input, next) => {
      calls += 1;
      return calls === at ? down() : next();
    });
    await bus.clock.advance(901 * second);
    expect(times(bus.arrived)).toEqual(['2026-01-01T00:05:00', '2026-01-01T00:10:00', '2026-01-01T00:15:00']);
  });

  it('a timer that was lost is found missing within the hour', async () => {
    const bus = await runningBus();
    bus.intercept('scheduler.CreateSchedule', (input, next) =>
      String(input.ScheduleExpression).startsWith('at(') ? {} : next(),
    );
    await put(bus, { everySeconds: 1200 });
    bus.restore('scheduler.CreateSchedule');
    await bus.clock.advance(2 * hour + minute);
    expect(bus.arrived.length).toBeGreaterThanOrEqual(3);
    expect(times(bus.arrived).at(-1)).toBe('2026-01-01T02:00:00');
  });

  it('reports a target that is gone, and fires again when it is back', async () => {
    const bus = await runningBus();
    await put(bus, { receiver: undefined, topic: 'orders', everySeconds: 60 });
    await bus.tools.registry.deleteTopic('orders');
    await bus.clock.advance(61 * second);
    expect(await getRecurrence(bus.tools, admin, 'nightly')).toMatchObject({
      problem: expect.stringContaining('The topic orders was deleted'),
    });
    await bus.topic('orders');
    await bus.clock.advance(60 * second);
    expect(times(bus.arrived)).toEqual(['2026-01-01T00:02:00']);
    expect(await getRecurrence(bus.tools, admin, 'nightly')).not.toHaveProperty('problem');
  });

  it('a message for a schedule that is not there is over', async () => {
    const bus = await runningBus();
    const tick = { schedule: 'gone', turn: 'x', dueAtMs: 0 };
    await bus.sqs.send(new SendMessageCommand({ QueueUrl: delayQueue, MessageBody: JSON.stringify(tick) }));
    await bus.clock.advance(minute);
    expect(await bus.count(delayQueue)).toEqual({ ready: 0, inFlight: 0, delayed: 0 });
  });
});

it('costs five small writes a time', async () => {
  const bus = await runningBus();
  await put(bus, { everySeconds: 60 });
  const before = bus.meter.counts()['dynamodb.write-units'] ?? 0;
  await bus.clock.advance(10 * minute + second);
  expect(bus.arrived).toHaveLength(10);
  const units = (bus.meter.counts()['dynamodb.write-units'] ?? 0) - before;
  expect(units / 10).toBeLessThanOrEqual(5);
});
