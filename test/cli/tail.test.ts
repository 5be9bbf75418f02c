import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { follow, nothingSeen, sinceOf } from '../../lib/cli/watching/follow.ts';
import { runCli, startCli } from './run-cli.ts';
import { inTerminal, keys, withoutTerminal } from './terminal.ts';

interface Attempt {
  readonly id: string;
  readonly at: string;
  readonly deliveryId: string;
  readonly [name: string]: unknown;
}
const attempt = (n: number, more: object = {}): Attempt => ({
  at: new Date(Date.parse('2026-01-01T12:00:00Z') + n * 1000).toISOString(),
  receiver: 'billing',
  topic: 'orders',
  id: `o-${n}`,
  source: '/s',
  type: 'order.placed',
  deliveryId: `dlv_${n}`,
  attempt: 1,
  state: 'delivered',
  lane: 'online',
  status: 204,
  latencyMs: 12,
  ...more,
});

/** A bus that has these attempts, the newest first, and pages of two where it is asked since a time. */
let attempts: Attempt[] = [];
let failing = 0;
const asked: URLSearchParams[] = [];
const server = createServer((request, response) => {
  const query = new URL(request.url ?? '', 'http://bus').searchParams;
  asked.push(query);
  if (failing > 0) {
    failing -= 1;
    response.writeHead(503, { 'content-type': 'application/problem+json' });
    return response.end(JSON.stringify({ status: 503, code: 'unavailable', detail: 'Too much\u001b[2J.' }));
  }
  const since = query.get('since') ?? '';
  const all = attempts.filter(({ at }) => at >= since);
  const begin = Number(query.get('cursor') ?? 0);
  const size = since === '' ? Number(query.get('limit')) : 2;
  const more = begin + size < all.length;
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(
    JSON.stringify({
      deliveries: all.slice(begin, begin + size),
      notRecorded: 'not recorded: events of orders',
      ...(more && { cursor: String(begin + size) }),
    }),
  );
  return undefined;
});
let env: Record<string, string> = {};
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  env = { BUSBAR_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, BUSBAR_KEY: 'k' };
});
afterAll(() => server.close());
beforeEach(() => {
  failing = 0;
  asked.length = 0;
  attempts = [3, 2, 1].map((n) => attempt(n));
});

const idsIn = (text: string) => [...text.matchAll(/\bo-\d+/g)].map(String);

describe('tail', () => {
  it('prints the latest attempts, the oldest first, and says what is not traced', async () => {
    attempts.unshift(
      attempt(4, {
        state: 'failed',
        status: undefined,
        error: 'timeout',
        nextAttemptAt: '2026-01-01T12:00:20.000Z',
        type: 'a\u001b[31m\u202e\nb',
      }),
    );
    const { code, stdout, stderr } = await runCli(['tail', '--no-follow', '--lines', '2'], { env });
    expect([code, stderr]).toEqual([0, 'not recorded: events of orders.\n']);
    expect(stdout.split('\n')).toEqual([
      '12:00:03.000  delivered      billing  orders  order.placed  o-3  attempt 1  204 in 12 ms',
      '12:00:04.000  failed         billing  orders  a\ufffd[31m\ufffd\ufffdb  o-4  attempt 1  timeout in 12 ms  next 12:00:20.000',
      '',
    ]);
    expect(String(asked[0])).toBe('limit=2');
  });

  it('goes on with what is new, over pages, without repeats, until Ctrl-C', async () => {
    const filters = ['--receiver', 'billing', '--topic', 'orders', '--type', 'a', '--state', 'failed'];
    const cli = startCli(['tail', ...filters, '--lines', '1'], env);
    await cli.printed('stdout', /o-3/);
    attempts.unshift(...[8, 7, 6, 5, 4].map((n) => attempt(n)));
    await cli.printed('stdout', /o-8/);
    // One that appears late, between those that were seen.
    attempts.splice(1, 0, attempt(70));
    await cli.printed('stdout', /o-70/);
    cli.child.kill('SIGINT');
    const { code, stdout } = await cli.outcome;
    expect([code, idsIn(stdout), stdout.includes('\u001b')]).toEqual([
      0,
      ['o-3', 'o-4', 'o-5', 'o-6', 'o-7', 'o-8', 'o-70'],
      false,
    ]);
    for (const query of asked) {
      expect(Object.fromEntries(query)).toMatchObject({
        receiver: 'billing',
        topic: 'orders',
        type: 'a',
        state: 'failed',
      });
    }
  });

  it('begins with what comes first where nothing was there', async () => {
    attempts = [];
    const cli = startCli(['tail', '--json'], env);
    await cli.printed('stderr', /not recorded/);
    attempts = [attempt(1, { type: '\u009b' })];
    await cli.printed('stdout', /"o-1".*\n/);
    cli.child.kill('SIGINT');
    const { stdout } = await cli.outcome;
    expect(JSON.parse(stdout)).toEqual(attempts[0]);
    expect(stdout).not.toContain('\u009b');
  });

  it('goes on when the bus answers again', async () => {
    const cli = startCli(['tail'], env);
    await cli.printed('stdout', /o-3/);
    failing = 4;
    await cli.printed('stderr', /Too much\ufffd\[2J\. Trying again/);
    attempts.unshift(attempt(9));
    await cli.printed('stdout', /o-9/);
    cli.child.kill('SIGINT');
    expect((await cli.outcome).code).toBe(0);
  });

  it('refuses a state that there is not', async () => {
    expect((await runCli(['tail', '--state', 'lost'], { env })).code).toBe(2);
  });

  it.skipIf(withoutTerminal() !== undefined)(
    'has colours in a terminal, unless NO_COLOR is set',
    async () => {
      for (const [more, expected] of [
        [{}, true],
        [{ NO_COLOR: '1' }, false],
      ] as const) {
        const terminal = inTerminal(['tail'], { env: { ...env, TERM: 'xterm', ...more } });
        await terminal.shows(/o-3/);
        terminal.type(keys.interrupt);
        expect(await terminal.ended).toBe(0);
        expect(terminal.screen().includes('\u001b[32mdelivered')).toBe(expected);
      }
    },
  );
});

describe('what was followed', () => {
  it('has each attempt once, whatever an answer has of the last seconds', () => {
    const entry = fc.record({ endMs: fc.integer({ min: 0, max: 100_000 }), lateMs: fc.nat(14_000) });
    fc.assert(
      fc.property(
        fc.array(entry, { maxLength: 40 }),
        fc.array(fc.nat(20_000), { maxLength: 20 }),
        (all, waits) => {
          // It appears after its end, and is listed by its end.
          const listed = all
            .map(({ endMs, lateMs }, n) => ({ endMs, shownMs: endMs + lateMs, n }))
            .sort((one, other) => other.endMs - one.endMs);
          let nowMs = 0;
          let followed = nothingSeen;
          const shown: number[] = [];
          for (const wait of [...waits, 200_000]) {
            nowMs += wait;
            const sinceMs = Date.parse(sinceOf(followed) ?? '1970-01-01T00:00:00Z');
            const answer = listed
              .filter(({ endMs, shownMs }) => shownMs <= nowMs && endMs >= sinceMs)
              .map(({ endMs, n }) => ({
                deliveryId: n,
                attempt: 1,
                at: new Date(endMs).toISOString(),
                latencyMs: 0,
              }));
            const next = follow(followed, answer);
            followed = next.followed;
            shown.push(...next.fresh.map(({ deliveryId }) => Number(deliveryId)));
          }
          expect(new Set(shown).size).toBe(shown.length);
          // Nothing that came within the last seconds of what was known is missed.
          expect(shown.length).toBe(all.length);
        },
      ),
    );
  });
});
