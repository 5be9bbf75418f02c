import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawn } from '../../lib/cli/support/drawing.ts';
import { severity } from '../../lib/cli/watching/screen.ts';
import { runCli, startCli } from './run-cli.ts';
import { inTerminal, keys, withoutTerminal } from './terminal.ts';

const now = { waiting: 0, oldestSeconds: 0, inFlight: 0, deadLetters: 0, breaker: 'closed', paused: false };
const letters = { clusters: [{ count: 4 }, { count: 1 }], waiting: 2 };
const paths = new Map<string, unknown>([
  [
    'receivers',
    {
      receivers: [
        { receiver: 'fine', owner: 'shop', state: 'active' },
        { receiver: 'late', owner: 'shop', state: 'active' },
        { receiver: 'gone', owner: 'shop', state: 'active' },
        { receiver: 'down', owner: 'shop', state: 'active' },
        { receiver: 'paused', owner: 'shop', state: 'paused', stateReason: 'By admin.\u001b[2J' },
      ],
    },
  ],
  [
    'topics',
    {
      topics: [
        { topic: 'a' },
        { topic: 'orders', owner: 'shop', hold: { state: 'holding', since: 't', by: 'rule' } },
      ],
    },
  ],
  ['requests', { requests: [{ id: 'req_1', kind: 'publish', application: 'crm', topic: 'orders' }] }],
  ['receivers/fine/statistics', { now, points: [{ delivered: 100 }, { delivered: 500 }] }],
  ['receivers/late/statistics', { now: { ...now, waiting: 7, oldestSeconds: 600 }, points: [] }],
  ['receivers/down/statistics', { now: { ...now, breaker: 'open', waiting: 3, deadLetters: 9 }, points: [] }],
  ['receivers/paused/statistics', { now, points: [] }],
  ['receivers/late/redrive', { state: 'sending', sent: 2, total: 5 }],
  ['receivers/paused/redrive', { state: 'done', sent: 5, total: 5 }],
]);

let url = '';
let answers = paths;
let underWay = 0;
let mostUnderWay = 0;
const server = createServer((request, response) => {
  mostUnderWay = Math.max(mostUnderWay, ++underWay);
  const path = (request.url ?? '').replace(/^\/v1\//, '').replace(/\?.*$/, '');
  const body = answers.get(path);
  const code = path.endsWith('/redrive')
    ? 'redrive'
    : path.endsWith('/statistics') && answers !== paths
      ? 'route'
      : 'receiver';
  setImmediate(() => {
    underWay--;
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? { code: `unknown_${code}`, detail: 'x' }));
  });
});
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

const env = () => ({ BUSBAR_URL: url, BUSBAR_KEY: 'k' });

describe('status', () => {
  it('shows the worst receiver first, then holds and requests, and none that was deleted meanwhile', async () => {
    const { code, stdout, stderr } = await runCli(['status'], { env: env() });
    expect([code, stderr]).toEqual([0, '']);
    const lines = stdout.split('\n').map((line) => line.trim().split(/ {2,}/));
    expect(lines[0]?.[1]).toBe(
      '4 receivers, 3 to look at, 9 dead letters, 1 topics on hold, 1 open requests',
    );
    const rate = expect.stringMatching(/^(1\.7|1\.8|1\.9|2)$/);
    expect(lines.slice(2, 7)).toEqual([
      [
        'RECEIVER',
        'OWNER',
        'STATE',
        'BREAKER',
        'WAITING',
        'IN FLIGHT',
        'OLDEST',
        'PER S',
        'DEAD LETTERS',
        'REDRIVE',
        'REASON',
      ],
      ['down', 'shop', 'active', 'open', '3', '0', '0', '9'],
      ['paused', 'shop', 'paused', 'closed', '0', '0', '0', '0', 'By admin.\ufffd[2J'],
      ['late', 'shop', 'active', 'closed', '7', '0', '10m', '0', '0', 'sending 2/5'],
      ['fine', 'shop', 'active', 'closed', '0', '0', rate, '0'],
    ]);
    expect(stdout).toMatch(/Topics on hold\nTOPIC .*\norders .* holding .* rule\n/);
    expect(stdout).toMatch(/Open requests\nID .*\nreq_1 .* crm .* orders\n/);
  });

  it('has no more than eight calls under way', async () => {
    const many = Array.from({ length: 40 }, (_, at) => ({ receiver: `r${at}`, state: 'active' }));
    answers = new Map<string, unknown>([
      ['receivers', { receivers: many }],
      ['topics', { topics: [] }],
      ['requests', { requests: [] }],
      ...many.map(({ receiver }) => [`receivers/${receiver}`, { breaker: { state: 'open' } }] as const),
      ...many.map(({ receiver }) => [`receivers/${receiver}/dead-letters`, letters] as const),
    ]);
    mostUnderWay = 0;
    // A bus without statistics: the breaker and dead letters come from other calls.
    const { stdout } = await runCli(['status', '--json'], { env: env() });
    answers = paths;
    const { receivers } = JSON.parse(stdout);
    expect([receivers.length, receivers[0].breaker, receivers[0].deadLetters]).toEqual([40, 'open', 7]);
    expect(mostUnderWay).toBeGreaterThan(1);
    expect(mostUnderWay).toBeLessThanOrEqual(8);
  });

  it('goes on with --watch, in blocks where there is no terminal, until Ctrl-C', async () => {
    const cli = startCli(['status', '--watch', '--interval', '1s'], env());
    await cli.printed('stdout', /4 receivers[\s\S]*\n\n.*4 receivers/);
    cli.child.kill('SIGINT');
    const { code, stdout, stderr } = await cli.outcome;
    expect([code, stderr, stdout.includes('\u001b')]).toEqual([0, '', false]);
  });

  it.skipIf(withoutTerminal() !== undefined)(
    'draws over itself in a terminal, and leaves the last state',
    async () => {
      const terminal = inTerminal(['status', '--watch', '--interval', '1s'], { env: env() });
      await terminal.shows(/\?1049h[\s\S]*\[H[\s\S]*down[\s\S]*\[J[\s\S]*\[H[\s\S]*down/);
      terminal.type(keys.interrupt);
      expect(await terminal.ended).toBe(0);
      expect(terminal.screen()).toMatch(/\?1049l[\s\S]*4 receivers/);
      expect(terminal.screen()).not.toContain('[2J\u001b');
    },
  );

  it('refuses an interval that would burden the bus', async () => {
    expect((await runCli(['status', '--watch', '--interval', '0'], { env: env() })).code).toBe(2);
  });
});

describe('the severity of a receiver', () => {
  const fine = { receiver: 'a', state: 'active', breaker: 'closed', deadLetters: 0 };
  it.each([
    [fine, 0],
    [{ ...fine, oldestSeconds: 59, waiting: 1e6 }, 0],
    [{ ...fine, oldestSeconds: 60 }, 1],
    [{ ...fine, deadLetters: 1 }, 1],
    [{ ...fine, state: 'paused' }, 2],
    [{ ...fine, redrive: { state: 'halted', sent: 0, total: 1 } }, 3],
    [{ ...fine, redrive: { state: 'sending', sent: 0, total: 1 } }, 0],
    [{ ...fine, breaker: 'half-open' }, 4],
    [{ ...fine, breaker: 'open', state: 'paused' }, 5],
    [{ ...fine, state: 'disabled', breaker: 'open' }, 6],
  ])('of %j is %i', (status, expected) => {
    expect(severity(status)).toBe(expected);
  });
});

describe('a drawing', () => {
  it('covers line by line what was there, within the terminal', () => {
    expect(drawn('ab\u001b[31mcd\u001b[39m\n\n', 3, 5)).toBe(
      '\u001b[Hab\u001b[31mc\u001b[39m\u001b[K\u001b[J',
    );
    expect(drawn('1\n2\n3\n4\n', 9, 3)).toBe(
      '\u001b[H1\u001b[K\r\n2\u001b[K\r\n… 2 more lines\u001b[K\u001b[J',
    );
  });
});
