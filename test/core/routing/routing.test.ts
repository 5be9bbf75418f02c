import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aws } from '../../../lib/core/kernel/limits.ts';
import {
  batchLimits,
  checkMessageSize,
  eventBytesMax,
  incarnationAttribute,
  messageBytes,
  messageOf,
  packBatches,
} from '../../../lib/core/routing/routing.ts';
import { refusalOf } from '../refusal.ts';

describe('batches', () => {
  const limits = fc.record({
    entriesMax: fc.integer({ min: 1, max: 10 }),
    bytesMax: fc.integer({ min: 50, max: 200 }),
  });
  const items = fc.array(
    fc.integer({ min: 0, max: 50 }).map((bytes) => ({ bytes })),
    { maxLength: 60 },
  );
  const bytesOf = (batch: readonly { bytes: number }[]) => batch.reduce((sum, { bytes }) => sum + bytes, 0);

  it('keep every item, in order', () => {
    fc.assert(
      fc.property(items, limits, (list, limit) => {
        const packed = packBatches(list, limit).flat();
        expect(packed).toHaveLength(list.length);
        for (const [at, item] of packed.entries()) expect(item).toBe(list[at]);
      }),
    );
  });

  it('hold the limits, and none could take the next item', () => {
    fc.assert(
      fc.property(items, limits, (list, { entriesMax, bytesMax }) => {
        const batches = packBatches(list, { entriesMax, bytesMax });
        for (const [at, batch] of batches.entries()) {
          expect(batch.length).toBeGreaterThan(0);
          expect(batch.length).toBeLessThanOrEqual(entriesMax);
          expect(bytesOf(batch)).toBeLessThanOrEqual(bytesMax);
          const [next] = batches[at + 1] ?? [];
          if (next === undefined) continue;
          expect(batch.length === entriesMax || bytesOf(batch) + next.bytes > bytesMax).toBe(true);
        }
      }),
    );
  });

  it('of SNS and SQS have the sizes of AWS', () => {
    expect(batchLimits).toEqual({
      topic: { entriesMax: 10, bytesMax: 256 * 1024 },
      queue: { entriesMax: 10, bytesMax: 1024 * 1024 },
    });
    // The largest event must fit the smaller of them by itself.
    expect(eventBytesMax).toBeLessThanOrEqual(aws.sns.batchBytesMax);
  });
});

describe('messages', () => {
  const event = { type: 'order.created', source: '/orders', subject: 'ä', body: '{}' };

  it('of a topic carry what is filtered and the topic', () => {
    expect(messageOf(event, { topic: 'orders' })).toEqual({
      body: '{}',
      attributes: { type: 'order.created', source: '/orders', subject: 'ä', 'busbar-topic': 'orders' },
      group: 'order.created',
    });
  });

  it('to a receiver carry no topic, and no subject where there is none', () => {
    expect(messageOf({ ...event, subject: undefined }, { receiver: 'shop' }).attributes).toEqual({
      type: 'order.created',
      source: '/orders',
    });
  });

  it('carry fewer attributes than raw delivery drops', () => {
    const { attributes } = messageOf(event, { topic: 'orders' });
    expect(Object.keys(attributes).length).toBeLessThanOrEqual(aws.sns.rawAttributesMax);
  });

  it('are counted in UTF-8, with names, types and values of the attributes', () => {
    expect(messageBytes({ body: 'ä', attributes: { subject: 'ö' } })).toBe(2 + 7 + 6 + 2);
  });

  it('are refused above 256 KB, naming both sizes', () => {
    const attributes = { type: 't', [incarnationAttribute]: '0badcafe' };
    const room = eventBytesMax - messageBytes({ body: '', attributes });
    const message = (bytes: number) => ({ body: 'x'.repeat(bytes), attributes });
    expect(checkMessageSize(message(room))).toBe(262_144);
    const error = refusalOf(() => checkMessageSize(message(room + 1)));
    expect(error.code).toBe('event_too_large');
    expect(error.message).toMatch(/262145 bytes.* 262144 /);
  });

  it('are counted with the incarnation of their target before they have it', () => {
    const acting = {
      actor: { application: 'shop', role: 'member' },
      owner: 'shop',
      incarnation: '0badcafe',
    } as const;
    const target = { topic: 'orders' };
    expect(checkMessageSize(messageOf(event, target))).toBe(
      messageBytes(messageOf({ ...event, acting }, target)),
    );
  });
});
