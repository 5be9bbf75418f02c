import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { DeliveryRecord } from '../../../lib/core/deliver/delivery.ts';
import { deadLetterAttributes } from '../../../lib/core/redrive/dead-letter.ts';

const record: DeliveryRecord = {
  deliveryId: 'dlv_1',
  receiver: 'shop',
  state: 'dead',
  attempts: 9,
  firstAttemptAtMs: Date.parse('2026-01-31T12:00:00Z'),
  lastAttemptAtMs: Date.parse('2026-02-01T07:00:00Z'),
  nextAttemptAtMs: undefined,
  cause: 'http-500',
  detail: 'out of stock',
};

it('explains itself: its topic and trace, cause, attempts and when they were', () => {
  expect(
    deadLetterAttributes(record, { 'busbar-topic': 'orders', 'busbar-trace': 'all', other: 'x' }),
  ).toEqual({
    'busbar-topic': 'orders',
    'busbar-trace': 'all',
    'busbar-delivery-id': 'dlv_1',
    'busbar-cause': 'http-500',
    'busbar-detail': 'out of stock',
    'busbar-attempts': '9',
    'busbar-first-attempt-at': '2026-01-31T12:00:00.000Z',
    'busbar-last-attempt-at': '2026-02-01T07:00:00.000Z',
  });
});

it('has no attribute where there is nothing to say, since SQS refuses an empty one', () => {
  const attributes = deadLetterAttributes({ ...record, detail: '' }, {});
  expect(Object.keys(attributes)).not.toContain('busbar-detail');
  expect(Object.keys(attributes)).not.toContain('busbar-topic');
});

it('holds only what SQS takes in a text, whatever the endpoint answered', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (binary, text) => {
      const attributes = deadLetterAttributes(
        { ...record, detail: `${binary}\u0000\uffff\ud800${text}` },
        { 'busbar-topic': 'orders' },
      );
      // https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
      for (const character of attributes['busbar-detail'] ?? '') {
        const code = character.codePointAt(0) ?? 0;
        const isAllowed =
          [0x9, 0xa, 0xd].includes(code) ||
          (code >= 0x20 && code <= 0xd7ff) ||
          (code >= 0xe000 && code <= 0xfffd) ||
          code >= 0x10000;
        expect(isAllowed).toBe(true);
      }
    }),
  );
});

it('stays within the ten attributes of an SQS message', () => {
  expect(
    Object.keys(deadLetterAttributes(record, { 'busbar-topic': 'orders', 'busbar-trace': 'all', other: 'x' }))
      .length,
  ).toBeLessThanOrEqual(10);
});
