import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scriptedBus } from './scripted-bus.ts';

let bus: Awaited<ReturnType<typeof scriptedBus>>;
beforeEach(async () => {
  bus = await scriptedBus();
});
afterEach(() => bus.close());

const busbar = (...args: string[]) => bus.run(...args);

describe('events', () => {
  it('waiting lists what waits, in part', async () => {
    const event = { state: 'delayed', id: 'e-1', source: '/s', type: 'a', topic: 'orders' };
    bus.answer({ status: 200, body: { events: [{ ...event, deliverAt: '2026-01-31T12:00:00.000Z' }] } });
    const { stdout } = await busbar('events', 'waiting', '--topic', 'orders', '--state', 'delayed');
    expect(stdout).toContain('e-1');
    expect(stdout).toContain('2026-01-31T12:00:00.000Z');
    expect(bus.requests[0]?.call).toContain('GET /v1/events?');
    expect(bus.requests[0]?.call).toContain('topic=orders&state=delayed');
  });

  it('cancel cancels a delayed event, even if its id contains slashes', async () => {
    bus.answer({ status: 204 });
    expect(await busbar('events', 'cancel', 'a/b', '--source', '/s')).toEqual({
      code: 0,
      stdout: 'Cancelled a/b.\n',
      stderr: '',
    });
    expect(bus.requests).toEqual([{ call: 'DELETE /v1/events?id=a%2Fb&source=%2Fs', body: '' }]);
  });

  it('cancel reports an event that has left, and exits with code 1', async () => {
    const detail = 'The event e-1 has left.';
    bus.answer({
      status: 409,
      body: { type: 'urn:busbar:problem:event_left', title: 'Left', status: 409, code: 'event_left', detail },
    });
    const { code, stderr } = await busbar('events', 'cancel', 'e-1');
    expect(code).toBe(1);
    expect(stderr).toContain(detail);
  });

  it('re-time sends the delay or the time', async () => {
    const deliverAt = '2026-01-31T12:00:00.000Z';
    bus.answer({ status: 200, body: { id: 'e-1', deliverAt } });
    expect((await busbar('events', 're-time', 'e-1', '--delay', '10m', '--topic', 'orders')).stdout).toBe(
      `e-1 will be delivered at ${deliverAt}.\n`,
    );
    await busbar('events', 're-time', 'e-1', '--deliver-at', deliverAt, '--json');
    expect(bus.requests).toEqual([
      { call: 'PATCH /v1/events?id=e-1&topic=orders', body: '{"delaySeconds":600}' },
      { call: 'PATCH /v1/events?id=e-1', body: JSON.stringify({ deliverAt }) },
    ]);
    expect((await busbar('events', 're-time', 'e-1')).code).toBe(2);
    expect((await busbar('events', 're-time', 'e-1', '--delay', '1', '--deliver-at', deliverAt)).code).toBe(
      2,
    );
  });
});

describe('schedules', () => {
  const shown = {
    schedule: 'nightly',
    state: 'active',
    topic: 'reports',
    cron: '30 2 * * *',
    timezone: 'Europe/Berlin',
    next: ['2026-01-31T01:30:00.000Z'],
  };

  it('put sends only the options that were passed', async () => {
    bus.answer({ status: 201, body: shown });
    const { code, stdout } = await busbar(
      ...['schedules', 'put', 'nightly', '--topic', 'reports', '--cron', '30 2 * * *'],
      ...['--timezone', 'Europe/Berlin', '--type', 'report.due', '--data', '{"n":1}', '--misfire', 'skip'],
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Schedule nightly is saved.\n' });
    await busbar('schedules', 'put', 'poll', '--receiver', 'billing', '--every', '5m', '--type', 'poll.due');
    expect(bus.requests.map(({ call, body }) => [call, JSON.parse(body)])).toEqual([
      [
        'PUT /v1/schedules/nightly',
        {
          topic: 'reports',
          cron: '30 2 * * *',
          timezone: 'Europe/Berlin',
          misfire: 'skip',
          event: { type: 'report.due', data: { n: 1 } },
        },
      ],
      ['PUT /v1/schedules/poll', { receiver: 'billing', everySeconds: 300, event: { type: 'poll.due' } }],
    ]);
  });

  it.each([
    [['put', 'x', '--type', 't', '--every', '5']],
    [['put', 'x', '--type', 't', '--topic', 'a']],
    [['put', 'x', '--topic', 'a', '--every', '5']],
    [['put', 'x', '--type', 't', '--topic', 'a', '--every', '5', '--cron', '* * * * *']],
    [['put', 'x', '--type', 't', '--topic', 'a', '--every', '5', '--misfire', 'never']],
  ])('rejects the command line %j', async (args) => {
    expect((await busbar('schedules', ...args)).code).toBe(2);
    expect(bus.requests).toEqual([]);
  });

  it('are listed, paused, resumed and deleted', async () => {
    bus.answer({ status: 200, body: { schedules: [shown] } });
    const { stdout } = await busbar('schedules', 'list');
    expect(stdout).toMatch(
      /nightly +active +30 2 \* \* \* Europe\/Berlin +reports +2026-01-31T01:30:00.000Z/,
    );
    bus.answer({ status: 200, body: shown });
    expect((await busbar('schedules', 'pause', 'nightly')).stdout).toBe('Schedule nightly is paused.\n');
    expect((await busbar('schedules', 'resume', 'nightly')).stdout).toBe(
      'Schedule nightly is active; it next fires at 2026-01-31T01:30:00.000Z.\n',
    );
    bus.answer({ status: 204 });
    expect((await busbar('schedules', 'delete', 'nightly')).stdout).toBe('Schedule nightly is deleted.\n');
    expect(bus.requests.map(({ call }) => call)).toEqual([
      'GET /v1/schedules?limit=1000',
      'POST /v1/schedules/nightly/pause',
      'POST /v1/schedules/nightly/resume',
      'DELETE /v1/schedules/nightly',
    ]);
  });
});
