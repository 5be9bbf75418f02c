import { describe, expect, it } from 'vitest';
import {
  type Hold,
  type HoldMessage,
  holdAction,
  holdMarginMs,
  nextRoundMs,
  roundOf,
  showHold,
  stepHold,
} from '../../../lib/core/hold/hold.ts';
import { releaseRoundEvents } from '../../../lib/core/hold/limits.ts';
import { holdRuleSchema, judgeRule } from '../../../lib/core/hold/rule.ts';
import { bus } from '../../../lib/core/kernel/limits.ts';
import { parseSpec } from '../../../lib/core/kernel/spec.ts';
import { topicSchema } from '../../../lib/core/registry/topic.ts';
import { refusalOf } from '../refusal.ts';

const nowMs = Date.parse('2026-01-01T00:00:00.000Z');
const worker = 'w1';

const base: Hold = {
  topic: 'orders',
  id: 'h1',
  state: 'holding',
  by: 'hand',
  application: 'shop',
  since: '2025-12-31T23:00:00.000Z',
  fromMs: nowMs - 3_000_000,
  released: 5,
  nextSendAtMs: 0,
  leaseUntilMs: 0,
  gateUntilMs: 0,
};
const releasing: Hold = {
  ...base,
  state: 'releasing',
  releasedBy: 'hand',
  worker,
  leaseUntilMs: nowMs + 1000,
};

/** Every state that a hold can be in, as far as messages tell them apart. */
const holds = {
  none: undefined,
  'holding by hand': base,
  'holding by rule': { ...base, by: 'rule' },
  'releasing by hand': releasing,
  'releasing by rule': { ...releasing, by: 'rule', releasedBy: 'rule' },
  'releasing, lost': { ...releasing, leaseUntilMs: nowMs - 1 },
  closing: { ...releasing, state: 'closing', gateUntilMs: nowMs + 5000 },
  'closing too long': { ...releasing, state: 'closing', gateUntilMs: nowMs },
  released: { ...base, state: 'released', releasedAt: '2025-12-31T23:59:00.000Z' },
} satisfies Record<string, Hold | undefined>;

const messages = {
  'hold by hand': { kind: 'hold', by: 'hand', application: 'shop' },
  'hold by rule': { kind: 'hold', by: 'rule', reason: 'peak' },
  'release by hand': { kind: 'release', by: 'hand' },
  'release by rule': { kind: 'release', by: 'rule' },
  'take by worker': { kind: 'take', worker },
  'take by another': { kind: 'take', worker: 'w2' },
  sent: { kind: 'sent', worker, count: 3, nextSendAtMs: nowMs },
  'sent by another': { kind: 'sent', worker: 'w2', count: 3, nextSendAtMs: nowMs },
  drained: { kind: 'drained', worker },
  over: { kind: 'over', worker },
  'over by another': { kind: 'over', worker: 'w2' },
  'reopen by worker': { kind: 'reopen', worker },
  'reopen by publisher': { kind: 'reopen' },
  leave: { kind: 'leave', worker },
} satisfies Record<string, HoldMessage>;

/** What follows, in a word: `-` nothing, `!` refused, else the state of the hold; `+` a new hold. */
type Row = readonly string[];
const table: Readonly<Record<keyof typeof messages, Row>> = {
  //                     none        by hand      by rule      rel. hand    rel. rule    lost         closing      too long     released
  'hold by hand': [
    '+holding',
    '-',
    'holding',
    'holding',
    'holding',
    'holding',
    'holding',
    'holding',
    '+holding',
  ],
  'hold by rule': ['+holding', '-', '-', '-', 'holding', '-', '-', '-', '+holding'],
  'release by hand': ['!', 'releasing', 'releasing', 'releasing', 'releasing', 'releasing', '-', '-', '-'],
  'release by rule': ['!', '-', 'releasing', '-', '-', '-', '-', '-', '-'],
  'take by worker': ['-', '-', '-', 'releasing', 'releasing', 'releasing', 'releasing', 'releasing', '-'],
  'take by another': ['-', '-', '-', '-', '-', 'releasing', '-', '-', '-'],
  sent: ['-', '-', '-', 'releasing', 'releasing', 'releasing', 'closing', 'closing', '-'],
  'sent by another': ['-', '-', '-', '-', '-', '-', '-', '-', '-'],
  drained: ['-', '-', '-', 'closing', 'closing', 'closing', '-', '-', '-'],
  over: ['-', '-', '-', '-', '-', '-', 'released', 'released', '-'],
  'over by another': ['-', '-', '-', '-', '-', '-', '-', '-', '-'],
  'reopen by worker': ['-', '-', '-', '-', '-', '-', 'releasing', 'releasing', '-'],
  'reopen by publisher': ['-', '-', '-', '-', '-', '-', '-', 'releasing', '-'],
  leave: ['-', '-', '-', 'releasing', 'releasing', 'releasing', 'releasing', 'releasing', '-'],
};

const names = Object.keys(holds) as (keyof typeof holds)[];
const cases = (Object.keys(table) as (keyof typeof messages)[]).flatMap((message) =>
  names.map((state, at) => ({ message, state, expected: table[message][at] })),
);

const step = (hold: Hold | undefined, message: HoldMessage) => stepHold('orders', hold, message, nowMs, 'h2');
const changed = (hold: Hold | undefined, message: HoldMessage): Hold => {
  const result = step(hold, message);
  if (result.kind !== 'change') throw new Error(`It was ${result.kind}.`);
  return result.to;
};

describe('a hold', () => {
  it.each(cases)('that is $state answers $message with $expected', ({ message, state, expected }) => {
    const result = step(holds[state], messages[message]);
    const word =
      result.kind === 'none'
        ? '-'
        : result.kind === 'reject'
          ? '!'
          : `${result.to.id === 'h2' ? '+' : ''}${result.to.state}`;
    expect(word).toBe(expected);
  });

  it('begins when every publisher has read its topic anew', () => {
    const hold = changed(undefined, messages['hold by hand']);
    expect(hold.fromMs).toBe(nowMs + bus.topicCacheSecondsMax * 1000 + holdMarginMs);
    expect(holdAction(hold, hold.fromMs - 1)).toBe('route');
    expect(holdAction(hold, hold.fromMs)).toBe('store');
  });

  it('has publishers store until it closes, wait then, and route when it is over', () => {
    expect(names.map((name) => holdAction(holds[name], nowMs))).toEqual([
      'route',
      'store',
      'store',
      'store',
      'store',
      'store',
      'wait',
      'wait',
      'route',
    ]);
  });

  it('that is stopped keeps who is sending, so that nobody else begins before that ended', () => {
    const stopped = changed(releasing, messages['hold by hand']);
    expect(stopped).toMatchObject({
      worker,
      leaseUntilMs: releasing.leaseUntilMs,
      since: base.since,
      released: 5,
    });
    // What was under way is counted all the same.
    const released = changed(stopped, messages['release by hand']);
    expect(step(released, messages['take by another']).kind).toBe('none');
    expect(changed(stopped, messages.sent).released).toBe(8);
    expect(changed(stopped, messages.leave)).toMatchObject({ state: 'holding', leaseUntilMs: 0 });
  });

  it('is taken over from its rule by hand, and then is not released by it', () => {
    const taken = changed(holds['holding by rule'], { kind: 'hold', by: 'hand', reason: 'maintenance' });
    expect(taken).toMatchObject({ by: 'hand', reason: 'maintenance', id: 'h1' });
    expect(step(taken, messages['release by rule']).kind).toBe('none');
  });

  it('counts what it released, and tells its trouble until it is over', () => {
    const inTrouble = changed(releasing, { ...messages.sent, trouble: 'Throttled' });
    expect(inTrouble).toMatchObject({ released: 8, trouble: 'Throttled' });
    expect(changed(inTrouble, messages.sent)).not.toHaveProperty('trouble');
  });

  it('changes the rate of a release that is asked for again, and forgets it when none is given', () => {
    const slow = changed(releasing, { kind: 'release', by: 'hand', perSecond: 2 });
    expect(slow.perSecond).toBe(2);
    expect(changed(slow, messages['release by hand'])).not.toHaveProperty('perSecond');
  });

  it('shows how many events it has, and nothing of how it works', () => {
    const shown = showHold(holds.closing, { stored: 20, sent: 1, dropped: 2 });
    expect(shown).toEqual({
      topic: 'orders',
      state: 'releasing',
      by: 'hand',
      application: 'shop',
      since: base.since,
      releasedBy: 'hand',
      held: 12,
      released: 5,
      sentByHand: 1,
      dropped: 2,
    });
    expect(showHold(base, { stored: 3, sent: 0, dropped: 0 }).held).toBe(0);
  });
});

describe('the rate of a release', () => {
  it('sends a second’s share at a time, and makes up for one second at most', () => {
    expect(roundOf(releasing)).toBe(releaseRoundEvents);
    expect(roundOf({ ...releasing, perSecond: 0.5 })).toBe(1);
    expect(roundOf({ ...releasing, perSecond: 25.9 })).toBe(25);
    expect(nextRoundMs({ ...releasing, perSecond: 10, nextSendAtMs: nowMs }, 10, nowMs + 300)).toBe(
      nowMs + 1000,
    );
    expect(nextRoundMs({ ...releasing, perSecond: 10, nextSendAtMs: nowMs - 60_000 }, 10, nowMs)).toBe(nowMs);
  });
});

describe('a hold rule', () => {
  const rule = holdRuleSchema.parse({ backlogEvents: 1000, backlogSeconds: 60 });
  const backlog = (backlogEvents: number, backlogSeconds: number, receiver = 'billing') => ({
    receiver,
    backlogEvents,
    backlogSeconds,
  });

  it.each([
    [[], 'release'],
    [[backlog(0, 0)], 'release'],
    [[backlog(499, 29)], 'release'],
    [[backlog(500, 0)], 'leave'],
    [[backlog(0, 30)], 'leave'],
    [[backlog(999, 59)], 'leave'],
    [[backlog(1000, 0)], 'hold'],
    [[backlog(0, 60)], 'hold'],
    [[backlog(0, 0), backlog(5000, 0, 'mail')], 'hold'],
  ])('of %j says %s', (backlogs, expected) => {
    expect(judgeRule(rule, backlogs).kind).toBe(expected);
  });

  it('names the receiver that lags behind, and the line', () => {
    expect(judgeRule(rule, [backlog(1, 0), backlog(1, 75.5, 'mail')])).toEqual({
      kind: 'hold',
      reason: 'An event has waited for mail for 75 s; the rule holds from 60 s.',
    });
  });

  it('releases below the lines it is given', () => {
    const own = holdRuleSchema.parse({ backlogEvents: 1000, releaseBelow: { backlogEvents: 10 } });
    expect(judgeRule(own, [backlog(10, 900)]).kind).toBe('leave');
    expect(judgeRule(own, [backlog(9, 900)]).kind).toBe('release');
  });

  it.each([
    [{}, 'holdWhen'],
    [{ backlogEvents: 0 }, 'holdWhen.backlogEvents'],
    [{ backlogEvents: 10, releaseBelow: { backlogEvents: 10 } }, 'holdWhen.releaseBelow.backlogEvents'],
    [{ backlogEvents: 10, releaseBelow: { backlogSeconds: 1 } }, 'holdWhen.releaseBelow.backlogSeconds'],
    [{ backlogEvents: 10, perSecond: 0 }, 'holdWhen.perSecond'],
    [{ backlog: 10 }, 'holdWhen.backlog'],
  ])('that is %j is refused at %s', (holdWhen, path) => {
    const { code, fields } = refusalOf(() => parseSpec(topicSchema, { holdWhen }));
    expect(code).toBe('invalid_request');
    expect(fields.map((field) => field.path)).toContain(path);
  });
});
