import { describe, expect, it } from 'vitest';
import { type Arrived, judge, type Promised, pairOf } from './ledger.ts';

const promise = (more: Partial<Promised> = {}): Promised => ({
  id: 'e1',
  by: 'publish',
  receivers: ['billing'],
  fate: 'delivered',
  atMs: 1000,
  ...more,
});
const arrival = (more: Partial<Arrived> = {}): Arrived => ({
  receiver: 'billing',
  id: 'e1',
  deliveryId: 'dlv_1',
  atMs: 2000,
  status: 204,
  ...more,
});
const judged = (promised: Promised[], arrivals: Arrived[], deadLetters: string[] = []) =>
  judge(new Map(promised.map((each) => [each.id, each])), arrivals, new Set(deadLetters));
const kinds = (...input: Parameters<typeof judged>) => judged(...input).violations.map(({ kind }) => kind);

describe('the ledger of accepted events', () => {
  const ordered = (id: string, sequence: number) => promise({ id, place: { key: 'k', sequence } });

  it.each<[string, Parameters<typeof judged>, string[]]>([
    ['accepts that every accepted event was delivered', [[promise()], [arrival()]], []],
    ['finds an event that never came', [[promise()], []], ['lost']],
    ['finds an event that was only ever refused', [[promise()], [arrival({ status: 500 })]], ['lost']],
    [
      'finds an event that one of two receivers did not get',
      [[promise({ receivers: ['billing', 'crm'] })], [arrival()]],
      ['lost'],
    ],
    [
      'finds an event of a rolled-back transaction',
      [[promise({ fate: 'nowhere' })], [arrival()]],
      ['forbidden'],
    ],
    ['finds a delivery before its time', [[promise({ notBeforeMs: 2001 })], [arrival()]], ['early']],
    ['accepts a delivery on time', [[promise({ notBeforeMs: 2000 })], [arrival()]], []],
    [
      'finds a delivery id that changes',
      [[promise()], [arrival({ status: 500 }), arrival({ deliveryId: 'dlv_2' })]],
      ['delivery-id'],
    ],
    [
      'finds a delivery id that two deliveries share',
      [[promise({ receivers: ['billing', 'crm'] })], [arrival(), arrival({ receiver: 'crm' })]],
      ['delivery-id'],
    ],
    ['finds an event that nobody sent', [[], [arrival()]], ['unknown']],
    [
      'finds an event at a wrong receiver',
      [[promise()], [arrival(), arrival({ receiver: 'crm', deliveryId: 'dlv_2' })]],
      ['unknown'],
    ],
    [
      'accepts an event without a response, delivered or not',
      [[promise({ fate: 'open' }), promise({ id: 'e2', fate: 'open' })], [arrival()]],
      [],
    ],
    [
      'finds a refused event that is not a dead letter',
      [[promise({ fate: 'dead-letter' })], [arrival({ status: 422 })]],
      ['no-dead-letter'],
    ],
    [
      'accepts a refused event that is a dead letter',
      [[promise({ fate: 'dead-letter' })], [arrival({ status: 422 })], [pairOf('billing', 'e1')]],
      [],
    ],
    [
      'finds events of a key out of order',
      [
        [ordered('a', 1), ordered('b', 2)],
        [arrival({ id: 'b' }), arrival({ id: 'a', deliveryId: 'dlv_2' })],
      ],
      ['order'],
    ],
    [
      'accepts the repetition of an event that came in order',
      [
        [ordered('a', 1), ordered('b', 2)],
        [
          arrival({ id: 'a', deliveryId: 'dlv_2' }),
          arrival({ id: 'b' }),
          arrival({ id: 'a', deliveryId: 'dlv_2' }),
        ],
      ],
      [],
    ],
    [
      'finds an event that overtook one whose attempt failed',
      [
        [ordered('a', 1), ordered('b', 2)],
        [
          arrival({ id: 'a', deliveryId: 'dlv_2', status: 500 }),
          arrival({ id: 'b' }),
          arrival({ id: 'a', deliveryId: 'dlv_2' }),
        ],
      ],
      ['order'],
    ],
  ])('%s', (_name, input, expected) => expect(kinds(...input)).toEqual(expected));

  it('counts arrivals after a 2xx as duplicates, but not the retries before it', () => {
    expect(judged([promise()], [arrival({ status: 500 }), arrival(), arrival()])).toMatchObject({
      violations: [],
      deliveries: 1,
      duplicates: 1,
      attempts: 3,
    });
  });
});
