import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  causeOf,
  type Delivery,
  type DeliveryRecord,
  deliveryIdOf,
  type FailureKind,
  failureKind,
  judge,
  readiness,
  recordAttempt,
} from '../../../lib/core/deliver/delivery.ts';
import { keptResponseCharacters, retryDelaysSecondsDefault } from '../../../lib/core/deliver/limits.ts';
import type { Outcome } from '../../../lib/core/deliver/outcome.ts';

const nowMs = Date.parse('2026-01-31T12:00:00Z');
const answer = (status: number, retryAfter?: string): Outcome => ({
  kind: 'answer',
  status,
  retryAfter,
  response: '',
});
const failure = (name: string): Outcome => ({ kind: 'failure', failure: name, message: name });
const verdictOf = (outcome: Outcome, attempt = 1, random = 0) =>
  judge(outcome, attempt, undefined, nowMs, random);

describe('an attempt is judged', () => {
  it.each([200, 201, 202, 204, 299])('delivered by %i', (status) => {
    expect(verdictOf(answer(status))).toEqual({ kind: 'delivered' });
    expect(verdictOf(answer(status), 9)).toEqual({ kind: 'delivered' });
  });

  it.each<[number, string]>([
    [300, 'redirect-300'],
    [301, 'redirect-301'],
    [304, 'redirect-304'],
    [307, 'redirect-307'],
    [400, 'http-400'],
    [401, 'http-401'],
    [404, 'http-404'],
    [408, 'http-408'],
    [413, 'http-413'],
    [429, 'http-429'],
    [500, 'http-500'],
    [502, 'http-502'],
    [503, 'http-503'],
    [599, 'http-599'],
    [100, 'http-100'],
  ])('a retry by %i', (status, cause) => {
    expect(verdictOf(answer(status))).toEqual({ kind: 'retry', delaySeconds: 5, cause });
  });

  it.each(['timeout', 'dns', 'refused', 'reset', 'tls', 'forbidden', 'protocol'])('a retry by %s', (name) => {
    expect(verdictOf(failure(name))).toEqual({ kind: 'retry', delaySeconds: 5, cause: name });
  });

  it('a reason to disable the receiver by 410, at any attempt', () => {
    for (const attempt of [1, 9, 20]) {
      expect(verdictOf(answer(410), attempt)).toEqual({ kind: 'disable', cause: 'http-410' });
    }
  });

  it('dead at the ninth attempt, and not before', () => {
    const kinds = Array.from({ length: 10 }, (_, at) => verdictOf(answer(500), at + 1).kind);
    expect(kinds).toEqual([...Array(8).fill('retry'), 'dead-letter', 'dead-letter']);
    expect(verdictOf(failure('timeout'), 9)).toEqual({ kind: 'dead-letter', cause: 'timeout' });
  });

  it('by the policy of the receiver', () => {
    const policy = { delaysSeconds: [1, 2] };
    const verdicts = [1, 2, 3].map((attempt) => judge(answer(500), attempt, policy, nowMs, 0));
    expect(verdicts).toEqual([
      { kind: 'retry', delaySeconds: 1, cause: 'http-500' },
      { kind: 'retry', delaySeconds: 2, cause: 'http-500' },
      { kind: 'dead-letter', cause: 'http-500' },
    ]);
    expect(judge(answer(500), 1, { delaysSeconds: [] }, nowMs, 0).kind).toBe('dead-letter');
  });

  it('with jitter that never makes a retry early', () => {
    const outcomes = fc.integer({ min: 400, max: 599 }).filter((status) => status !== 410);
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(outcomes, fc.integer({ min: 1, max: 8 }), random, (status, attempt, jitter) => {
        const verdict = verdictOf(answer(status), attempt, jitter);
        const delay = retryDelaysSecondsDefault[attempt - 1] ?? 0;
        expect(verdict).toMatchObject({ kind: 'retry' });
        expect('delaySeconds' in verdict && verdict.delaySeconds).toBeGreaterThanOrEqual(delay);
      }),
    );
  });
});

describe('a failure', () => {
  it.each<[FailureKind | undefined, Outcome]>([
    [undefined, answer(200)],
    [undefined, answer(299)],
    ['business', answer(400)],
    ['business', answer(404)],
    ['business', answer(410)],
    ['business', answer(422)],
    ['business', answer(499)],
    ['system', answer(408)],
    ['system', answer(425)],
    ['system', answer(429)],
    ['system', answer(500)],
    ['system', answer(503)],
    ['system', answer(302)],
    ['system', failure('timeout')],
    ['system', failure('dns')],
    ['system', failure('tls')],
    ['system', failure('reset')],
  ])('is %s: %j', (kind, outcome) => {
    expect(failureKind(outcome)).toBe(kind);
  });

  const strict = { delaysSeconds: [1], businessFailures: 'dead-letter' } as const;
  it.each<[string, Outcome, string]>([
    ['of business is a dead letter at once', answer(422), 'dead-letter'],
    ['of the system is retried', answer(500), 'retry'],
    ['by a 429 is retried', answer(429), 'retry'],
    ['by a 410 disables all the same', answer(410), 'disable'],
  ])('%s where the receiver retries no business failure', (_, outcome, kind) => {
    expect(judge(outcome, 1, strict, nowMs, 0).kind).toBe(kind);
  });

  it('of business is retried unless the receiver says otherwise', () => {
    expect(judge(answer(422), 1, { delaysSeconds: [1] }, nowMs, 0).kind).toBe('retry');
  });
});

describe('Retry-After', () => {
  it.each<[number, string, number]>([
    [429, '90', 90],
    [503, '90', 90],
    [503, 'Sat, 31 Jan 2026 12:01:00 GMT', 60],
    [429, '1', 1],
    [429, '999999', 86_400],
    // Other statuses do not carry a promise.
    [500, '90', 5],
    [502, '90', 5],
    // Rubbish, and what would use up all attempts within a second.
    [429, 'soon', 5],
    [503, '0', 5],
    [503, 'Sat, 31 Jan 2026 11:59:00 GMT', 5],
  ])('of a %i, %j, is a wait of %i s', (status, header, delaySeconds) => {
    expect(verdictOf(answer(status, header))).toMatchObject({ kind: 'retry', delaySeconds });
  });

  it('gives no attempt more than the policy has', () => {
    expect(verdictOf(answer(429, '90'), 9)).toEqual({ kind: 'dead-letter', cause: 'http-429' });
  });
});

describe('the delivery id', () => {
  const event = { source: '/orders', id: 'e-1' };

  it('is the same for the same event, topic and receiver', () => {
    expect(deliveryIdOf(event, 'orders', 'shop')).toBe(deliveryIdOf({ ...event }, 'orders', 'shop'));
    expect(deliveryIdOf(event, 'orders', 'shop')).toMatch(/^dlv_[A-Za-z0-9_-]{32}$/);
  });

  it('differs by source, id, topic and receiver, however they are cut', () => {
    const parts = fc.tuple(fc.string(), fc.string(), fc.option(fc.string(), { nil: undefined }), fc.string());
    fc.assert(
      fc.property(parts, parts, (left, right) => {
        fc.pre(JSON.stringify(left) !== JSON.stringify(right));
        const id = ([source, eventId, topic, receiver]: typeof left) =>
          deliveryIdOf({ source, id: eventId }, topic, receiver);
        expect(id(left)).not.toBe(id(right));
      }),
    );
  });
});

describe('a message that is received again', () => {
  const record: DeliveryRecord = {
    deliveryId: 'dlv_1',
    receiver: 'shop',
    state: 'retrying',
    attempts: 2,
    firstAttemptAtMs: nowMs - 60_000,
    lastAttemptAtMs: nowMs - 30_000,
    nextAttemptAtMs: nowMs,
    cause: 'http-500',
    detail: '',
  };

  it.each<[string, DeliveryRecord | undefined, ReturnType<typeof readiness>]>([
    ['without a record is attempted for the first time', undefined, { kind: 'attempt', attempt: 1 }],
    ['when it is due is attempted', record, { kind: 'attempt', attempt: 3 }],
    [
      'long after it was due is attempted',
      { ...record, nextAttemptAtMs: 0 },
      { kind: 'attempt', attempt: 3 },
    ],
    [
      'within a second of it is attempted',
      { ...record, nextAttemptAtMs: nowMs + 1000 },
      { kind: 'attempt', attempt: 3 },
    ],
    [
      'early waits for the rest',
      { ...record, nextAttemptAtMs: nowMs + 1001 },
      { kind: 'early', delaySeconds: 2 },
    ],
    [
      'after its receiver was disabled is attempted',
      { ...record, nextAttemptAtMs: undefined },
      { kind: 'attempt', attempt: 3 },
    ],
    ['after it was delivered is done', { ...record, state: 'delivered' }, { kind: 'done' }],
    [
      'after it died is attempted, never dropped',
      { ...record, state: 'dead', nextAttemptAtMs: undefined },
      { kind: 'attempt', attempt: 3 },
    ],
  ])('%s', (_, kept, expected) => {
    expect(readiness(kept, nowMs)).toEqual(expected);
  });
});

describe('the record of an attempt', () => {
  const delivery: Delivery = {
    deliveryId: 'dlv_1',
    receiver: 'shop',
    topic: 'orders',
    eventId: 'e-1',
    eventSource: '/orders',
    eventType: 'order.created',
    traceparent: undefined,
    body: '{}',
  };
  const record = (outcome: Outcome, earlier?: DeliveryRecord, attempt = 1) =>
    recordAttempt(delivery, earlier, attempt, outcome, verdictOf(outcome, attempt), nowMs);

  it('says when the next one is due', () => {
    expect(record(answer(500))).toEqual({
      deliveryId: 'dlv_1',
      receiver: 'shop',
      state: 'retrying',
      attempts: 1,
      firstAttemptAtMs: nowMs,
      lastAttemptAtMs: nowMs,
      nextAttemptAtMs: nowMs + 5000,
      cause: 'http-500',
      failure: 'system',
      detail: '',
    });
  });

  it('keeps when it all began, and the cause that a success followed', () => {
    const earlier = { ...record(failure('timeout')), firstAttemptAtMs: 1 };
    expect(record(answer(200), earlier, 2)).toMatchObject({
      state: 'delivered',
      attempts: 2,
      firstAttemptAtMs: 1,
      cause: 'timeout',
      nextAttemptAtMs: undefined,
    });
  });

  it('is dead after the last attempt, and still waits after 410', () => {
    expect(record(answer(500), undefined, 9).state).toBe('dead');
    expect(record(answer(410)).state).toBe('retrying');
  });

  it('keeps the start of the answer, cut at the limit', () => {
    const long = 'x'.repeat(keptResponseCharacters + 1);
    expect(record({ kind: 'answer', status: 500, retryAfter: undefined, response: long }).detail).toBe(
      long.slice(1),
    );
    expect(record({ kind: 'failure', failure: 'dns', message: 'no such host' }).detail).toBe('no such host');
  });
});

it('names alike failures alike, so that dead letters cluster by cause', () => {
  expect(causeOf(answer(502))).toBe(causeOf({ kind: 'answer', status: 502, retryAfter: '5', response: 'x' }));
  expect(causeOf({ kind: 'failure', failure: 'reset', message: 'a' })).toBe('reset');
});
