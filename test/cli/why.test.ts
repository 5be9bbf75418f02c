import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Why } from '../../lib/core/why/why.ts';
import { runCli } from './run-cli.ts';
import { standInBus } from './stand-in-bus.ts';

let bus: Awaited<ReturnType<typeof standInBus>>;
beforeEach(async () => {
  bus = await standInBus();
});
afterEach(() => bus.close());

const busbar = (...args: string[]) => runCli(args, { env: { BUSBAR_URL: bus.url, BUSBAR_KEY: bus.key } });
const answer = (why: Why) => bus.troubles.push({ status: 200, body: why });

const at = '2026-01-01T00:00:00.000Z';
const known: Why = {
  id: 'o/1',
  events: [
    {
      id: 'o/1',
      source: '/shop',
      type: 'order.placed',
      topic: 'orders',
      publishedAt: at,
      trace: 'all',
      receivers: [
        {
          receiver: 'billing',
          deliveryId: 'dlv_1',
          matched: true,
          lane: 'online',
          state: 'retrying',
          attempts: [
            { attempt: 1, at, lane: 'online', status: 503, latencyMs: 12, detail: 'busy\n\u001b[2J now' },
            { attempt: 2, at, lane: 'online', error: 'timeout', latencyMs: 15000 },
          ],
          nextAttemptAt: '2026-01-01T00:02:00.000Z',
          deadLettered: [{ at, cause: 'http-500', attempts: 9 }],
        },
        {
          receiver: 'vip',
          deliveryId: 'dlv_2',
          matched: false,
          refusedBy: [{ key: 'data.total', condition: [{ numeric: ['>=', 100] }], because: 'different' }],
          attempts: [],
        },
      ],
      hiddenReceivers: 2,
    },
  ],
  searched: { since: at, complete: true },
};

it('prints what happened to an event as a timeline', async () => {
  answer(known);
  const { code, stdout } = await busbar('why', 'o/1', '--source', '/shop', '--since', at);
  expect(code).toBe(0);
  expect(stdout.split('\n')).toEqual([
    'o/1  order.placed  from /shop',
    `  ${at}  published to orders (trace: all)`,
    '  billing  retrying  online lane',
    `    ${at}  attempt 1  503 in 12 ms  busy \ufffd[2J now`,
    `    ${at}  attempt 2  timeout in 15000 ms`,
    `    ${at}  dead letter after attempt 9: http-500`,
    '    2026-01-01T00:02:00.000Z  next attempt',
    '  vip  filtered out',
    '    data.total must be [{"numeric":[">=",100]}]: the event has a different value',
    '  2 more of other owners, which this key may not see',
    '',
  ]);
  const asked = new URL(bus.requests[0]?.path ?? '', bus.url);
  expect(asked.pathname).toBe('/events');
  expect(Object.fromEntries(asked.searchParams)).toEqual({ id: 'o/1', source: '/shop', since: at });
});

it("prints the bus's answer with --json", async () => {
  answer(known);
  expect(JSON.parse((await busbar('why', 'o/1', '--json')).stdout)).toEqual(known);
});

it('says what is not recorded, and how far back it searched', async () => {
  const notRecorded = 'not recorded: what was delivered at once; there is no record of a failed attempt';
  answer({ id: 'x', events: [], searched: { since: at, complete: false }, notRecorded });
  const { code, stdout } = await busbar('why', 'x');
  expect(code).toBe(0);
  expect(stdout).toBe(
    'Nothing is known about x.\nNot recorded: what was delivered at once; there is no record of a failed attempt.\n' +
      `The search went back only to ${at}; go on from there with --until ${at}.\n`,
  );
});

it('says that an event is unknown', async () => {
  const body = { code: 'unknown_event', detail: 'Nothing is known of an event x.', status: 404, title: 't' };
  bus.troubles.push({ status: 404, body });
  const { code, stderr } = await busbar('why', 'x');
  expect(code).toBe(1);
  expect(stderr).toContain('Nothing is known of an event x.\nCheck the id');
});
