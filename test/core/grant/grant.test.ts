import { expect, it } from 'vitest';
import {
  allowsAnything,
  droppedBeforeMs,
  type Grant,
  grantsPublish,
  grantsSubscription,
  revoked,
  withApproval,
} from '../../../lib/core/grant/grant.ts';

const topic = { createdAt: '2026-01-01T00:00:00.000Z', incarnation: 'aa' };
const base = { topic: 'orders', application: 'team', topicLifetime: 'aa' };
const approval = { request: 'req_1', at: '2026-01-02T00:00:00.000Z' };
const both = withApproval(withApproval(undefined, base, { ...approval, kind: 'publish' }), base, {
  ...approval,
  kind: 'subscribe',
  receiver: 'billing',
});
const first = '2026-02-01T00:00:00.000Z';
const second = '2026-02-02T00:00:00.000Z';

it('a revoked grant allows nothing, and knows which receivers it had', () => {
  const gone = revoked(both, first, false);
  expect(gone).toEqual({ ...base, revoked: { at: first, receivers: ['billing'] } });
  expect([allowsAnything(both), allowsAnything(gone)]).toEqual([true, false]);
  expect(grantsPublish(gone, topic) || grantsSubscription(gone, topic, 'billing', undefined)).toBe(false);
  expect(droppedBeforeMs(gone, topic)).toBeUndefined();
});

it('a revocation drops when it says so, or when it is told so later, and once', () => {
  const dropped = (grant: Grant) => droppedBeforeMs(grant, topic);
  expect(dropped(revoked(both, first, true))).toBe(Date.parse(first));
  const later = revoked(revoked(both, first, false), second, true);
  expect(dropped(later)).toBe(Date.parse(second));
  expect(later.revoked?.at).toBe(first);
  expect(revoked(later, '2026-02-03T00:00:00.000Z', true)).toEqual(later);
});

it('what was dropped stays dropped after another approval and another revocation', () => {
  const again = withApproval(revoked(both, first, true), base, { ...approval, kind: 'publish' });
  expect(grantsPublish(again, topic)).toBe(true);
  expect(droppedBeforeMs(again, topic)).toBe(Date.parse(first));
  expect(revoked(again, second, false).revoked).toEqual({
    at: second,
    receivers: ['billing'],
    droppedAt: first,
  });
  expect(revoked(again, second, true).revoked?.droppedAt).toBe(second);
  expect(droppedBeforeMs(again, { ...topic, incarnation: 'bb' })).toBeUndefined();
});
