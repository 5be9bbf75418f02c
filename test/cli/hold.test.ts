import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCli } from './run-cli.ts';

/** A bus that gives these answers, in turn, and keeps what it was asked. */
let answers: unknown[];
let asked: string[];
let server: Server;

beforeEach(async () => {
  answers = [];
  asked = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => {
      asked.push(`${request.method} ${request.url} ${body}`.trim());
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(answers.shift() ?? {}));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(() => new Promise((resolve) => server.close(resolve)));

const busbar = (...args: string[]) =>
  runCli(args, {
    env: { BUSBAR_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, BUSBAR_KEY: 'k' },
  });

describe('topics', () => {
  it('are put on hold and released, and say how many events they hold', async () => {
    answers = [
      { state: 'holding', held: 0 },
      { state: 'releasing', held: 1 },
      { state: 'holding', held: 3 },
    ];
    expect((await busbar('topics', 'hold', 'orders', '--reason', 'peak')).stdout).toBe(
      'Topic orders is on hold; 0 events are held.\n',
    );
    expect((await busbar('topics', 'release', 'orders', '--per-second', '2.5')).stdout).toBe(
      'Topic orders is being released; 1 event is held yet.\n',
    );
    expect((await busbar('topics', 'hold', 'orders', '--status')).stdout).toContain('held');
    expect(asked).toEqual([
      'PUT /v1/topics/orders/hold {"reason":"peak"}',
      'DELETE /v1/topics/orders/hold?perSecond=2.5',
      'GET /v1/topics/orders/hold',
    ]);
  });

  it('list, show, send and drop single events that they hold', async () => {
    const event = { id: '3-1', eventId: 'e1', type: 'order.placed', heldAt: '2026-01-01T00:00:00.000Z' };
    answers = [{ events: [event] }, { ...event, event: { id: 'e1' } }, event];
    expect((await busbar('topics', 'held', 'list', 'orders', '--limit', '5')).stdout).toContain('e1');
    await busbar('topics', 'held', 'get', 'orders', '3-1');
    expect((await busbar('topics', 'held', 'send', 'orders', '3-1')).stdout).toBe(
      'Held event 3-1 is sent.\n',
    );
    expect((await busbar('topics', 'held', 'drop', 'orders', '3-1')).stdout).toBe(
      'Held event 3-1 is dropped.\n',
    );
    expect(asked).toEqual([
      'GET /v1/topics/orders/held?limit=5',
      'GET /v1/topics/orders/held/3-1',
      'POST /v1/topics/orders/held/3-1/send',
      'DELETE /v1/topics/orders/held/3-1',
    ]);
    // Each command is a process of its own.
  }, 90_000);

  it('are given a rule, and deleted with what they hold by force', async () => {
    await busbar('topics', 'put', 'low', '--hold-when', '{"backlogEvents":10}');
    await busbar('topics', 'delete', 'low', '--force');
    expect(asked).toEqual([
      'PUT /v1/topics/low {"holdWhen":{"backlogEvents":10}}',
      'DELETE /v1/topics/low?force=true',
    ]);
  });
});
