import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HttpResult } from '../../../lib/core/kernel/http-result.ts';
import {
  agreedByToken,
  applyAnswer,
  askIsDue,
  asking,
  askPauseSeconds,
  hashToken,
  judgeAnswer,
  readRate,
  reopened,
  requestedRate,
  type ValidationAnswer,
  validationSecondsMax,
  validationTokensMax,
  withValidation,
} from '../../../lib/core/registry/handshake.ts';
import type { Receiver } from '../../../lib/core/registry/receiver.ts';
import {
  allowedPerSecond,
  mayDeliver,
  showValidation,
  type Validation,
} from '../../../lib/core/registry/validation.ts';

const origin = 'bus.example.com';
const endpoint = 'https://shop.example.com/events';
const nowMs = Date.parse('2026-01-01T00:00:00Z');
const at = new Date(nowMs).toISOString();
const hour = 3_600_000;

const receiver = (validation?: Partial<Validation>, fields: Partial<Receiver> = {}): Receiver => ({
  receiver: 'shop',
  endpoint,
  owner: 'shop',
  secret: 'whsec_AAAA',
  state: 'active',
  declared: false,
  createdAt: at,
  updatedAt: at,
  validate: 'handshake',
  ...(validation !== undefined && { validation: { state: 'pending', at, endpoint, ...validation } }),
  ...fields,
});
const answer = (status: number, headers: Record<string, string> = {}): HttpResult => ({
  kind: 'answer',
  status,
  headers,
  body: '',
});

describe('the answer to the validation request', () => {
  it.each<[string, HttpResult, Partial<ValidationAnswer>]>([
    ['its own name', answer(200, { 'webhook-allowed-origin': origin }), { kind: 'granted' }],
    [
      'its own name in capitals',
      answer(204, { 'webhook-allowed-origin': 'BUS.EXAMPLE.COM' }),
      { kind: 'granted' },
    ],
    [
      'everybody',
      answer(200, { 'webhook-allowed-origin': '*' }),
      { kind: 'granted', ratePerMinute: undefined },
    ],
    [
      'everybody, at a rate',
      answer(200, { 'webhook-allowed-origin': ' * ', 'webhook-allowed-rate': '120' }),
      { kind: 'granted', ratePerMinute: 120 },
    ],
    [
      'everybody, at any rate',
      answer(200, { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '*' }),
      { kind: 'granted', ratePerMinute: undefined },
    ],
    ['somebody else', answer(200, { 'webhook-allowed-origin': 'other.example.com' }), { kind: 'refused' }],
    ['a part of its name', answer(200, { 'webhook-allowed-origin': 'example.com' }), { kind: 'refused' }],
    [
      'a pattern, which the specification does not know',
      answer(200, { 'webhook-allowed-origin': '*.example.com' }),
      { kind: 'refused' },
    ],
    [
      'two origins',
      answer(200, { 'webhook-allowed-origin': `${origin}, other.example.com` }),
      { kind: 'refused' },
    ],
    ['nobody, by a success', answer(200), { kind: 'open' }],
    ['nobody, by an empty header', answer(200, { 'webhook-allowed-origin': '' }), { kind: 'open' }],
    [
      'CORS, which is no agreement',
      answer(204, { 'access-control-allow-origin': '*', allow: 'POST' }),
      { kind: 'open' },
    ],
    ['a method that it does not know', answer(405), { kind: 'open' }],
    ['an error that carries the header', answer(500, { 'webhook-allowed-origin': '*' }), { kind: 'open' }],
    ['a redirect that carries the header', answer(302, { 'webhook-allowed-origin': '*' }), { kind: 'open' }],
    ['later', answer(429, { 'retry-after': '600' }), { kind: 'open', waitSeconds: 600 }],
    ['that it is gone', answer(410, { 'webhook-allowed-origin': '*' }), { kind: 'refused' }],
    ['nothing', { kind: 'failure', failure: 'timeout', message: 'No answer.' }, { kind: 'open' }],
    [
      'a rate of nought',
      answer(200, { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': '0' }),
      { kind: 'open' },
    ],
    [
      'a rate that is no number',
      answer(200, { 'webhook-allowed-origin': '*', 'webhook-allowed-rate': 'many' }),
      { kind: 'open' },
    ],
  ])('names %s', (_, outcome, verdict) => {
    expect(judgeAnswer(outcome, origin, nowMs)).toMatchObject(verdict);
  });

  it('says in its detail what the endpoint has to do, and repeats nothing that is not a valid name', () => {
    expect(judgeAnswer(answer(404), origin, nowMs)).toMatchObject({
      detail: expect.stringContaining(`WebHook-Allowed-Origin: ${origin} (or *)`),
    });
    const echo = 'https://api.example.com/v1/receivers/shop/validation?token=secret';
    expect(judgeAnswer(answer(200, { 'webhook-allowed-origin': echo }), origin, nowMs)).toEqual({
      kind: 'refused',
      detail: `The endpoint allows something else and not ${origin}, which is this bus.`,
    });
  });

  it.each<[string | undefined, unknown]>([
    ['1', 1],
    [' 120 ', 120],
    ['*', undefined],
    [undefined, undefined],
    ['', undefined],
    ['0', 'malformed'],
    ['-5', 'malformed'],
    ['1.5', 'malformed'],
    ['1e3', 'malformed'],
    ['120, 60', 'malformed'],
    ['12345678901', 'malformed'],
  ])('bounds the rate by %j to %j a minute', (header, rate) => {
    expect(readRate(header)).toBe(rate);
  });
});

describe('what may be delivered', () => {
  it.each<[string, boolean, Receiver]>([
    ['without a validation', true, receiver(undefined, { validate: 'none' })],
    ['where nothing is said', true, (({ validate: _, ...rest }) => rest)(receiver())],
    ['where none is known', false, receiver()],
    ['while it is pending', false, receiver({ state: 'pending' })],
    ['when it was granted', true, receiver({ state: 'granted' })],
    ['when it was refused', false, receiver({ state: 'refused' })],
    [
      'when another endpoint granted it',
      false,
      receiver({ state: 'granted', endpoint: 'https://old.example.com/' }),
    ],
  ])('%s: %s', (_, expected, given) => {
    expect(mayDeliver(given)).toBe(expected);
  });

  it.each<[number | undefined, number | undefined, number | undefined]>([
    [undefined, undefined, undefined],
    [10, undefined, 10],
    [undefined, 120, 2],
    [10, 120, 2],
    [1, 120, 1],
    [undefined, 30, 0.5],
  ])('a second, of %s by itself and %s a minute by the endpoint, is %s', (perSecond, allowed, expected) => {
    const bounded = receiver(
      { state: 'granted', ...(allowed !== undefined && { allowedRatePerMinute: allowed }) },
      perSecond === undefined ? {} : { limits: { perSecond } },
    );
    expect(allowedPerSecond(bounded)).toBe(expected);
  });

  it('is not bounded by what an endpoint allowed before its validation was given up', () => {
    expect(
      allowedPerSecond(receiver({ state: 'granted', allowedRatePerMinute: 6 }, { validate: 'none' })),
    ).toBe(undefined);
  });

  it.each([
    [undefined, undefined],
    [2, 120],
    [0.1, 6],
  ])('is asked for, of %s a second, as %s a minute', (perSecond, expected) => {
    expect(requestedRate(perSecond === undefined ? {} : { limits: { perSecond } })).toBe(expected);
  });
});

describe('a receiver that is put', () => {
  const granted = receiver({ state: 'granted', allowedRatePerMinute: 60 });
  const fresh = { state: 'pending', at, endpoint, asks: 0, nextAskAt: at };

  it.each<[string, Receiver | undefined, Validation | undefined]>([
    ['is pending when it is new', undefined, fresh as Validation],
    ['keeps what was granted', granted, granted.validation],
    [
      'keeps what is pending',
      receiver({ state: 'pending', asks: 3 }),
      receiver({ state: 'pending', asks: 3 }).validation,
    ],
    [
      'is pending again when it was refused',
      receiver({ state: 'refused', detail: 'No.' }),
      fresh as Validation,
    ],
    [
      'is pending when it had another endpoint',
      receiver({ state: 'granted', endpoint: 'https://old/' }),
      fresh as Validation,
    ],
    [
      'is pending when it went without before',
      receiver(undefined, { validate: 'none' }),
      fresh as Validation,
    ],
    [
      'keeps nothing from a time with a handshake before one without',
      receiver({ state: 'granted' }, { validate: 'none' }),
      fresh as Validation,
    ],
  ])('%s', (_, existing, expected) => {
    expect(withValidation(receiver(), existing, nowMs).validation).toEqual(expected);
  });

  it('has no validation without the handshake', () => {
    const without = withValidation(receiver({ state: 'granted' }, { validate: 'none' }), granted, nowMs);
    expect(without).not.toHaveProperty('validation');
  });
});

describe('asking', () => {
  const pending = receiver({ asks: 0, nextAskAt: at });
  const open: ValidationAnswer = { kind: 'open', detail: 'Not yet.' };

  it('is counted, remembers its token as a hash alone, and is done again later and later', () => {
    let asked = pending;
    const pauses: number[] = [];
    for (let ask = 1; ask <= 12; ask++) {
      asked = asking(asked, endpoint, hashToken(`token ${ask}`), nowMs);
      pauses.push((Date.parse(asked.validation?.nextAskAt ?? '') - nowMs) / 60_000);
    }
    expect(pauses).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 360, 360, 360, 360]);
    expect(asked.validation?.asks).toBe(12);
    expect(asked.validation?.tokenHashes).toHaveLength(12);
    expect(JSON.stringify(asked)).not.toContain('token 1');
    expect(askIsDue(asked, nowMs + 6 * hour - 1)).toBe(false);
    expect(askIsDue(asked, nowMs + 6 * hour)).toBe(true);
  });

  it('comes to an end: the requests of three days are few', () => {
    let seconds = 0;
    let asks = 0;
    while (seconds < validationSecondsMax) seconds += askPauseSeconds(++asks);
    expect(asks).toBeLessThanOrEqual(validationTokensMax);
  });

  it.each<[string, Receiver, ValidationAnswer, Partial<Validation>]>([
    [
      'grants',
      pending,
      { kind: 'granted', ratePerMinute: 60 },
      { state: 'granted', allowedRatePerMinute: 60 },
    ],
    ['refuses', pending, { kind: 'refused', detail: 'No.' }, { state: 'refused', detail: 'No.' }],
    ['leaves open', pending, open, { state: 'pending', detail: 'Not yet.' }],
    [
      'does not take back by an outage what was granted',
      receiver({ state: 'granted' }),
      open,
      { state: 'granted' },
    ],
    [
      'takes back by a refusal what was granted',
      receiver({ state: 'granted' }),
      { kind: 'refused', detail: 'No.' },
      { state: 'refused' },
    ],
    [
      'grants what was refused',
      receiver({ state: 'refused' }),
      { kind: 'granted', ratePerMinute: undefined },
      { state: 'granted' },
    ],
    [
      'gives up after three days',
      receiver({ at: new Date(nowMs - 72 * hour).toISOString() }),
      open,
      { state: 'refused', detail: 'The endpoint did not agree within 3 days. Not yet.' },
    ],
    [
      'goes on shortly before',
      receiver({ at: new Date(nowMs - 72 * hour + 1).toISOString() }),
      open,
      { state: 'pending' },
    ],
    [
      'waits for as long as the endpoint wants',
      pending,
      { ...open, waitSeconds: 7200 } as ValidationAnswer,
      { nextAskAt: new Date(nowMs + 2 * hour).toISOString() },
    ],
  ])('%s', (_, before, verdict, after) => {
    expect(applyAnswer(before, endpoint, verdict, nowMs).validation).toMatchObject(after);
  });

  it('changes nothing for a receiver that has another endpoint by now, or needs no agreement any more', () => {
    const moved = receiver(
      { endpoint: 'https://new.example.com/' },
      { endpoint: 'https://new.example.com/' },
    );
    const without = receiver(undefined, { validate: 'none' });
    for (const other of [moved, without]) {
      expect(applyAnswer(other, endpoint, { kind: 'granted', ratePerMinute: undefined }, nowMs)).toBe(other);
      expect(asking(other, endpoint, hashToken('a'), nowMs)).toBe(other);
    }
  });

  it('again by hand forgets that it was refused, and keeps what was granted', () => {
    expect(
      reopened(receiver({ state: 'refused', at: '2025-01-01T00:00:00Z' }), nowMs).validation,
    ).toMatchObject({
      state: 'pending',
      at,
      asks: 0,
    });
    const granted = receiver({ state: 'granted' });
    expect(reopened(granted, nowMs)).toBe(granted);
  });
});

describe('a callback', () => {
  const asked = receiver({ tokenHashes: [hashToken('first'), hashToken('second')], asks: 2 });

  it.each(['first', 'second'])('with a token of any ask so far grants: %s', (token) => {
    const agreed = agreedByToken(asked, hashToken(token), 30, nowMs);
    expect(agreed?.validation).toEqual({
      state: 'granted',
      at,
      endpoint,
      allowedRatePerMinute: 30,
      tokenHashes: [hashToken(token)],
    });
  });

  it('with any other token is unknown', () => {
    fc.assert(
      fc.property(fc.string(), (token) => {
        fc.pre(token !== 'first' && token !== 'second');
        expect(agreedByToken(asked, hashToken(token), undefined, nowMs)).toBeUndefined();
      }),
    );
  });

  it('that comes twice changes nothing the second time, and the tokens of other asks are spent', () => {
    const agreed = agreedByToken(asked, hashToken('first'), 30, nowMs);
    if (agreed === undefined) throw new Error('It did not agree.');
    expect(agreedByToken(agreed, hashToken('first'), 9999, nowMs + 1)).toBe(agreed);
    expect(agreedByToken(agreed, hashToken('second'), 9999, nowMs + 1)).toBeUndefined();
  });

  it('for an endpoint that the receiver no longer has is unknown', () => {
    const moved = { ...asked, endpoint: 'https://new.example.com/' };
    expect(agreedByToken(moved, hashToken('first'), undefined, nowMs)).toBeUndefined();
    expect(
      agreedByToken({ ...asked, validate: 'none' }, hashToken('first'), undefined, nowMs),
    ).toBeUndefined();
  });

  it('after a refusal is unknown', () => {
    const refused = applyAnswer(asked, endpoint, { kind: 'refused', detail: 'No.' }, nowMs);
    expect(agreedByToken(refused, hashToken('first'), undefined, nowMs)).toBeUndefined();
  });
});

it('What is shown of a validation has no hash of a token', () => {
  const shown = showValidation({ state: 'pending', at, endpoint, asks: 1, tokenHashes: [hashToken('a')] });
  expect(shown).toEqual({ state: 'pending', at, asks: 1 });
});
