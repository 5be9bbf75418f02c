import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type CheckRules,
  Comparison,
  type Seen,
  type Side,
} from '../../../lib/connectors/rocketmq/bridge-check.ts';

const fromMs = Date.parse('2026-03-01T12:00:00Z');
const toMs = fromMs + 60_000;
const rules: CheckRules = { fromMs, toMs, direction: 'both', maxLagSeconds: 10, idsMax: 3, troubles: [] };

/** Seconds after the start of the window. */
const at = (id: string, seconds: number, bornSeconds?: number): Seen => ({
  id,
  atMs: fromMs + seconds * 1000,
  ...(bornSeconds !== undefined && { bornAtMs: fromMs + bornSeconds * 1000 }),
});

function compared(seen: Partial<Record<Side, readonly Seen[]>>, more: Partial<CheckRules> = {}) {
  const comparison = new Comparison();
  for (const side of ['bus', 'rocketmq'] as const)
    for (const one of seen[side] ?? []) comparison.add(side, one);
  return comparison.report({ ...rules, ...more });
}

describe('two sides', () => {
  it.each<[string, Partial<Record<Side, readonly Seen[]>>, Partial<CheckRules>, string, readonly string[]]>([
    [
      'are the same when each event is on both',
      { bus: [at('1', 1), at('2', 2)], rocketmq: [at('2', 1), at('1', 3)] },
      {},
      'same',
      [],
    ],
    [
      'are the same when an event comes to the second after the window',
      { bus: [at('1', 59)], rocketmq: [at('1', 65)] },
      {},
      'same',
      [],
    ],
    [
      'are the same though one has duplicates',
      { bus: [at('1', 1)], rocketmq: [at('1', 1), at('1', 2)] },
      {},
      'same',
      [],
    ],
    [
      'differ by an event that the bus has not',
      { bus: [at('1', 1)], rocketmq: [at('1', 1), at('2', 2)] },
      {},
      'different',
      ['1 events are missing on the bus'],
    ],
    [
      'differ by an event that RocketMQ has not',
      { bus: [at('1', 1), at('2', 2)], rocketmq: [at('1', 1)] },
      {},
      'different',
      ['1 events are missing on RocketMQ'],
    ],
    [
      'differ by what is late',
      { bus: [at('1', 1)], rocketmq: [at('1', 12)] },
      {},
      'different',
      ['events come to RocketMQ late: one of a hundred by more than 11 s'],
    ],
    [
      'are the same inward though RocketMQ lacks one',
      { bus: [at('1', 1), at('2', 2)], rocketmq: [at('1', 1)] },
      { direction: 'in' },
      'same',
      [],
    ],
    [
      'are the same outward though the bus lacks one',
      { bus: [at('1', 1)], rocketmq: [at('1', 1), at('2', 2)] },
      { direction: 'out' },
      'same',
      [],
    ],
    [
      'are the same inward though RocketMQ is late',
      { bus: [at('1', 1)], rocketmq: [at('1', 50)] },
      { direction: 'in' },
      'same',
      [],
    ],
    ['prove nothing when nothing came', {}, {}, 'unknown', ['no event was seen on both sides']],
    [
      'prove nothing when one side alone shows what the other need not have',
      { rocketmq: [at('1', 1)] },
      { direction: 'out' },
      'unknown',
      ['no event was seen on both sides'],
    ],
    [
      'prove nothing when they were not read whole',
      { bus: [at('1', 1)], rocketmq: [at('1', 1), at('2', 2)] },
      { troubles: ['RocketMQ was away'] },
      'unknown',
      ['RocketMQ was away'],
    ],
    [
      'say nothing of events that were there before the window',
      { bus: [at('1', 1)], rocketmq: [at('1', 1), at('old', 2, -30)] },
      {},
      'same',
      [],
    ],
    [
      'say something of old events that are on both',
      { bus: [at('old', 1, -30)], rocketmq: [at('old', 2, -30)] },
      {},
      'same',
      [],
    ],
    [
      'say nothing of what came during the warm-up, or after the window',
      { bus: [at('1', 1), at('early', -1), at('late', 61)], rocketmq: [at('1', 1)] },
      {},
      'same',
      [],
    ],
    [
      'do not take an event of the warm-up for a new one because it came again',
      { bus: [at('1', 1)], rocketmq: [at('1', 1), at('early', -1), at('early', 5)] },
      {},
      'same',
      [],
    ],
  ])('%s', (_, seen, more, verdict, reasons) => {
    expect(compared(seen, more)).toMatchObject({ verdict, reasons });
  });

  it('are counted, with duplicates, what is missing by its ids, and what cannot be told', () => {
    const report = compared({
      bus: [at('both', 1), at('both', 2), ...['a', 'b', 'c', 'd'].map((id) => at(id, 3))],
      rocketmq: [at('both', 2), at('old', 3, -1)],
    });
    expect(report).toMatchObject({
      window: { from: '2026-03-01T12:00:00.000Z', to: '2026-03-01T12:01:00.000Z' },
      seen: { bus: { events: 5, duplicates: 1 }, rocketmq: { events: 2, duplicates: 0 } },
      onBoth: 1,
      missing: { bus: { events: 0, ids: [] }, rocketmq: { events: 4, ids: ['a', 'b', 'c'] } },
      notCompared: 1,
    });
  });

  it('have a lag by the side to which events came second', () => {
    const events = Array.from({ length: 100 }, (_, index) => String(index));
    const report = compared(
      {
        rocketmq: events.map((id) => at(id, 1)),
        bus: [...events.map((id, index) => at(id, 1 + (index + 1) / 10)), at('first-on-bus', 1)],
      },
      { direction: 'in', maxLagSeconds: 60 },
    );
    expect(report.lag).toEqual({
      bus: { events: 100, medianSeconds: 5, p99Seconds: 9.9, maxSeconds: 10 },
      rocketmq: undefined,
    });
  });

  it('are compared alike in whatever order they were seen, and every event of the window has one place', () => {
    const seen = fc.array(
      fc.record({
        side: fc.constantFrom<Side>('bus', 'rocketmq'),
        id: fc.integer({ min: 0, max: 20 }).map(String),
        seconds: fc.integer({ min: -20, max: 80 }),
      }),
    );
    fc.assert(
      fc.property(seen, (all) => {
        const sorted = [...all].sort((one, other) => one.seconds - other.seconds);
        const comparison = new Comparison();
        for (const { side, id, seconds } of sorted) comparison.add(side, at(id, seconds));
        const report = comparison.report({ ...rules, idsMax: 1000 });
        const firsts = new Map<string, number>();
        for (const { id, seconds } of sorted) if (!firsts.has(id)) firsts.set(id, seconds);
        const inWindow = [...firsts.values()].filter((seconds) => seconds >= 0 && seconds <= 60).length;
        expect(report.onBoth + report.missing.bus.events + report.missing.rocketmq.events).toBe(inWindow);
        const isWhole = report.missing.bus.events + report.missing.rocketmq.events === 0;
        if (!isWhole) expect(report.verdict).toBe('different');
        if (report.verdict === 'same') expect(report.onBoth).toBe(inWindow);
      }),
    );
  });
});
