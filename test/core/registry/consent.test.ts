import { describe, expect, it } from 'vitest';
import { type Consent, consentTo, stillAgreed } from '../../../lib/core/registry/consent.ts';
import type { Receiver } from '../../../lib/core/registry/receiver.ts';

const url = 'https://id.example.com/token';
const origin = 'https://id.example.com';
const at = '2026-01-01T00:00:00.000Z';
const endpoint = 'https://id.example.com/events';
const receiver = (changed: Partial<Receiver> = {}): Receiver => ({
  receiver: 'id',
  endpoint,
  owner: 'shop',
  incarnation: 'first',
  validate: 'handshake',
  validation: { state: 'granted', at, endpoint },
  state: 'active',
  secret: '',
  declared: false,
  createdAt: at,
  updatedAt: at,
  ...changed,
});
const byEndpoint: Consent = { origin, by: 'endpoint', receiver: 'id', lifetime: 'first' };
const demanding = { validate: 'handshake', trustedOrigins: [] } as const;

it('the operator is found before an endpoint of the application, and nobody else', () => {
  const trusting = { trustedOrigins: [origin], receivers: [receiver()] };
  expect(consentTo(url, 'shop', trusting)).toEqual({ origin, by: 'operator' });
  const asking = { trustedOrigins: [], receivers: [receiver()] };
  expect(consentTo(url, 'shop', asking)).toEqual(byEndpoint);
  expect(consentTo(url, 'bank', asking)).toBeUndefined();
});

describe('a consent of an endpoint', () => {
  it.each<[string, Receiver | undefined, boolean]>([
    ['stands while it agrees', receiver(), true],
    ['ends with its receiver', undefined, false],
    ['ends when its receiver is made anew', receiver({ incarnation: 'second' }), false],
    ['ends when its receiver goes to another application', receiver({ owner: 'bank' }), false],
    ['ends when it is waived', receiver({ validate: 'none' }), false],
    ['ends when it withdraws', receiver({ validation: { state: 'refused', at, endpoint } }), false],
    [
      'ends when it moves',
      receiver({
        endpoint: 'https://a.example.com/',
        validation: { state: 'granted', at, endpoint: 'https://a.example.com/' },
      }),
      false,
    ],
  ])('%s', (_, agreed, stands) => {
    expect(stillAgreed(url, { owner: 'shop', consent: byEndpoint }, demanding, agreed)).toBe(stands);
    // The operator overrules it.
    for (const rules of [
      { ...demanding, trustedOrigins: [origin] },
      { ...demanding, validate: 'none' as const },
    ]) {
      expect(stillAgreed(url, { owner: 'shop', consent: byEndpoint }, rules, agreed)).toBe(true);
    }
  });
});

it('that of the operator ends when the origin is no longer listed; that of an admin is for its origin alone', () => {
  const holds = (consent: Consent, to = url) =>
    stillAgreed(to, { owner: 'shop', consent }, demanding, undefined);
  expect(holds({ origin, by: 'operator' })).toBe(false);
  expect(holds({ origin, by: 'admin' })).toBe(true);
  expect(holds({ origin, by: 'admin' }, 'https://victim.example.com/token')).toBe(false);
});
