import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { bearerKey, requireOwner } from '../../../lib/core/access/access.ts';
import { createKey, hashKey, type KeyRecord, keyMatches } from '../../../lib/core/access/key.ts';
import { refusalOf } from '../refusal.ts';

const random = { bytes: (length: number) => randomBytes(length) };

describe('a key', () => {
  const record = (key: string): KeyRecord => ({
    application: 'shop',
    role: 'member',
    hash: hashKey(key),
    createdAt: '2026-01-01T00:00:00.000Z',
  });

  it('has 256 bits and fits in a header', () => {
    expect(createKey(random)).toMatch(/^bbk_[A-Za-z0-9_-]{43}$/);
    expect(createKey(random)).not.toBe(createKey(random));
  });

  it('matches its own record alone', () => {
    const key = createKey(random);
    expect(keyMatches(key, record(key))).toBe(true);
    expect(keyMatches(`${key} `, record(key))).toBe(false);
    expect(keyMatches(createKey(random), record(key))).toBe(false);
  });

  it('cannot be read from what is kept of it', () => {
    const key = createKey(random);
    expect(JSON.stringify(record(key))).not.toContain(key.slice(4));
  });
});

describe('the Authorization header', () => {
  it.each([
    ['Bearer bbk_1', 'bbk_1'],
    ['bearer bbk_1', 'bbk_1'],
    ['  Bearer   bbk_1  ', 'bbk_1'],
  ])('%j gives the key', (header, key) => {
    expect(bearerKey(header)).toBe(key);
  });

  it.each([undefined, '', 'Bearer', 'Bearer ', 'bbk_1', 'Basic YTpi', 'Bearer a b', 'Bearer\u00a0bbk_1'])(
    '%j is refused without repeating it',
    (header) => {
      const error = refusalOf(() => bearerKey(header));
      expect(error.code).toBe('unauthorized');
      expect(error.message).not.toMatch(/bbk_1|YTpi/);
    },
  );
});

describe('an owner', () => {
  it.each([
    ['an admin', { application: 'ops', role: 'admin' }],
    ['its own application', { application: 'shop', role: 'member' }],
  ] as const)('lets in %s', (_, principal) => {
    expect(() => requireOwner(principal, 'shop', 'The topic orders')).not.toThrow();
  });

  it('keeps out other members, and says whom to ask', () => {
    const error = refusalOf(() =>
      requireOwner({ application: 'crm', role: 'member' }, 'shop', 'The topic orders'),
    );
    expect(error.code).toBe('forbidden');
    expect(error.message).toMatch(/The topic orders belongs to the application shop.*crm/);
  });
});
