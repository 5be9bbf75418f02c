import { describe, expect, it } from 'vitest';
import type { Principal } from '../../../lib/core/access/access.ts';
import { checkKeyGrant, type KeySpec, keyIdOf, keySchema } from '../../../lib/core/access/key.ts';
import { parseSpec } from '../../../lib/core/kernel/spec.ts';
import { pathsOf, refusalOf } from '../refusal.ts';

const nowMs = Date.parse('2026-01-01T00:00:00Z');
const maker = (more: Partial<Principal> = {}): Principal => ({
  application: 'shop',
  role: 'member',
  ...more,
});
const spec = (more: Partial<KeySpec> = {}): KeySpec => ({ name: 'a', role: 'member', ...more });

describe('what a key may grant', () => {
  it.each<[string, Principal, KeySpec]>([
    ['its own role', maker(), spec()],
    ['a lesser role', maker(), spec({ role: 'viewer' })],
    ['any role, of an admin', maker({ role: 'admin' }), spec({ role: 'admin' })],
    ['scopes, when it has none itself', maker(), spec({ scopes: ['publish:*'] })],
    ['some of its scopes', maker({ scopes: ['read', 'manage'] }), spec({ scopes: ['read'] })],
    [
      'a part of a scope',
      maker({ scopes: ['publish:or*'] }),
      spec({ scopes: ['publish:orders', 'publish:ord*'] }),
    ],
    ['an end, when it has none itself', maker(), spec({ expiresAt: '2027-01-01T00:00:00Z' })],
    [
      'the same end in another offset',
      maker({ expiresAt: '2027-01-01T00:00:00.000Z' }),
      spec({ expiresAt: '2027-01-01T01:00:00+01:00' }),
    ],
  ])('is %s', (_, by, granted) => {
    expect(() => checkKeyGrant(by, granted, nowMs)).not.toThrow();
  });

  it.each<[string, Principal, KeySpec, string]>([
    ['a greater role', maker(), spec({ role: 'admin' }), 'role'],
    ['the role of a member, of a viewer', maker({ role: 'viewer' }), spec(), 'role'],
    ['everything, when it has scopes', maker({ scopes: ['manage'] }), spec(), 'scopes'],
    ['another scope', maker({ scopes: ['manage'] }), spec({ scopes: ['manage', 'read'] }), 'scopes'],
    ['a wider scope', maker({ scopes: ['publish:orders*'] }), spec({ scopes: ['publish:*'] }), 'scopes'],
    [
      'the scope of a longer name',
      maker({ scopes: ['publish:a'] }),
      spec({ scopes: ['publish:ab'] }),
      'scopes',
    ],
    ['another kind of scope', maker({ scopes: ['publish:*'] }), spec({ scopes: ['invoke:a'] }), 'scopes'],
    ['no end, when it has one', maker({ expiresAt: '2027-01-01T00:00:00.000Z' }), spec(), 'expiresAt'],
    [
      'a later end',
      maker({ expiresAt: '2027-01-01T00:00:00.000Z' }),
      spec({ expiresAt: '2027-01-01T00:00:00.001Z' }),
      'expiresAt',
    ],
  ])('is not %s', (_, by, granted, path) => {
    const error = refusalOf(() => checkKeyGrant(by, granted, nowMs));
    expect([error.code, ...pathsOf(error)]).toEqual(['forbidden', path]);
  });

  it('does not lie in the past', () => {
    const error = refusalOf(() => checkKeyGrant(maker(), spec({ expiresAt: '2026-01-01T00:00:00Z' }), nowMs));
    expect([error.code, ...pathsOf(error)]).toEqual(['invalid_request', 'expiresAt']);
  });
});

describe('the body of a new key', () => {
  it.each<[string, object]>([
    ['name', { name: '' }],
    ['name', { name: ' a' }],
    ['name', { name: 'a\u001b[31m' }],
    ['name', { name: 'a'.repeat(101) }],
    ['role', { role: 'owner' }],
    ['scopes', { scopes: [] }],
    ['scopes.0', { scopes: ['write'] }],
    ['scopes.0', { scopes: ['publish:'] }],
    ['scopes.0', { scopes: ['publish:a*b'] }],
    ['scopes.1', { scopes: ['read', 'READ'] }],
    ['expiresAt', { expiresAt: 'tomorrow' }],
    ['key', { key: 'bbk_chosen' }],
  ])('names a wrong %s: %j', (path, more) => {
    const error = refusalOf(() => parseSpec(keySchema, { ...spec(), ...more }));
    expect(pathsOf(error)).toEqual([path]);
  });
});

it('an id follows from the hash, and does not contain it', () => {
  const hash = 'ab'.repeat(32);
  expect(keyIdOf(hash)).toMatch(/^[0-9a-f]{20}$/);
  expect(keyIdOf(hash)).toBe(keyIdOf(hash));
  expect(hash).not.toContain(keyIdOf(hash).slice(0, 8));
});
