import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from './run-cli.ts';

/** A bus that gives this answer and keeps what it was asked. */
let answer: { status: number; body?: unknown };
let asked: { call: string; body: string }[];
let server: Server;

beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      asked.push({ call: `${request.method} ${request.url}`, body });
      const isProblem = answer.status >= 400;
      response.writeHead(answer.status, {
        'content-type': isProblem ? 'application/problem+json' : 'application/json',
      });
      response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const busbar = (...args: string[]) =>
  runCli(args, {
    env: { BUSBAR_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, BUSBAR_KEY: 'k' },
  });

describe('events', () => {
  it('cancel takes a delayed event back, whatever its id is made of', async () => {
    answer = { status: 204 };
    expect(await busbar('events', 'cancel', 'a/b', '--source', '/s')).toEqual({
      code: 0,
      stdout: 'Cancelled a/b.\n',
      stderr: '',
    });
    expect(asked).toEqual([{ call: 'DELETE /v1/events?id=a%2Fb&source=%2Fs', body: '' }]);
  });

  it('cancel says that an event has left, and ends with 1', async () => {
    const detail = 'The event e-1 has left.';
    answer = {
      status: 409,
      body: { type: 'urn:busbar:problem:event_left', title: 'Left', status: 409, code: 'event_left', detail },
    };
    const { code, stderr } = await busbar('events', 'cancel', 'e-1');
    expect(code).toBe(1);
    expect(stderr).toContain(detail);
  });

  it('re-time sends one of the two times', async () => {
    const deliverAt = '2026-01-31T12:00:00.000Z';
    answer = { status: 200, body: { id: 'e-1', deliverAt } };
    expect((await busbar('events', 're-time', 'e-1', '--delay', '10m', '--topic', 'orders')).stdout).toBe(
      `e-1 will be delivered at ${deliverAt}.\n`,
    );
    await busbar('events', 're-time', 'e-1', '--deliver-at', deliverAt, '--json');
    expect(asked).toEqual([
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

  it('put sends what was given, and nothing else', async () => {
    answer = { status: 201, body: shown };
    const { code, stdout } = await busbar(
      ...['schedules', 'put', 'nightly', '--topic', 'reports', '--cron', '30 2 * * *'],
      ...['--timezone', 'Europe/Berlin', '--type', 'report.due', '--data', '{"n":1}', '--misfire', 'skip'],
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'Schedule nightly is saved.\n' });
    await busbar('schedules', 'put', 'poll', '--receiver', 'billing', '--every', '5m', '--type', 'poll.due');
    expect(asked.map(({ call, body }) => [call, JSON.parse(body)])).toEqual([
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
  ])('%j is a wrong command line', async (args) => {
    expect((await busbar('schedules', ...args)).code).toBe(2);
    expect(asked).toEqual([]);
  });

  it('are listed, paused, resumed and deleted', async () => {
    answer = { status: 200, body: { schedules: [shown] } };
    const { stdout } = await busbar('schedules', 'list');
    expect(stdout).toMatch(
      /nightly +active +30 2 \* \* \* Europe\/Berlin +reports +2026-01-31T01:30:00.000Z/,
    );
    answer = { status: 200, body: shown };
    expect((await busbar('schedules', 'pause', 'nightly')).stdout).toBe('Schedule nightly is paused.\n');
    expect((await busbar('schedules', 'resume', 'nightly')).stdout).toBe(
      'Schedule nightly is active; it fires at 2026-01-31T01:30:00.000Z.\n',
    );
    answer = { status: 204 };
    expect((await busbar('schedules', 'delete', 'nightly')).stdout).toBe('Schedule nightly is deleted.\n');
    expect(asked.map(({ call }) => call)).toEqual([
      'GET /v1/schedules',
      'POST /v1/schedules/nightly/pause',
      'POST /v1/schedules/nightly/resume',
      'DELETE /v1/schedules/nightly',
    ]);
  });
});
