import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AcceptanceBus, startBus, temporaryDirectory } from './bus.ts';
import { type Sink, startSink } from './sink.ts';

let bus: AcceptanceBus;
let sink: Sink;
const dataDirectory = temporaryDirectory();

beforeAll(async () => {
  bus = await startBus({ dataDirectory });
  sink = await startSink();
  await bus.call('PUT', '/v1/topics/ticks', {});
  await bus.call('PUT', '/v1/receivers/clock', { endpoint: sink.url });
  await bus.call('PUT', '/v1/topics/ticks/subscriptions/clock', {});
});

afterAll(async () => {
  await sink?.close();
  expect(await bus?.stop()).toBe(0);
});

const ofType = (type: string) => (arrival: { body: string }) => JSON.parse(arrival.body).type === type;
const timeOf = (arrival: { body: string }) => Date.parse(JSON.parse(arrival.body).time);
const timesOf = (type: string) =>
  sink.arrivals.filter(ofType(type)).map(({ body, atMs }) => ({ ...JSON.parse(body), atMs }));

describe('a recurring schedule', () => {
  it('fires on time, shows its next times, and can be paused, resumed and deleted', async () => {
    const spec = { topic: 'ticks', everySeconds: 1, event: { type: 'second', data: { n: 1 } } };
    const made = await bus.call('PUT', '/v1/schedules/seconds', spec);
    expect(made).toMatchObject({ status: 201, body: { schedule: 'seconds', state: 'active', ...spec } });
    expect(made.body.next).toHaveLength(5);
    expect((await bus.call('PUT', '/v1/schedules/seconds', spec)).status).toBe(200);
    await sink.waitFor(3, ofType('second'));
    for (const { id, time, source, data, atMs } of timesOf('second')) {
      expect([id, source, data]).toEqual([`seconds@${time}`, '/schedules/seconds', { n: 1 }]);
      expect(atMs - Date.parse(time)).toBeGreaterThanOrEqual(0);
      // The promise is one second on an idle machine, but tests share the machine.
      expect(atMs - Date.parse(time)).toBeLessThan(3000);
    }
    const paused = await bus.call('POST', '/v1/schedules/seconds/pause');
    expect(paused).toMatchObject({ status: 200, body: { state: 'paused', next: [] } });
    const list = await bus.call('GET', '/v1/schedules');
    expect(list.body.schedules).toMatchObject([{ schedule: 'seconds', state: 'paused' }]);
    const resumed = await bus.call('POST', '/v1/schedules/seconds/resume');
    const firstAgain = Date.parse(resumed.body.next[0]);
    await sink.waitFor(1, (arrival) => ofType('second')(arrival) && timeOf(arrival) >= firstAgain);
    expect((await bus.call('DELETE', '/v1/schedules/seconds')).status).toBe(204);
    expect((await bus.call('GET', '/v1/schedules/seconds')).body).toMatchObject({
      status: 404,
      code: 'unknown_schedule',
    });
    const ids = timesOf('second').map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('survives kill -9, continues where it was, and fires no time twice', async () => {
    await bus.call('PUT', '/v1/schedules/steady', {
      receiver: 'clock',
      everySeconds: 2,
      misfire: 'all',
      event: { type: 'steady' },
    });
    await bus.call('PUT', '/v1/schedules/yearly', {
      receiver: 'clock',
      cron: '30 2 1 1 *',
      timezone: 'America/New_York',
      event: { type: 'year' },
    });
    await sink.waitFor(2, ofType('steady'));
    await bus.kill();
    bus = await startBus({ dataDirectory });
    const before = timesOf('steady').length;
    await sink.waitFor(before + 3, ofType('steady'));
    // What was missed during a slow restart fires at once and arrives in any order: await each time up to the latest.
    const times = timesOf('steady').map(({ time }) => Date.parse(time));
    const latest = Math.max(...times);
    for (let time = Math.min(...times); time <= latest; time += 2000) {
      await sink.waitFor(1, (arrival) => ofType('steady')(arrival) && timeOf(arrival) === time);
    }
    for (const { time } of timesOf('steady')) expect(Math.abs(Date.parse(time) - latest) % 2000).toBe(0);
    // A firing that the kill interrupted comes again once, with the same id. So may each delivery whose answer it lost, which
    // keeps its own.
    const deliveries = new Map<string, Set<unknown>>();
    for (const { body, headers } of sink.arrivals.filter(ofType('steady'))) {
      const { id } = JSON.parse(body) as { id: string };
      deliveries.set(id, (deliveries.get(id) ?? new Set()).add(headers['webhook-id']));
    }
    for (const [id, each] of deliveries) expect(each.size, id).toBeLessThanOrEqual(2);
    expect((await bus.call('GET', '/v1/schedules/yearly')).body.next[0]).toMatch(/-01-01T07:30:00.000Z$/);
    for (const name of ['steady', 'yearly']) {
      expect((await bus.call('DELETE', `/v1/schedules/${name}`)).status).toBe(204);
    }
  });

  it('refuses invalid fields and names their paths', async () => {
    const good = { topic: 'ticks', everySeconds: 60, event: { type: 'x' } };
    for (const [change, path] of [
      [{ everySeconds: 0 }, 'everySeconds'],
      [{ everySeconds: undefined, cron: '61 * * * *' }, 'cron'],
      [{ timezone: 'Mars/Olympus' }, 'timezone'],
      [{ event: { type: 'x', id: 'mine' } }, 'event.id'],
      [{ misfire: 'never' }, 'misfire'],
      [{ every: 60 }, 'every'],
    ] as const) {
      expect((await bus.call('PUT', '/v1/schedules/wrong', { ...good, ...change })).body).toMatchObject({
        status: 400,
        code: 'invalid_request',
        errors: expect.arrayContaining([expect.objectContaining({ path })]),
      });
    }
    expect((await bus.call('PUT', '/v1/schedules/wrong', { ...good, topic: 'none' })).body).toMatchObject({
      status: 404,
      code: 'unknown_topic',
    });
    expect((await bus.call('GET', '/v1/schedules')).body.schedules).toEqual([]);
  });
});
