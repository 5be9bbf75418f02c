import { describe, expect, it } from 'vitest';
import {
  isSkipped,
  keptFlow,
  paused,
  pauseNotice,
  resumed,
  skipOf,
} from '../../../lib/core/registry/flow.ts';
import type { Receiver } from '../../../lib/core/registry/receiver.ts';
import { refusalOf } from '../refusal.ts';

const nowMs = Date.parse('2026-03-01T12:00:00Z');
const day = 24 * 3600 * 1000;
const receiver: Receiver = {
  receiver: 'shop',
  owner: 'shop',
  endpoint: 'https://shop.example.com/',
  secret: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
  state: 'active',
  declared: true,
  createdAt: '2026-01-01T00:00:00.000Z',
  updatedAt: '2026-01-01T00:00:00.000Z',
};

describe('a pause', () => {
  const standing = paused(receiver, 'ops', nowMs);

  it('says who and when, and ends without a trace', () => {
    expect(standing).toMatchObject({
      state: 'paused',
      stateReason: 'Paused by ops at 2026-03-01T12:00:00.000Z',
      pausedAt: '2026-03-01T12:00:00.000Z',
    });
    expect(resumed(standing)).toEqual(receiver);
    expect(resumed(receiver)).toBe(receiver);
  });

  it('outlasts other settings, as a skip does', () => {
    const skip = { before: '2026-01-01T00:00:00.000Z', at: '2026-01-02T00:00:00.000Z' };
    expect(keptFlow({ ...standing, skip })).toEqual({
      state: 'paused',
      stateReason: standing.stateReason,
      pausedAt: standing.pausedAt,
      skip,
    });
    expect(keptFlow({ ...receiver, state: 'disabled', stateReason: 'gone', skip })).toEqual({
      state: 'active',
      skip,
    });
    expect(keptFlow(undefined)).toEqual({ state: 'active' });
  });

  it.each([
    ['a receiver that is gone', undefined, 0, undefined],
    ['one that flows', receiver, 0, undefined],
    ['one that is disabled', { ...receiver, state: 'disabled' as const }, 0, undefined],
    ['a pause that began', standing, 0, 'paused'],
    ['a pause of nine days', standing, 9 * day, 'paused'],
    ['a pause of ten days, four before events are lost', standing, 10 * day, 'forgotten'],
  ])('is told of: %s', (_, given, laterMs, notice) => {
    expect(pauseNotice(given, nowMs + laterMs)).toBe(notice);
  });
});

describe('a skip', () => {
  it('drops what entered before its time, and no time that is to come', () => {
    const skip = skipOf('2026-03-01T12:59:59+01:00', nowMs);
    expect(skip).toEqual({ before: '2026-03-01T11:59:59.000Z', at: '2026-03-01T12:00:00.000Z' });
    expect(isSkipped(skip, nowMs - 1001)).toBe(true);
    expect(isSkipped(skip, nowMs - 1000)).toBe(false);
    expect(isSkipped(undefined, 0)).toBe(false);
    expect(refusalOf(() => skipOf('2026-03-01T12:00:01Z', nowMs)).code).toBe('invalid_request');
  });
});
