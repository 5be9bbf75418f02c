import { describe, expect, it } from 'vitest';
import {
  type DelayedMessage,
  type DelayedState,
  type DelayedStep,
  delayedKey,
  newDueAtMs,
  reTimeSchema,
  stepDelayed,
} from '../../../lib/core/delay/delayed.ts';
import { delayLeaseSeconds } from '../../../lib/core/delay/limits.ts';
import { bus } from '../../../lib/core/kernel/limits.ts';

const nowMs = Date.parse('2026-01-31T12:00:00Z');
const leaseMs = delayLeaseSeconds * 1000;
const at = (state: DelayedState['state'], dueInMs: number, leaseUntilMs = 0): DelayedState => ({
  state,
  dueAtMs: nowMs + dueInMs,
  revision: 'old',
  leaseUntilMs,
});

const states = {
  none: undefined,
  'waiting, early': at('waiting', 60_000),
  'waiting, due': at('waiting', 0),
  leaving: at('leaving', -5, nowMs + 1),
  'leaving, lease over': at('leaving', -60_000, nowMs),
  left: at('left', -60_000),
  refused: at('refused', -60_000),
  cancelled: at('cancelled', 60_000),
} as const satisfies Record<string, DelayedState | undefined>;
type StateName = keyof typeof states;

const messages = {
  publish: { kind: 'publish', dueAtMs: nowMs + 5000 },
  look: { kind: 'look' },
  routed: { kind: 'routed', revision: 'old' },
  'routed by another': { kind: 'routed', revision: 'other' },
  refused: { kind: 'refused', revision: 'old' },
  'refused by another': { kind: 'refused', revision: 'other' },
  cancel: { kind: 'cancel' },
  're-time': { kind: 're-time', dueAtMs: nowMs + 7000 },
} as const satisfies Record<string, DelayedMessage>;
type MessageName = keyof typeof messages;

const nothing: DelayedStep = { kind: 'nothing' };
const refuse = (code: Extract<DelayedStep, { kind: 'reject' }>['code']): DelayedStep => ({
  kind: 'reject',
  code,
});
const write = (state: DelayedState['state'], dueInMs: number, leaseUntilMs = 0): DelayedStep => ({
  kind: 'write',
  next: { ...at(state, dueInMs, leaseUntilMs), revision: 'new' },
});
const published = write('waiting', 5000);
const reTimed = write('waiting', 7000);
const gone = refuse('event_left');

/** Every state and every message in it. */
const table: Record<StateName, Record<MessageName, DelayedStep>> = {
  none: {
    publish: published,
    look: nothing,
    routed: nothing,
    'routed by another': nothing,
    refused: nothing,
    'refused by another': nothing,
    cancel: refuse('unknown_event'),
    're-time': refuse('unknown_event'),
  },
  'waiting, early': {
    publish: published,
    look: { kind: 'wait', untilMs: nowMs + 60_000 },
    routed: nothing,
    'routed by another': nothing,
    refused: nothing,
    'refused by another': nothing,
    cancel: write('cancelled', 60_000),
    're-time': reTimed,
  },
  'waiting, due': {
    publish: published,
    look: write('leaving', 0, nowMs + leaseMs),
    routed: nothing,
    'routed by another': nothing,
    refused: nothing,
    'refused by another': nothing,
    cancel: write('cancelled', 0),
    're-time': reTimed,
  },
  leaving: {
    publish: published,
    look: { kind: 'leave-alone', untilMs: nowMs + 1 },
    routed: write('left', -5),
    'routed by another': nothing,
    refused: write('refused', -5),
    'refused by another': nothing,
    cancel: gone,
    're-time': gone,
  },
  'leaving, lease over': {
    publish: published,
    look: write('leaving', -60_000, nowMs + leaseMs),
    routed: write('left', -60_000),
    'routed by another': nothing,
    refused: write('refused', -60_000),
    'refused by another': nothing,
    cancel: gone,
    're-time': gone,
  },
  left: {
    publish: published,
    look: nothing,
    routed: nothing,
    'routed by another': nothing,
    refused: nothing,
    'refused by another': nothing,
    cancel: gone,
    're-time': gone,
  },
  refused: {
    publish: published,
    look: nothing,
    routed: nothing,
    'routed by another': nothing,
    refused: nothing,
    'refused by another': nothing,
    cancel: gone,
    're-time': gone,
  },
  cancelled: {
    publish: published,
    look: nothing,
    routed: nothing,
    'routed by another': nothing,
    refused: nothing,
    'refused by another': nothing,
    cancel: nothing,
    're-time': refuse('event_cancelled'),
  },
};

const cases = Object.entries(table).flatMap(([state, row]) =>
  Object.entries(row).map(
    ([message, expected]) => [state as StateName, message as MessageName, expected] as const,
  ),
);

describe('a delayed event', () => {
  it.each(cases)('that is %s, and hears %s', (state, message, expected) => {
    expect(stepDelayed(states[state], messages[message], nowMs, 'new')).toEqual(expected);
  });

  it('is written only under a revision that was never before, so that the loser of a race is refused', () => {
    for (const [state, message] of cases) {
      const step = stepDelayed(states[state], messages[message], nowMs, 'new');
      if (step.kind === 'write') expect(step.next.revision).toBe('new');
    }
  });
});

it('keeps an event once at each target in each of its lifetimes, and all of an id together', () => {
  const event = { target: { topic: 'a' }, source: '/s', id: '1' };
  const others = [
    { ...event, target: { receiver: 'a' } },
    { ...event, target: { topic: 'b' } },
    { ...event, source: '/t' },
    { ...event, acting: { incarnation: 'second' } },
  ];
  expect(delayedKey({ ...event })).toEqual(delayedKey(event));
  const keys = [event, ...others].map(delayedKey);
  expect(new Set(keys.map(({ sk }) => sk)).size).toBe(5);
  expect(new Set(keys.map(({ pk }) => pk)).size).toBe(1);
  expect(delayedKey({ ...event, id: '2' }).pk).not.toBe(keys[0]?.pk);
});

describe('a new time', () => {
  it.each<[object, number | undefined]>([
    [{ delaySeconds: 5 }, 5000],
    [{ delaySeconds: 0 }, 0],
    [{ deliverAt: '2026-01-31T13:00:05+01:00' }, 5000],
    [{ deliverAt: '2020-01-01T00:00:00Z' }, 0],
    [{ deliverAt: '2036-12-31T00:00:00Z' }, undefined],
  ])('%j', (spec, expectedInMs) => {
    const dueAtMs = newDueAtMs(reTimeSchema.parse(spec), nowMs);
    expect(dueAtMs).toBe(expectedInMs === undefined ? undefined : nowMs + expectedInMs);
  });

  it.each([
    {},
    { delaySeconds: 1, deliverAt: '2026-01-31T12:00:00Z' },
    { delaySeconds: -1 },
    { delaySeconds: bus.delaySecondsMax + 1 },
    { deliverAt: 'tomorrow' },
    { deliverAt: '2026-01-31T12:00:00' },
    { at: '2026-01-31T12:00:00Z' },
  ])('is refused: %j', (spec) => expect(reTimeSchema.safeParse(spec).success).toBe(false));
});
