import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scriptedBus } from './scripted-bus.ts';

let bus: Awaited<ReturnType<typeof scriptedBus>>;

beforeEach(async () => {
  bus = await scriptedBus();
});
afterEach(() => bus.close());

const quiet = { delivered: 0, failed: 0, deadLettered: 0, dropped: 0, latencyMs: { p50: null, p99: null } };
const receiver = {
  points: [
    {
      at: '2026-01-31T12:00:00.000Z',
      delivered: 40,
      failed: 1,
      deadLettered: 0,
      dropped: 7,
      latencyMs: { p50: 21.5, p99: 80 },
    },
    { at: '2026-01-31T12:01:00.000Z', ...quiet },
    { at: '2026-01-31T12:02:00.000Z', ...quiet, delivered: 10, latencyMs: { p50: 20, p99: 20 } },
  ],
  now: { waiting: 3, oldestSeconds: 12, inFlight: 0, deadLetters: 0, breaker: 'closed', paused: false },
};

describe('statistics', () => {
  it('of a receiver show the points with traffic, with bars, and how it is now', async () => {
    bus.answerWith(receiver);
    const { stdout } = await bus.run('statistics', 'receiver', 'billing');
    expect(stdout.split('\n').slice(0, 5)).toEqual([
      'AT                        DELIVERED  FAILED  DEAD LETTERS  DROPPED  P50 MS  P99 MS',
      `2026-01-31T12:00:00.000Z  40         1       0             7        21.5    80      ${'#'.repeat(20)}`,
      `2026-01-31T12:02:00.000Z  10         0       0             0        20      20      ${'#'.repeat(5)}`,
      '',
      'waiting        3',
    ]);
    expect(bus.requests.map(({ call }) => call)).toEqual(['GET /v1/receivers/billing/statistics']);
  });

  it('ask for the period and step that are given', async () => {
    bus.answerWith({ points: [] });
    const since = '2026-01-30T00:00:00Z';
    const { stderr } = await bus.run('statistics', 'topic', 'orders', '--since', since, '--step', '1h');
    expect(stderr).toBe('Nothing happened in that time.\n');
    expect(bus.requests.map(({ call }) => call)).toEqual([
      `GET /v1/topics/orders/statistics?since=${encodeURIComponent(since)}&step=3600`,
    ]);
  });

  it('of an application are JSON on demand', async () => {
    const answer = { points: [{ at: '2026-01-01T00:00:00.000Z', accepted: 1, costDollars: 0.1 }] };
    bus.answerWith(answer);
    const { stdout } = await bus.run('statistics', 'application', 'shop', '--json');
    expect(JSON.parse(stdout)).toEqual(answer);
  });
});
