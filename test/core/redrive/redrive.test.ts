import { describe, expect, it } from 'vitest';
import { type DeliveryRecord, deliveryIdOf } from '../../../lib/core/deliver/delivery.ts';
import { clusters, type DeadLetter, readDeadLetter } from '../../../lib/core/redrive/dead-letter.ts';
import {
  anew,
  batchOf,
  judgeCanary,
  mayReplace,
  newRedrive,
  nextSendMs,
  type Redrive,
  selects,
  showRedrive,
} from '../../../lib/core/redrive/redrive.ts';
import { isSkipped, skipOf } from '../../../lib/core/registry/flow.ts';

const nowMs = Date.parse('2026-01-01T12:00:00Z');
const event = { specversion: '1.0', id: '1', source: '/s', type: 't' };
const message = (attributes: Record<string, string>, body = JSON.stringify(event)) => ({
  messageId: 'm1',
  body,
  attributes,
  sentAtMs: nowMs,
});

describe('a message of a dead-letter queue', () => {
  it('that the bus moved there explains itself', () => {
    const { letter, content } = readDeadLetter(
      'shop',
      message({
        'busbar-topic': 'orders',
        'busbar-delivery-id': 'dlv_x',
        'busbar-cause': 'http-503',
        'busbar-detail': 'busy',
        'busbar-attempts': '9',
        'busbar-first-attempt-at': '2026-01-01T00:00:00.000Z',
        'busbar-last-attempt-at': '2026-01-01T11:00:00.000Z',
      }),
    );
    expect(letter).toEqual({
      id: 'dlv_x',
      receiver: 'shop',
      eventId: '1',
      eventSource: '/s',
      eventType: 't',
      topic: 'orders',
      cause: 'http-503',
      detail: 'busy',
      status: 503,
      attempts: 9,
      firstAttemptAt: '2026-01-01T00:00:00.000Z',
      lastAttemptAt: '2026-01-01T11:00:00.000Z',
      diedAt: '2026-01-01T11:00:00.000Z',
    });
    expect(content).toEqual({ body: JSON.stringify(event), topic: 'orders' });
  });

  it.each([
    ['that SQS moved there is poison', message({ 'busbar-topic': 'o' }), 'poison', 'o'],
    [
      'that SNS could not hand over says why',
      message({ ErrorCode: '403', ErrorMessage: 'no', 'busbar-topic': 'o' }),
      'not-handed-over',
      'o',
    ],
    [
      'that SNS wrapped is unwrapped',
      message(
        {},
        JSON.stringify({
          Type: 'Notification',
          Message: JSON.stringify(event),
          MessageAttributes: { 'busbar-topic': { Type: 'String', Value: 'o' } },
        }),
      ),
      'poison',
      'o',
    ],
  ])('%s', (_, given, cause, topic) => {
    const { letter, content } = readDeadLetter('shop', given);
    expect(letter).toMatchObject({
      cause,
      topic,
      id: deliveryIdOf(event, 'o', 'shop'),
      attempts: 0,
      diedAt: '2026-01-01T12:00:00.000Z',
    });
    expect(JSON.parse(content.body)).toEqual(event);
  });

  it.each(['no JSON', '[1]', 'null', '{"id":1}', '"text"'])(
    'that is no event has no event id: %s',
    (body) => {
      const { letter } = readDeadLetter('shop', message({ 'busbar-cause': 'malformed' }, body));
      expect(letter).toMatchObject({ id: 'msg_m1', cause: 'malformed' });
      expect(letter).not.toHaveProperty('eventId');
    },
  );
});

const letter = (fields: Partial<DeadLetter> = {}): DeadLetter => ({
  id: 'dlv_1',
  receiver: 'shop',
  eventId: '1',
  cause: 'http-500',
  detail: '',
  attempts: 9,
  diedAt: '2026-01-01T11:00:00.000Z',
  ...fields,
});

describe('clusters', () => {
  it('count by cause, the most frequent first, with the latest as the example', () => {
    const [first, second] = clusters([
      letter({ cause: 'dns' }),
      letter({ id: 'late', diedAt: '2026-01-01T11:30:00.000Z' }),
      letter({ id: 'early', diedAt: '2026-01-01T10:00:00.000Z' }),
    ]);
    expect(first).toMatchObject({
      cause: 'http-500',
      count: 2,
      firstAt: '2026-01-01T10:00:00.000Z',
      lastAt: '2026-01-01T11:30:00.000Z',
      example: { id: 'late' },
    });
    expect(second).toMatchObject({ cause: 'dns', count: 1 });
  });
});

const run = (fields: Partial<Redrive> = {}): Redrive => ({
  ...newRedrive({}, { id: 'rdr_1', receiver: 'shop', startedBy: 'ops' }, nowMs),
  ...fields,
});

describe('a redrive', () => {
  it.each<[string, Partial<Redrive>, Partial<DeadLetter>, boolean]>([
    ['every letter', {}, {}, true],
    ['one of its cause', { cause: 'http-500' }, {}, true],
    ['none of another cause', { cause: 'dns' }, {}, false],
    ['none that died after it started', {}, { diedAt: '2026-01-01T12:00:00.001Z' }, false],
  ])('is about %s', (_, fields, dead, expected) => {
    expect(selects(run(fields), letter(dead))).toBe(expected);
  });

  it('is not about what is no event', () => {
    const { eventId: _, ...noEvent } = letter();
    expect(selects(run(), noEvent)).toBe(false);
  });

  it.each<[number | undefined, number]>([
    [undefined, 10],
    [0.1, 1],
    [3.7, 3],
    [500, 10],
  ])('at %s a second sends %i at a time', (perSecond, expected) => {
    expect(batchOf(run(perSecond === undefined ? {} : { perSecond }))).toBe(expected);
  });

  it('waits for its rate, and makes up for a second at most', () => {
    expect(nextSendMs(run({ perSecond: 2, nextSendAtMs: nowMs }), 2, nowMs)).toBe(nowMs + 1000);
    expect(nextSendMs(run({ perSecond: 2, nextSendAtMs: nowMs - 400 }), 2, nowMs)).toBe(nowMs + 600);
    expect(nextSendMs(run({ perSecond: 2, nextSendAtMs: 0 }), 4, nowMs)).toBe(nowMs + 1000);
    expect(nextSendMs(run(), 10, nowMs)).toBe(nowMs);
  });

  it.each<[string, Partial<Redrive>, boolean]>([
    ['is over', { state: 'done' }, true],
    ['halted', { state: 'halted' }, true],
    ['is under way', { state: 'sending' }, false],
    ['was not continued for long', { state: 'sending', dueAtMs: nowMs - 16 * 60_000 }, true],
  ])('may be replaced by another when it %s: %o', (_, fields, expected) => {
    expect(mayReplace(run(fields), nowMs)).toBe(expected);
  });

  it('names each id once, and shows nothing of how it is carried out', () => {
    const made = newRedrive({ ids: ['a', 'a', 'b'] }, { id: 'r', receiver: 'shop', startedBy: 'ops' }, nowMs);
    expect(made.ids).toEqual(['a', 'b']);
    expect(Object.keys(showRedrive(made))).not.toContain('leaseUntilMs');
  });
});

describe('the canary', () => {
  const record = (fields: Partial<DeliveryRecord>): DeliveryRecord => ({
    ...anew(run({}), letter(), undefined, nowMs),
    ...fields,
  });
  it.each<[string, DeliveryRecord | undefined, number, object]>([
    ['is waited for while it has no attempt', record({}), 1000, { kind: 'wait', seconds: 1 }],
    ['is looked at less often later', record({}), 31_000, { kind: 'wait', seconds: 10 }],
    [
      'lets the rest go when it is delivered',
      record({ state: 'delivered', attempts: 1 }),
      1000,
      { kind: 'go' },
    ],
    ['halts at its first failure', record({ attempts: 1, cause: 'dns' }), 1000, { kind: 'halt' }],
    ['halts when it died again', record({ state: 'dead', attempts: 1 }), 1000, { kind: 'halt' }],
    ['halts after an hour without an outcome', undefined, 3_601_000, { kind: 'halt' }],
  ])('%s', (_, given, waitedMs, expected) => {
    expect(judgeCanary(given, nowMs, nowMs + waitedMs)).toMatchObject(expected);
  });
});

describe('a skip', () => {
  it('is about what came before its point', () => {
    const skip = skipOf('2026-01-01T12:00:00+01:00', nowMs);
    expect(skip.before).toBe('2026-01-01T11:00:00.000Z');
    expect(isSkipped(skip, Date.parse(skip.before) - 1)).toBe(true);
    expect(isSkipped(skip, Date.parse(skip.before))).toBe(false);
    expect(isSkipped(undefined, 0)).toBe(false);
    expect(() => skipOf('2026-01-01T12:00:01Z', nowMs)).toThrow('in the future');
  });
});
