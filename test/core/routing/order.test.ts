import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEvent } from '../../../lib/core/event/event.ts';
import { parseSpec } from '../../../lib/core/kernel/spec.ts';
import { topicSchema } from '../../../lib/core/registry/topic.ts';
import {
  behindTheFirst,
  orderAttribute,
  orderOf,
  redriveDeduplicationId,
  waves,
} from '../../../lib/core/routing/order.ts';
import { refusalOf } from '../refusal.ts';

const event = (attributes: Record<string, string | number | boolean> = {}) =>
  createEvent({ attributes: { id: '1', source: '/shop', type: 'placed', ...attributes }, data: undefined });
const bySubject = { topic: 'orders', ordered: true } as const;
const by = (attribute: string) => ({ topic: 'orders', ordered: { by: attribute } });
const groupOf = (...args: Parameters<typeof orderOf>) => orderOf(...args)?.group;

/** What AWS takes as a group or a deduplication id (SQS API reference, SendMessage). */
const takenByAws = /^[a-zA-Z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/;

describe('the attribute that orders a topic', () => {
  it.each([
    [{}, undefined],
    [{ ordered: false }, undefined],
    [{ ordered: true }, 'subject'],
    [{ ordered: { by: 'customerid' } }, 'customerid'],
  ])('of %j is %s', (spec, attribute) => {
    expect(orderAttribute(parseSpec(topicSchema, spec))).toBe(attribute);
  });

  it.each(['id', 'time', 'data', 'traceparent', 'specversion', 'Customer', 'customer-id', ''])(
    'may not be %s',
    (name) => {
      expect(refusalOf(() => parseSpec(topicSchema, { ordered: { by: name } })).code).toBe('invalid_request');
    },
  );
});

describe('the group of an event', () => {
  it('is its topic and its key, readable where AWS takes the key', () => {
    expect(groupOf(bySubject, event({ subject: 'customer/7' }))).toBe('orders/customer/7');
    expect(groupOf(by('customerid'), event({ customerid: 7 }))).toBe('orders/7');
    expect(groupOf(by('express'), event({ express: false }))).toBe('orders/false');
    expect(groupOf(by('type'), event())).toBe('orders/placed');
  });

  it.each(['Zürich', 'with space', '日本', 'x'.repeat(500)])(
    'is a hash where AWS does not take %s',
    (subject) => {
      const group = groupOf(bySubject, event({ subject })) ?? '';
      expect(group).toMatch(takenByAws);
      expect(group).toMatch(/^orders#/);
      expect(groupOf(bySubject, event({ subject, id: '2' }))).toBe(group);
      expect(groupOf(bySubject, event({ subject: `${subject}!` }))).not.toBe(group);
    },
  );

  it('is of its own without the key, and for that no other waits for it', () => {
    const one = groupOf(bySubject, event({ id: '1' }));
    expect(one).toMatch(takenByAws);
    expect(groupOf(bySubject, event({ id: '2' }))).not.toBe(one);
    expect(groupOf(bySubject, event({ id: '1' }))).toBe(one);
    expect(groupOf(by('customerid'), event({ subject: 'a' }))).toMatch(/^orders!/);
  });

  it('is that of no other topic or key', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(
          fc.tuple(
            fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,47}$/),
            fc.oneof(fc.string({ minLength: 1, maxLength: 150 }), fc.stringMatching(/^[!-~]{1,130}$/)),
          ),
          { selector: (pair) => JSON.stringify(pair), minLength: 2 },
        ),
        (pairs) => {
          const groups = pairs.map(([topic, subject]) =>
            groupOf({ topic, ordered: true }, { id: '1', source: '/s', body: JSON.stringify({ subject }) }),
          );
          for (const group of groups) expect(group).toMatch(takenByAws);
          expect(new Set(groups).size).toBe(groups.length);
        },
      ),
    );
  });

  it('is none on a topic without an order', () => {
    expect(orderOf({ topic: 'orders' }, event({ subject: 'a' }))).toBeUndefined();
  });
});

describe('the deduplication id of an event', () => {
  const idOf = (...args: Parameters<typeof orderOf>) => orderOf(...args)?.deduplicationId;

  it('is the same for the same source and id alone', () => {
    expect(idOf(bySubject, event())).toMatch(takenByAws);
    expect(idOf(bySubject, event({ type: 'other' }))).toBe(idOf(bySubject, event()));
    expect(idOf(bySubject, event({ id: '2' }))).not.toBe(idOf(bySubject, event()));
    expect(idOf(bySubject, event({ source: '/other' }))).not.toBe(idOf(bySubject, event()));
  });

  it('is another for each time at which the event is due', () => {
    const ids = [undefined, 1000, 2000].map((dueAtMs) => idOf(bySubject, event(), dueAtMs));
    expect(new Set(ids).size).toBe(3);
    expect(idOf(bySubject, event(), 1000)).toBe(ids[1]);
  });

  it('is another for each redrive, and the same within one', () => {
    expect(redriveDeduplicationId('r1', 'dlv_1')).toMatch(takenByAws);
    expect(redriveDeduplicationId('r1', 'dlv_1')).toBe(redriveDeduplicationId('r1', 'dlv_1'));
    expect(redriveDeduplicationId('r2', 'dlv_1')).not.toBe(redriveDeduplicationId('r1', 'dlv_1'));
  });
});

describe('waves', () => {
  const item = fc.record({
    group: fc.option(fc.constantFrom('a', 'b', 'c'), { nil: undefined }),
    at: fc.nat(),
  });

  it('hold one of a group each, lose nothing, and keep the order of each group', () => {
    fc.assert(
      fc.property(fc.array(item), (items) => {
        const messages = items.map(({ group, at }) => ({
          at,
          ...(group !== undefined && { order: { group, deduplicationId: '' } }),
        }));
        const parted = waves(messages);
        for (const wave of parted) {
          const groups = wave.flatMap(({ order }) => order?.group ?? []);
          expect(new Set(groups).size).toBe(groups.length);
          expect(wave.length).toBeGreaterThan(0);
        }
        for (const group of ['a', 'b', 'c', undefined]) {
          const ofGroup = (list: readonly (typeof messages)[number][]) =>
            list.filter(({ order }) => order?.group === group);
          expect(ofGroup(parted.flat())).toEqual(ofGroup(messages));
        }
      }),
    );
  });

  it('put what has no order into one', () => {
    expect(waves([{}, {}, {}])).toHaveLength(1);
    expect(waves([])).toEqual([]);
  });
});

describe('what stands behind an undecided message of its group', () => {
  const message = (messageId: string, group?: string) => ({
    messageId,
    ...(group !== undefined && { group }),
  });
  const batch = [message('1', 'a'), message('2', 'a'), message('3', 'b'), message('4', 'a'), message('5')];
  const decided = (...doneIds: string[]) =>
    batch.map((each) => ({
      message: each,
      done: doneIds.includes(each.messageId),
      ...(!doneIds.includes(each.messageId) && { hideSeconds: 60 }),
    }));
  const hides = (decisions: ReturnType<typeof decided>) =>
    behindTheFirst(batch, decisions).map(({ hideSeconds }) => hideSeconds);

  it('is visible at once, and the first one keeps its time', () => {
    expect(hides(decided())).toEqual([60, 0, 60, 0, 60]);
    expect(hides(decided('1'))).toEqual([undefined, 60, 60, 0, 60]);
    expect(hides(decided('2', '3'))).toEqual([60, undefined, undefined, 0, 60]);
  });

  it('follows the order of the queue, not that of the decisions', () => {
    expect(hides(decided().reverse())).toEqual([60, 0, 60, 0, 60]);
  });
});
