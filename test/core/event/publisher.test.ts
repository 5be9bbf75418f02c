import { describe, expect, it } from 'vitest';
import { checkSource } from '../../../lib/core/event/publisher.ts';
import { refusalOf } from '../refusal.ts';

const isAllowed = (source: string, application = 'shop') => {
  try {
    checkSource(source, application);
    return true;
  } catch {
    return false;
  }
};

describe('a source', () => {
  it.each([
    '/applications/shop',
    '/applications/shop/checkout',
    '/applications/shop?region=eu',
    '/applications/shop#1',
    '/applications/%73hop',
    '/applications',
    '/shop',
    'shop',
    'urn:shop',
    '/schedules/nightly',
    '/busbar/cli',
    '/busbars',
    '/x/busbar',
    'https://busbar.example.com/busbar',
    '/x/applications/bank',
    'https://bank.example.com/applications/bank',
    '//bank.example.com/applications/bank',
    '/Applications/bank',
    '/%ff',
  ])('may be %s', (source) => {
    expect(isAllowed(source)).toBe(true);
  });

  it.each([
    '/busbar',
    '/busbar/',
    '/busbar?x',
    '/busbar#x',
    '/%62usbar',
    '/x/../busbar',
    'busbar',
    '/applications/bank',
    '/applications/bank/',
    '/applications/bank/checkout',
    '/applications/bank?x',
    '/applications/bank#x',
    '/applications/shop2',
    '/applications/sho',
    '/applications/SHOP',
    '/applications/',
    '/applications//shop',
    '/applications/shop/../bank',
    '/applications/%62ank',
    '/%61pplications/bank',
    '/applications%2fbank',
    '/x/../applications/bank',
    '/x/%2e%2e/applications/bank',
    './applications/bank',
    'applications/bank',
    '../applications/bank',
  ])('is reserved for another application: %s', (source) => {
    const refusal = refusalOf(() => checkSource(source, 'shop'));
    expect(refusal.code).toBe('source_reserved');
    expect(refusal.status).toBe(403);
    expect(refusal.fields[0]?.path).toBe('source');
  });

  it('of an application is nobody else’s: not an admin’s, a bridge’s or of who invokes by IAM', () => {
    for (const other of ['admin', 'bridge:legacy', 'direct']) {
      expect(isAllowed('/applications/shop', other)).toBe(false);
    }
  });

  it('is refused with the remedy', () => {
    expect(refusalOf(() => checkSource('/applications/bank', 'shop')).message).toBe(
      'source is reserved for the application bank, and shop publishes this event. Leave it out, or give ' +
        '/applications/shop or a source that does not begin with /applications/.',
    );
  });
});
