import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  admit,
  type Breaker,
  type BreakerContext,
  type BreakerEvent,
  breakerOf,
  defaultBreaker,
  neverOpened,
  reduceBreaker,
  restAskedFor,
  shouldStopMapping,
  showBreaker,
  weigh,
} from '../../../lib/core/breaker/breaker.ts';
import {
  breakerForcedWaitSeconds,
  breakerPauseSecondsMax,
  breakerProbeSeconds,
  breakerRampStepSeconds,
} from '../../../lib/core/breaker/limits.ts';
import type { Outcome } from '../../../lib/core/deliver/outcome.ts';

const nowMs = Date.parse('2026-01-31T12:00:00Z');
const second = 1000;
const endpoint = 'https://shop.example.com/';
const context: BreakerContext = { policy: defaultBreaker, endpoint, nowMs, random: 0 };

const closed: Breaker = { kind: 'closed', sinceMs: 1, reason: 'the endpoint is back' };
const open: Breaker = {
  kind: 'open',
  sinceMs: nowMs - 90 * second,
  reason: 'all failed',
  endpoint,
  probesFailed: 1,
  nextProbeAtMs: nowMs,
  probingUntilMs: 0,
  mappingStopped: false,
};
const halfOpen: Breaker = {
  kind: 'half-open',
  sinceMs: nowMs - 10 * second,
  reason: 'all failed',
  endpoint,
  probesFailed: 1,
  postsPerBatch: 2,
  steppedAtMs: nowMs - breakerRampStepSeconds * second,
};
const forcedOpen: Breaker = { kind: 'forced-open', sinceMs: 1, reason: 'opened by hand by ops' };
const forcedClosed: Breaker = { kind: 'forced-closed', sinceMs: 1, reason: 'closed by hand by ops' };

const events = {
  bad: { kind: 'counted', counts: { successes: 5, failures: 5 }, cause: 'http-500' },
  began: { kind: 'probe-began' },
  back: { kind: 'probe-succeeded' },
  stillDown: { kind: 'probe-failed', cause: 'timeout' },
  good: { kind: 'batch-ended', counts: { successes: 2, failures: 0 }, cause: '' },
  mixed: { kind: 'batch-ended', counts: { successes: 3, failures: 1 }, cause: 'dns' },
  idle: { kind: 'batch-ended', counts: { successes: 0, failures: 0 }, cause: '' },
  failed: { kind: 'batch-ended', counts: { successes: 1, failures: 1 }, cause: 'dns' },
  stopped: { kind: 'mapping-stopped' },
  forceOpen: { kind: 'forced', to: 'open', by: 'ops' },
  forceClosed: { kind: 'forced', to: 'closed', by: 'ops' },
  giveBack: { kind: 'forced', to: 'auto', by: 'ops' },
} as const satisfies Record<string, BreakerEvent>;
type EventName = keyof typeof events;

/** What changes; `same`: the very same breaker, so that nothing is written. */
const same = 'same';
const table: Readonly<Record<string, readonly [Breaker, Readonly<Record<EventName, object | typeof same>>]>> =
  {
    closed: [
      closed,
      {
        bad: { kind: 'open', sinceMs: nowMs, probesFailed: 0, nextProbeAtMs: nowMs + 30 * second, endpoint },
        began: same,
        back: same,
        stillDown: same,
        good: same,
        mixed: same,
        idle: same,
        failed: same,
        stopped: same,
        forceOpen: { kind: 'forced-open', sinceMs: nowMs, reason: 'opened by hand by ops' },
        forceClosed: { kind: 'forced-closed', sinceMs: nowMs },
        giveBack: same,
      },
    ],
    open: [
      open,
      {
        bad: same,
        began: { kind: 'open', probingUntilMs: nowMs + breakerProbeSeconds * second },
        back: { kind: 'half-open', postsPerBatch: 1, probesFailed: 1, sinceMs: nowMs },
        stillDown: {
          kind: 'open',
          probesFailed: 2,
          nextProbeAtMs: nowMs + 120 * second,
          sinceMs: nowMs - 90 * second,
          probingUntilMs: 0,
        },
        good: same,
        mixed: same,
        idle: same,
        failed: same,
        stopped: { kind: 'open', mappingStopped: true },
        forceOpen: { kind: 'forced-open' },
        forceClosed: { kind: 'forced-closed' },
        giveBack: same,
      },
    ],
    'half-open': [
      halfOpen,
      {
        bad: same,
        began: same,
        back: same,
        stillDown: same,
        good: { kind: 'half-open', postsPerBatch: 4, steppedAtMs: nowMs },
        mixed: { kind: 'half-open', postsPerBatch: 4 },
        idle: same,
        failed: {
          kind: 'open',
          probesFailed: 2,
          nextProbeAtMs: nowMs + 120 * second,
          reason: 'it failed again by dns while half-open',
          mappingStopped: false,
        },
        stopped: same,
        forceOpen: { kind: 'forced-open' },
        forceClosed: { kind: 'forced-closed' },
        giveBack: same,
      },
    ],
    'forced-open': [
      forcedOpen,
      {
        bad: same,
        began: same,
        back: same,
        stillDown: same,
        good: same,
        mixed: same,
        idle: same,
        failed: same,
        stopped: same,
        forceOpen: same,
        forceClosed: { kind: 'forced-closed' },
        giveBack: { kind: 'half-open', postsPerBatch: 1, probesFailed: 0 },
      },
    ],
    'forced-closed': [
      forcedClosed,
      {
        bad: same,
        began: same,
        back: same,
        stillDown: same,
        good: same,
        mixed: same,
        idle: same,
        failed: same,
        stopped: same,
        forceOpen: { kind: 'forced-open' },
        forceClosed: same,
        giveBack: { kind: 'closed', sinceMs: nowMs },
      },
    ],
  };

describe.each(Object.entries(table))('a breaker that is %s', (_, [breaker, reactions]) => {
  it.each(Object.entries(reactions) as [EventName, object | typeof same][])('meets %s', (name, expected) => {
    const after = reduceBreaker(breaker, events[name], context);
    if (expected === same) expect(after).toBe(breaker);
    else expect(after).toMatchObject(expected);
  });
});

describe('a closed breaker opens', () => {
  const kindAfter = (successes: number, failures: number, policy = defaultBreaker) =>
    reduceBreaker(
      closed,
      { kind: 'counted', counts: { successes, failures }, cause: 'http-500' },
      { ...context, policy },
    ).kind;

  it.each<[string, number, number, string]>([
    ['not by nine failures alone', 0, 9, 'closed'],
    ['by ten', 0, 10, 'open'],
    ['not by a few among many', 90, 10, 'closed'],
    ['not below half', 11, 10, 'closed'],
    ['at half', 10, 10, 'open'],
  ])('%s', (_, successes, failures, kind) => {
    expect(kindAfter(successes, failures)).toBe(kind);
  });

  it('by what the receiver chose', () => {
    const policy = { ...defaultBreaker, failureRate: 0.1, minimumAttempts: 1 };
    expect(kindAfter(9, 1, policy)).toBe('open');
    expect(kindAfter(10, 1, policy)).toBe('closed');
    expect(kindAfter(0, 1, policy)).toBe('open');
  });

  it('saying why', () => {
    expect(reduceBreaker(closed, events.bad, context).reason).toBe(
      '5 of 10 attempts within 300 s failed, the last one by http-500',
    );
  });
});

describe('probing', () => {
  it('waits longer after each probe that fails, up to half an hour, and never less for its jitter', () => {
    let breaker = reduceBreaker(closed, events.bad, context);
    const pauses: number[] = [];
    for (let at = 0; at < 9; at++) {
      pauses.push(breaker.kind === 'open' ? (breaker.nextProbeAtMs - nowMs) / second : Number.NaN);
      breaker = reduceBreaker(breaker, events.stillDown, context);
    }
    expect(pauses).toEqual([30, 60, 120, 240, 480, 960, 1800, 1800, 1800]);
    const late = reduceBreaker(closed, events.bad, { ...context, random: 0.999 });
    expect(late).toMatchObject({ nextProbeAtMs: nowMs + 33 * second });
  });

  it('is for one at a time, until it is over or was cut off', () => {
    const probing = reduceBreaker(open, events.began, context);
    expect(reduceBreaker(probing, events.began, context)).toBe(probing);
    const later = { ...context, nowMs: nowMs + breakerProbeSeconds * second };
    expect(reduceBreaker(probing, events.began, later)).not.toBe(probing);
  });

  it('is not before its time', () => {
    const early = { ...open, nextProbeAtMs: nowMs + 1 };
    expect(reduceBreaker(early, events.began, context)).toBe(early);
  });

  it('has polling stopped from the second one that fails on, once', () => {
    const second = reduceBreaker(open, events.stillDown, context);
    expect([open, second].map(shouldStopMapping)).toEqual([false, true]);
    expect(shouldStopMapping(reduceBreaker(second, events.stopped, context))).toBe(false);
  });
});

it('ramps up 1, 2, 4, 8 by time and not by batch, and closes', () => {
  let breaker = reduceBreaker(open, events.back, context);
  const steps: (number | string)[] = [];
  for (let elapsed = 0; breaker.kind !== 'closed'; elapsed += second) {
    if (breaker.kind === 'half-open' && steps.at(-1) !== breaker.postsPerBatch)
      steps.push(breaker.postsPerBatch);
    for (let batch = 0; batch < 10; batch++) {
      breaker = reduceBreaker(breaker, events.good, { ...context, nowMs: nowMs + elapsed });
    }
  }
  expect(steps).toEqual([1, 2, 4, 8]);
  expect(breaker.sinceMs - nowMs).toBe(4 * breakerRampStepSeconds * second);
});

describe('a batch', () => {
  it.each<[string, Breaker, ReturnType<typeof admit>]>([
    ['of a closed breaker goes', closed, { kind: 'all' }],
    ['of one forced closed goes', forcedClosed, { kind: 'all' }],
    ['of one forced open waits', forcedOpen, { kind: 'none', waitSeconds: 900 }],
    [
      'of an open one waits for its probe',
      { ...open, nextProbeAtMs: nowMs + 1500 },
      { kind: 'none', waitSeconds: 2 },
    ],
    ['may probe when it is due', open, { kind: 'probe' }],
    [
      'waits while another probes',
      { ...open, probingUntilMs: nowMs + 60_000 },
      { kind: 'none', waitSeconds: 60 },
    ],
    ['of a half-open one goes in part', halfOpen, { kind: 'some', posts: 2, restWaitsSeconds: 5 }],
  ])('%s', (_, breaker, expected) => {
    expect(admit(breaker, nowMs)).toEqual(expected);
  });
});

it('says nothing about another endpoint, unless it was forced', () => {
  const elsewhere = 'https://new.example.com/';
  expect(breakerOf(undefined, endpoint)).toBe(neverOpened);
  expect(breakerOf(open, endpoint)).toBe(open);
  expect(breakerOf(open, elsewhere)).toBe(neverOpened);
  expect(breakerOf(halfOpen, elsewhere)).toBe(neverOpened);
  expect(breakerOf(forcedOpen, elsewhere)).toBe(forcedOpen);
});

it.each<[string, Outcome]>([
  ['success', { kind: 'answer', status: 200, retryAfter: undefined, response: '' }],
  ['success', { kind: 'answer', status: 422, retryAfter: undefined, response: '' }],
  ['success', { kind: 'answer', status: 429, retryAfter: undefined, response: '' }],
  ['failure', { kind: 'answer', status: 408, retryAfter: undefined, response: '' }],
  ['failure', { kind: 'answer', status: 302, retryAfter: undefined, response: '' }],
  ['failure', { kind: 'answer', status: 503, retryAfter: undefined, response: '' }],
  ['failure', { kind: 'failure', failure: 'dns', message: '' }],
])('weighs as a %s: %j', (weight, outcome) => {
  expect(weigh(outcome)).toBe(weight);
});

describe('an endpoint that asks to be left alone', () => {
  const untilMs = nowMs + 90 * second;
  const throttled = (breaker: Breaker, until = untilMs) =>
    reduceBreaker(breaker, { kind: 'throttled', untilMs: until }, context);

  it.each<[string, Breaker]>([
    ['closed', closed],
    ['half-open', halfOpen],
  ])('is, while the breaker is %s, and not a moment longer', (_, breaker) => {
    const resting = throttled(breaker);
    expect(admit(resting, nowMs)).toEqual({ kind: 'none', waitSeconds: 90 });
    expect(admit(resting, untilMs - 1)).toEqual({ kind: 'none', waitSeconds: 1 });
    expect(admit(resting, untilMs)).toEqual(admit(breaker, untilMs));
  });

  it.each<[string, Breaker]>([
    ['open', open],
    ['forced open', forcedOpen],
    ['forced closed', forcedClosed],
  ])('changes nothing when the breaker is %s', (_, breaker) => {
    expect(throttled(breaker)).toBe(breaker);
  });

  it('asks for longer, and never for shorter', () => {
    const resting = throttled(closed);
    expect(throttled(resting, untilMs - 1)).toBe(resting);
    expect(admit(throttled(resting, untilMs + second), untilMs)).toEqual({ kind: 'none', waitSeconds: 1 });
  });

  it('is looked at again at the latest after a quarter of an hour, should somebody force it meanwhile', () => {
    expect(admit(throttled(closed, nowMs + 86_400 * second), nowMs)).toEqual({
      kind: 'none',
      waitSeconds: breakerForcedWaitSeconds,
    });
  });

  it('asks for itself alone', () => {
    expect(breakerOf(throttled(closed), endpoint)).toHaveProperty('rest');
    expect(breakerOf(throttled(closed), 'https://other.example.com/')).toEqual(closed);
  });

  it('may fail all the same, which opens the breaker', () => {
    expect(reduceBreaker(throttled(closed), events.bad, context).kind).toBe('open');
  });

  it.each<[string | undefined, number, number | undefined]>([
    ['90', 429, untilMs],
    ['Sat, 31 Jan 2026 12:01:30 GMT', 429, untilMs],
    ['0', 429, undefined],
    ['soon', 429, undefined],
    [undefined, 429, undefined],
    // What is not available is for the failure rate to judge.
    ['90', 503, undefined],
  ])('does so by Retry-After: %j with %i', (retryAfter, status, expected) => {
    expect(restAskedFor({ kind: 'answer', status, retryAfter, response: '' }, nowMs)).toBe(expected);
  });
});

it('is shown with its state, since when, why, and when it is probed next', () => {
  expect(showBreaker(neverOpened, 0)).toEqual({ state: 'closed', forced: false });
  expect(showBreaker(open, 0)).toEqual({
    state: 'open',
    forced: false,
    since: '2026-01-31T11:58:30.000Z',
    reason: 'all failed',
    nextProbeAt: '2026-01-31T12:00:00.000Z',
  });
  expect(showBreaker(forcedOpen, 0)).toMatchObject({ state: 'open', forced: true });
  expect(showBreaker(forcedClosed, 0)).toMatchObject({ state: 'closed', forced: true });
});

it('is always probed again, whatever happens: no open breaker without a time within reach', () => {
  const event = fc.constantFrom(...Object.values(events).filter(({ kind }) => kind !== 'forced'));
  const step = fc.tuple(event, fc.integer({ min: 0, max: 3600 }));
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 60 }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (steps, random) => {
        let breaker: Breaker = neverOpened;
        let now = nowMs;
        for (const [each, seconds] of steps) {
          now += seconds * second;
          breaker = reduceBreaker(breaker, each, { ...context, nowMs: now, random });
          if (breaker.kind !== 'open') continue;
          const waitMs = Math.max(breaker.nextProbeAtMs, breaker.probingUntilMs) - now;
          expect(waitMs).toBeLessThanOrEqual(breakerPauseSecondsMax * 1.1 * second + second);
        }
      },
    ),
  );
});
