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
