import { describe, expect, it } from 'vitest';
import { offloadCacheSeconds } from '../../../lib/core/deliver/limits.ts';
import {
  enteredAtMs,
  floodingType,
  hotTypesMax,
  isSplit,
  movedMessage,
  nothingObserved,
  type Observed,
  type Offload,
  type OffloadEvent,
  observe,
  placeOf,
  reduceOffload,
  showOffload,
  wasReceivedBefore,
} from '../../../lib/core/deliver/offload.ts';
import { bus } from '../../../lib/core/kernel/limits.ts';

const nowMs = 1_800_000_000_000;
const second = 1000;
const minute = 60 * second;

const hot = { sinceMs: nowMs - 10 * minute };
const states = {
  closed: undefined,
  hot: { hot: { a: hot } },
  calm: { hot: { a: hot }, calmSinceMs: nowMs - minute },
  calmJustNow: { hot: { a: hot }, calmSinceMs: nowMs - second },
  cooling: { hot: { a: { ...hot, untilMs: nowMs + 20 * second } } },
  cooled: { hot: { a: { ...hot, untilMs: nowMs - second } } },
  open: { hot: {} },
  empty: { hot: {}, emptySinceMs: nowMs - minute },
  emptyJustNow: { hot: {}, emptySinceMs: nowMs - second },
  closing: { hot: {}, closing: true },
} satisfies Record<string, Offload | undefined>;

const events = {
  sameFloods: { kind: 'flooded', type: 'a' },
  otherFloods: { kind: 'flooded', type: 'b' },
  waiting: { kind: 'counted', ready: 500, inAll: 900 },
  keepsUp: { kind: 'counted', ready: 3, inAll: 12 },
  none: { kind: 'counted', ready: 0, inAll: 0 },
} satisfies Record<string, OffloadEvent>;

const untilMs = nowMs + (offloadCacheSeconds + 1 + bus.endpointTimeoutSecondsMax) * second;
const fresh = { sinceMs: nowMs };
const same = Symbol('the very same');

/** Every state and every event in it. */
const table: Record<keyof typeof states, Record<keyof typeof events, Offload | undefined | typeof same>> = {
  closed: {
    sameFloods: { hot: { a: fresh } },
    otherFloods: { hot: { b: fresh } },
    waiting: undefined,
    keepsUp: undefined,
    none: undefined,
  },
  hot: {
    sameFloods: same,
    otherFloods: { hot: { a: hot, b: fresh } },
    waiting: same,
    keepsUp: { hot: { a: hot }, calmSinceMs: nowMs },
    none: { hot: { a: hot }, calmSinceMs: nowMs },
  },
  calm: {
    sameFloods: same,
    otherFloods: { hot: { a: hot, b: fresh } },
    waiting: { hot: { a: hot } },
    keepsUp: { hot: { a: { ...hot, untilMs } } },
    none: { hot: { a: { ...hot, untilMs } } },
  },
  calmJustNow: {
    sameFloods: same,
    otherFloods: { hot: { a: hot, b: fresh } },
    waiting: { hot: { a: hot } },
    keepsUp: same,
    none: same,
  },
  cooling: {
    sameFloods: same,
    otherFloods: { hot: { a: states.cooling.hot.a, b: fresh } },
    waiting: same,
    keepsUp: same,
    none: same,
  },
  cooled: {
    sameFloods: { hot: { a: fresh } },
    otherFloods: { hot: { b: fresh } },
    waiting: { hot: {} },
    keepsUp: { hot: {} },
    none: { hot: {}, emptySinceMs: nowMs },
  },
  open: {
    sameFloods: { hot: { a: fresh } },
    otherFloods: { hot: { b: fresh } },
    waiting: same,
    keepsUp: same,
    none: { hot: {}, emptySinceMs: nowMs },
  },
  empty: {
    sameFloods: { hot: { a: fresh } },
    otherFloods: { hot: { b: fresh } },
    waiting: { hot: {} },
    keepsUp: { hot: {} },
    none: { hot: {}, closing: true },
  },
  closing: {
    sameFloods: { hot: { a: fresh } },
    otherFloods: { hot: { b: fresh } },
    waiting: { hot: {} },
    keepsUp: { hot: {} },
    none: same,
  },
  emptyJustNow: {
    sameFloods: { hot: { a: fresh } },
    otherFloods: { hot: { b: fresh } },
    waiting: { hot: {} },
    keepsUp: { hot: {} },
    none: same,
  },
};

describe('the hot types of a receiver', () => {
  for (const [state, row] of Object.entries(table)) {
    for (const [event, expected] of Object.entries(row)) {
      it(`when ${state}, after ${event}`, () => {
        const before: Offload | undefined = states[state as keyof typeof states];
        const after = reduceOffload(before, events[event as keyof typeof events], nowMs);
        if (expected === same) expect(after).toBe(before);
        else expect(after).toEqual(expected);
      });
    }
  }

  it('are no more than a row can hold', () => {
    const many = Object.fromEntries(Array.from({ length: hotTypesMax }, (_, at) => [`t${at}`, hot]));
    const before = { hot: many };
    expect(reduceOffload(before, events.sameFloods, nowMs)).toBe(before);
  });

  it('are shown while they are hot, with the posts that are left to them', () => {
    const receiver = { limits: { concurrency: 20, perType: 5 } };
    expect(showOffload(states.hot, receiver, nowMs)).toEqual({
      hotTypes: [{ type: 'a', since: new Date(hot.sinceMs).toISOString() }],
      concurrency: 5,
    });
    expect(showOffload(states.cooled, receiver, nowMs)).toBeUndefined();
    expect(showOffload(undefined, receiver, nowMs)).toBeUndefined();
  });
});

describe('the place of a message', () => {
  const at = (offload: Offload | undefined, ms: number) => ({
    online: placeOf(offload, 'online', 'a', ms),
    offline: placeOf(offload, 'offline', 'a', ms),
    split: isSplit(offload, ms),
  });
  const stays = { kind: 'stays' };
  const toOffline = { kind: 'moves', to: 'offline' };
  const toOnline = { kind: 'moves', to: 'online' };

  it('is the online lane for what is not hot', () => {
    expect(at(undefined, nowMs)).toEqual({ online: stays, offline: toOnline, split: false });
    expect(placeOf(states.hot, 'online', 'b', nowMs)).toEqual(stays);
    expect(placeOf(states.hot, 'offline', 'b', nowMs)).toEqual(toOnline);
  });

  it('is the offline lane for what is hot, which begins when every batch of the online lane knows', () => {
    const offload = { hot: { a: { sinceMs: nowMs } } };
    expect(at(offload, nowMs)).toEqual({
      online: toOffline,
      offline: { kind: 'waits', waitSeconds: 6 },
      split: true,
    });
    expect(at(offload, nowMs + 6 * second)).toEqual({ online: toOffline, offline: stays, split: true });
  });

  it('is the online lane again only when no post of the offline lane can be under way', () => {
    const offload = { hot: { a: { sinceMs: nowMs - minute, untilMs } } };
    const lastPostMs = untilMs - bus.endpointTimeoutSecondsMax * second;
    expect(at(offload, lastPostMs)).toMatchObject({ online: toOffline, offline: stays });
    expect(at(offload, lastPostMs + second)).toEqual({
      online: toOffline,
      offline: { kind: 'waits', waitSeconds: bus.endpointTimeoutSecondsMax - 1 },
      split: true,
    });
    expect(at(offload, untilMs)).toEqual({ online: stays, offline: toOnline, split: false });
  });
});

describe('a message that moves', () => {
  const message = {
    body: '{}',
    attributes: { type: 'order placed', source: '/s' },
    receives: 1,
    sentAtMs: nowMs,
  };
  const received = (moved: ReturnType<typeof movedMessage>) => ({
    ...message,
    attributes: moved.attributes,
    sentAtMs: nowMs + minute,
  });

  it('remembers when it entered its first lane, over several moves', () => {
    const there = received(movedMessage(message));
    expect(enteredAtMs(there)).toBe(nowMs);
    expect(enteredAtMs(received(movedMessage(there)))).toBe(nowMs);
    expect(enteredAtMs(message)).toBe(nowMs);
  });

  it('remembers whether it was received before, so that its attempts are counted on', () => {
    expect(wasReceivedBefore(received(movedMessage(message)))).toBe(false);
    const retried = received(movedMessage({ ...message, receives: 3 }));
    expect(wasReceivedBefore(retried)).toBe(true);
    expect(wasReceivedBefore(received(movedMessage(retried)))).toBe(true);
  });

  it('keeps its attributes and its group', () => {
    expect(movedMessage(message)).toMatchObject({
      body: '{}',
      attributes: { type: 'order placed', source: '/s' },
      group: expect.stringMatching(/^[!-~]{1,128}$/),
    });
  });
});

describe('a flood', () => {
  const batch = (busyMs: Record<string, number>, more: object = {}) => ({
    endedMs: nowMs,
    durationMs: 1500,
    busyMs: new Map(Object.entries(busyMs)),
    messages: 10,
    waitedMs: 5 * second,
    ...more,
  });
  const seen = (...batches: ReturnType<typeof batch>[]): Observed => batches.reduce(observe, nothingObserved);
  const flood = batch({ a: 990, b: 10 });

  it('is a type that takes over four fifths of the posts while others wait with it', () => {
    expect(floodingType(seen(flood, flood), {})).toBe('a');
  });

  it('is a type that takes more than its share, where the receiver sets one', () => {
    const half = batch({ a: 500, b: 250, c: 250 });
    expect(floodingType(seen(half, half), {})).toBeUndefined();
    expect(floodingType(seen(half, half), { limits: { concurrency: 10, perType: 4 } })).toBe('a');
    expect(floodingType(seen(half, half), { limits: { concurrency: 10, perType: 6 } })).toBeUndefined();
  });

  it('is a type that is slow, too, however few its events are', () => {
    const slow = batch({ a: 15_000, b: 40 }, { durationMs: 15_000 });
    expect(floodingType(seen(slow), {})).toBe('a');
  });

  it('is none when', () => {
    const none = {
      'there is no other type': [batch({ a: 1000 }), batch({ a: 1000 })],
      'little was seen': [flood],
      'nothing waits': [flood, flood].map((each) => ({ ...each, waitedMs: 100 })),
      'batches are small': [flood, flood].map((each) => ({ ...each, messages: 3 })),
      'it is long ago': [
        { ...flood, endedMs: nowMs - 20 * second },
        { ...flood, endedMs: nowMs - 15 * second },
        batch({ a: 1 }, { messages: 1 }),
      ],
    };
    for (const [why, batches] of Object.entries(none)) {
      expect(floodingType(seen(...batches), {}), why).toBeUndefined();
    }
  });

  it('counts types that were seen minutes ago as being there', () => {
    const other = batch({ b: 1 }, { endedMs: nowMs - 4 * minute, messages: 1 });
    const alone = batch({ a: 1000 });
    expect(floodingType(seen(other, alone, alone), {})).toBe('a');
  });
});
