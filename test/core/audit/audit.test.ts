import { describe, expect, it } from 'vitest';
import {
  type AuditEntry,
  changeOf,
  countRefusal,
  isOfTarget,
  type Refusals,
  targetOf,
} from '../../../lib/core/audit/audit.ts';
import { refusalsCountedMax } from '../../../lib/core/audit/limits.ts';

const entry = (more: Partial<AuditEntry> = {}): AuditEntry => ({
  at: '2026-01-01T00:00:00.000Z',
  by: { application: 'crm', keyId: 'k', role: 'member' },
  call: 'PUT /v1/topics/{topic}',
  target: 'topics/orders',
  status: 403,
  requestId: 'r',
  ...more,
});

describe('what an audit row says of a change', () => {
  it('has settings, and of everything else only that it was given', () => {
    const change = changeOf({
      owner: 'crm',
      limits: { concurrency: 5 },
      secret: 'whsec_c2VjcmV0',
      headers: { 'x-token': 'top-secret' },
      oauth2: { clientSecret: 'top-secret' },
      rocketmq: { credentials: { secretKey: 'top-secret' } },
      schema: { const: 'top-secret' },
      event: { data: 'top-secret' },
      aFieldOfALaterRelease: 'top-secret',
      key: 'bbk_top-secret',
    });
    expect(change).toMatchObject({ owner: 'crm', limits: { concurrency: 5 }, secret: '(set)', key: '(set)' });
    expect(JSON.stringify(change)).not.toMatch(/top-secret|c2VjcmV0/);
  });

  it('has only the origin of a URL, however deep', () => {
    const change = changeOf({ contacts: ['https://u:p@chat.example.com/hook?token=top-secret'] });
    expect(change).toEqual({ contacts: ['https://chat.example.com'] });
  });

  it('is bounded', () => {
    expect(changeOf({ description: 'a'.repeat(5000), owner: 'crm' })).toEqual({
      fields: ['description', 'owner'],
    });
  });

  it.each([undefined, null, 'text', [1], {}])('is nothing for %j', (body) => {
    expect(changeOf(body)).toBeUndefined();
  });
});

describe('a target', () => {
  it('is the path without what all paths have', () => {
    expect(targetOf('/v1/topics/{topic}/subscriptions/{receiver}', { topic: 'a', receiver: 'b' })).toBe(
      'topics/a/subscriptions/b',
    );
    expect(targetOf('/v1/events/{id}', { id: 'x'.repeat(1000) })).toHaveLength(256);
  });

  it.each([
    ['topics/orders', true],
    ['orders', true],
    ['topics', true],
    ['topics/order', false],
    ['order', false],
    ['topics/orders/subscriptions', false],
  ])('topics/orders is found by %s: %s', (target, isFound) => {
    expect(isOfTarget(entry(), target)).toBe(isFound);
  });

  it('is found with its parts', () => {
    expect(isOfTarget(entry({ target: 'topics/orders/subscriptions/billing' }), 'topics/orders')).toBe(true);
  });
});

describe('refusals of one kind', () => {
  const repeat = (times: number, counted = new Map<string, Refusals>(), more: Partial<AuditEntry> = {}) => {
    const written: number[] = [];
    let now = counted;
    for (let time = 0; time < times; time++) {
      const next = countRefusal(now, entry(more));
      now = next.counted;
      for (const { count } of next.left) written.push(count);
      if (next.due !== undefined) written.push(now.get(next.due)?.count ?? 0);
    }
    return { now, written };
  };

  it('are written for the 1st, 2nd, 4th … of a minute', () => {
    expect(repeat(1000).written).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
  });

  it('are written with their number when the minute is over, if that is not known yet', () => {
    const { now } = repeat(7);
    expect(repeat(1, now, { at: '2026-01-01T00:01:00.000Z' }).written).toEqual([7, 1]);
    const even = repeat(8);
    expect(repeat(1, even.now, { at: '2026-01-01T00:01:00.000Z' }).written).toEqual([1]);
  });

  it('are apart from those of another caller, call, target or status', () => {
    const { now } = repeat(1);
    for (const more of [
      { by: { application: 'shop', keyId: 'k', role: 'member' } },
      { call: 'DELETE /v1/topics/{topic}' },
      { target: 'topics/others' },
      { status: 429 },
    ] as const) {
      expect(repeat(1, now, more).written).toEqual([1]);
    }
  });

  it('of ever more targets are counted together', () => {
    let counted = new Map<string, Refusals>();
    for (let at = 0; at < refusalsCountedMax + 100; at++) {
      counted = countRefusal(counted, entry({ target: `topics/t${at}` })).counted;
    }
    expect(counted.size).toBe(refusalsCountedMax + 1);
    expect([...counted.values()].at(-1)).toMatchObject({ entry: { target: '(others)' }, count: 100 });
  });
});
