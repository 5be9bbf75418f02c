import { describe, expect, it } from 'vitest';
import type { ShownBreaker } from '../../../lib/core/breaker/breaker.ts';
import type { DeliveryRecord } from '../../../lib/core/deliver/delivery.ts';
import type { TraceMode } from '../../../lib/core/event/trace-mode.ts';
import type { Receiver } from '../../../lib/core/registry/receiver.ts';
import { occurrencesOf, type Sighting } from '../../../lib/core/why/occurrence.ts';
import { type PublishedEvent, packPublished } from '../../../lib/core/why/trace.ts';
import { fateOf, receiversOf } from '../../../lib/core/why/why.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const publishedAtMs = nowMs - 1000;
const at = (ms: number) => new Date(ms).toISOString();
const receiver = (state: Receiver['state']) => ({ receiver: 'billing', owner: 'shop', state }) as Receiver;
const event: PublishedEvent = { id: '1', source: '/s', type: 't', refusals: {} };
const rows = (fields: Partial<PublishedEvent> = {}, receivers = ['billing']) =>
  packPublished(publishedAtMs, { topic: 'orders' }, receivers, [{ ...event, ...fields }]);
const failing: Sighting = {
  kind: 'failing',
  id: '1',
  source: '/s',
  type: 't',
  topic: 'orders',
  receiver: 'billing',
  deliveryId: 'dlv_1',
  atMs: nowMs,
};
const record = (fields: Partial<DeliveryRecord>): DeliveryRecord => ({
  deliveryId: 'dlv_1',
  receiver: 'billing',
  state: 'retrying',
  attempts: 1,
  firstAttemptAtMs: nowMs,
  lastAttemptAtMs: nowMs,
  nextAttemptAtMs: nowMs + 5000,
  cause: 'http-500',
  detail: '',
  history: [{ attempt: 1, atMs: nowMs, latencyMs: 7, lane: 'offline', status: 500, detail: 'no' }],
  ...fields,
});

interface Case {
  readonly traced?: ReturnType<typeof rows>;
  readonly sightings?: readonly Sighting[];
  readonly record?: DeliveryRecord;
  readonly known?: Receiver | null;
  readonly trace?: TraceMode;
  readonly filtered?: boolean;
  readonly isSubscribed?: boolean;
  readonly changesMs?: readonly number[];
  readonly breaker?: ShownBreaker;
}

function fate({
  traced = [],
  sightings = [],
  record: kept,
  known,
  trace = 'failures',
  filtered = true,
  isSubscribed = true,
  changesMs = [],
  breaker,
}: Case) {
  const [occurrence] = occurrencesOf('1', undefined, traced, sightings);
  if (occurrence === undefined) throw new Error('nothing is known');
  return fateOf(occurrence, 'billing', kept, {
    nowMs,
    trace,
    lane: 'online',
    subscribed: isSubscribed ? [{ receiver: 'billing', filtered, sinceMs: 0, changesMs }] : [],
    receivers: new Map(known === null ? [] : [['billing', known ?? receiver('active')]]),
    breakers: new Map(breaker === undefined ? [] : [['billing', breaker]]),
  });
}

describe('the fate of an event at a receiver', () => {
  it.each<[string, Case, object]>([
    [
      'is not known, when its subscription has ended',
      { traced: rows(), isSubscribed: false },
      { state: 'unknown', note: expect.stringContaining('its subscription has ended since') },
    ],
    [
      'is not known, when the filter was changed before and AWS may have used either',
      { traced: rows(), changesMs: [publishedAtMs - 60_000] },
      { matched: 'unknown', state: 'unknown', note: expect.stringContaining('its filter was changed at') },
    ],
    [
      'is known, when the filter was changed long before or only later',
      { traced: rows(), changesMs: [publishedAtMs - 16 * 60_000, publishedAtMs + 1] },
      { matched: true, state: 'accepted' },
    ],
    ['is accepted, before its first attempt', { traced: rows() }, { matched: true, state: 'accepted' }],
    [
      'is parked, while the receiver is disabled',
      { traced: rows(), known: receiver('disabled') },
      { state: 'parked', note: 'the receiver is disabled' },
    ],
    [
      'is parked, while the receiver is paused',
      { traced: rows(), known: receiver('paused') },
      { state: 'parked', note: 'the receiver is paused' },
    ],
    [
      'is skipped, when it was published before the point of a skip',
      { traced: rows(), known: { ...receiver('active'), skip: { before: at(nowMs - 500), at: at(nowMs) } } },
      { state: 'skipped' },
    ],
    [
      'is accepted, when it was published after that point',
      { traced: rows(), known: { ...receiver('active'), skip: { before: at(nowMs - 2000), at: at(nowMs) } } },
      { state: 'accepted' },
    ],
    [
      'is skipped, when it failed before that point',
      {
        sightings: [failing],
        record: record({}),
        known: { ...receiver('active'), skip: { before: at(nowMs + 1), at: at(nowMs + 1) } },
      },
      { state: 'skipped' },
    ],
    [
      'is scheduled, until it is due',
      { traced: rows({ dueAtMs: nowMs + 9000 }) },
      { state: 'scheduled', nextAttemptAt: at(nowMs + 9000) },
    ],
    ['is accepted, once it was due', { traced: rows({ dueAtMs: nowMs - 500 }) }, { state: 'accepted' }],
    [
      'is unknown, when the receiver was deleted',
      { traced: rows(), known: null },
      { state: 'unknown', note: 'the receiver was deleted' },
    ],
    [
      'is retrying, until the next attempt is due',
      { sightings: [failing], record: record({}) },
      {
        state: 'retrying',
        lane: 'offline',
        nextAttemptAt: at(nowMs + 5000),
        attempts: [{ attempt: 1, at: at(nowMs), status: 500, latencyMs: 7, lane: 'offline', detail: 'no' }],
      },
    ],
    [
      'is delivering, when the next attempt is due',
      { sightings: [failing], record: record({ nextAttemptAtMs: nowMs }) },
      { state: 'delivering' },
    ],
    [
      'is parked, when it failed and the receiver is disabled since',
      { sightings: [failing], record: record({}), known: receiver('disabled') },
      { state: 'parked' },
    ],
    ['is dead', { sightings: [failing], record: record({ state: 'dead' }) }, { state: 'dead' }],
    [
      'is that of its record, also where the filter that is traced refused: it was put there by hand',
      {
        traced: rows({ refusals: { billing: [{ key: 'type', condition: ['x'], because: 'different' }] } }),
        record: record({ state: 'delivered' }),
      },
      { matched: true, state: 'delivered' },
    ],
    [
      'names how many attempts there were, when not all are recorded',
      { sightings: [failing], record: record({ attempts: 3 }) },
      { attemptCount: 3, note: '1 of 3 attempts are recorded' },
    ],
    [
      'is not known without a trace: the subscription as it is now may have been another then',
      { sightings: [{ ...failing, receiver: 'other' }], filtered: true },
      {
        matched: 'unknown',
        state: 'unknown',
        note: 'not recorded: the trace of the topic orders is failures; there is no record of a failed attempt',
      },
    ],
    [
      'is unknown, when it failed and its record could not be written',
      { sightings: [failing] },
      { matched: true, state: 'unknown', note: 'it failed, but its record is missing' },
    ],
    [
      'is taken to have matched, where there is no filter',
      { sightings: [{ ...failing, receiver: 'other' }], filtered: false },
      { matched: true, state: 'unknown' },
    ],
  ])('%s', (_, given, expected) => {
    expect(fate(given)).toMatchObject(expected);
  });

  it('has no state when the filter refused', () => {
    const refusal = { key: 'type', condition: ['x'], because: 'different' } as const;
    const refused = fate({ traced: rows({ refusals: { billing: [refusal] } }) });
    expect(refused).toMatchObject({ matched: false, refusedBy: [refusal], attempts: [] });
    expect(refused).not.toHaveProperty('state');
  });
});

describe('what is known of an id', () => {
  it('is distinguished by source and target', () => {
    const known = occurrencesOf(
      '1',
      undefined,
      [...rows(), ...rows({ source: '/other' })],
      [
        { ...failing, topic: undefined },
        { ...failing, id: '2' },
      ],
    );
    expect(known.map(({ source, target }) => [source, target])).toEqual([
      ['/s', { topic: 'orders' }],
      ['/other', { topic: 'orders' }],
      ['/s', { receiver: 'billing' }],
    ]);
    expect(occurrencesOf('1', '/other', [...rows(), ...rows({ source: '/other' })], [])).toHaveLength(1);
  });

  it('names who was subscribed at the publish, and who got it all the same', () => {
    const [occurrence] = occurrencesOf('1', undefined, rows(), [{ ...failing, receiver: 'by-hand' }]);
    if (occurrence === undefined) throw new Error('nothing is known');
    const made = (receiver: string, sinceMs: number) => ({
      receiver,
      filtered: false,
      sinceMs,
      changesMs: [],
    });
    const atMs = occurrence.published.at(-1)?.atMs ?? 0;
    const subscribed = [
      made('later', atMs + 1),
      made('before', atMs - 5000),
      made('just-before', atMs - 4999),
    ];
    expect(receiversOf(occurrence, { subscribed })).toEqual(['billing', 'by-hand', 'just-before']);
  });
});
