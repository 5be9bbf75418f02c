import { describe, expect, it } from 'vitest';
import { defineBus } from '../../../lib/connectors/declaration.ts';
import { groupsMax, keysFreshMs, keysUsableMs } from '../../../lib/core/sign-in/limits.ts';
import { actingAs, groupsOf, membershipsOf } from '../../../lib/core/sign-in/person.ts';
import { planKeys } from '../../../lib/core/sign-in/provider-keys.ts';
import { consoleOriginsOf, isIssuer, metadataUrl, readSetting } from '../../../lib/core/sign-in/setting.ts';
import { settingOf } from '../../../lib/core/sign-in/sign-in.ts';
import { pathsOf, refusalOf } from '../refusal.ts';

const right = {
  issuer: 'https://id.example.com',
  audience: 'busbar',
  roles: { staff: { application: 'shop', role: 'viewer' as const } },
};
type Oidc = NonNullable<Parameters<typeof defineBus>[0]['oidc']>;

describe('oidc in busbar.config.ts', () => {
  it('comes to the functions as it was written, with its defaults', () => {
    const written = {
      ...right,
      clientId: 'cli',
      scope: 'openid groups',
      consoleOrigins: ['https://a.example'],
    };
    const { oidc } = defineBus({ oidc: written });
    expect(oidc && readSetting(settingOf(oidc))).toEqual({
      issuer: right.issuer,
      audience: ['busbar'],
      clientId: 'cli',
      scope: 'openid groups',
      consoleOrigins: ['https://a.example'],
      groupsClaim: 'groups',
      roles: [['staff', 'shop', 'viewer']],
    });
  });

  it('lets the console call the provider, and nobody else', () => {
    const origins = (written: Partial<Oidc>) => {
      const { oidc } = defineBus({ oidc: { ...right, ...written } });
      return oidc && consoleOriginsOf(readSetting(settingOf(oidc)));
    };
    expect(origins({ issuer: 'https://id.example.com/tenant' })).toEqual(['https://id.example.com']);
    expect(origins({ consoleOrigins: ['https://tokens.example', 'https://id.example.com'] })).toEqual([
      'https://id.example.com',
      'https://tokens.example',
    ]);
  });

  it.each<[string, object, path: string]>([
    ['plain http', { issuer: 'http://id.example.com' }, 'oidc.issuer'],
    ['a query', { issuer: 'https://id.example.com?x=1' }, 'oidc.issuer'],
    ['a password', { issuer: 'https://a:b@id.example.com' }, 'oidc.issuer'],
    ['no audience', { audience: [] }, 'oidc.audience'],
    [
      'an unknown role',
      { roles: { staff: { application: 'shop', role: 'owner' } } },
      'oidc.roles.staff.role',
    ],
    ['no application', { roles: { staff: { role: 'admin' } } }, 'oidc.roles.staff.application'],
    ['nobody', { roles: {} }, 'oidc.roles'],
    ['a group with a line break', { roles: { 'a\nb': right.roles.staff } }, 'oidc.roles.a\nb'],
    [
      'a reserved application',
      { roles: { staff: { application: 'busbar-x', role: 'admin' } } },
      'oidc.roles.staff.application',
    ],
    ['an origin with a path', { consoleOrigins: ['https://id.example.com/token'] }, 'oidc.consoleOrigins.0'],
    ['an origin of plain http', { consoleOrigins: ['http://id.example.com'] }, 'oidc.consoleOrigins.0'],
    [
      'more than an origin',
      { consoleOrigins: ['https://id.example.com; script-src *'] },
      'oidc.consoleOrigins.0',
    ],
    ['scopes without openid', { scope: 'profile' }, 'oidc.scope'],
    ['an unknown field', { client_id: 'x' }, 'oidc.client_id'],
    [
      'more than an environment holds',
      {
        roles: Object.fromEntries(
          Array.from({ length: 100 }, (_, at) => [`group-${at}`, { application: 'shop', role: 'member' }]),
        ),
      },
      'oidc',
    ],
  ])('is refused with %s', (_, change, path) => {
    expect(pathsOf(refusalOf(() => defineBus({ oidc: { ...right, ...change } as Oidc })))).toContain(path);
  });

  it('refuses a group of the name __proto__, which an object cannot hold', () => {
    const roles = JSON.parse('{"__proto__": {"application": "shop", "role": "admin"}}');
    expect(() => defineBus({ oidc: { ...right, roles } })).toThrow('roles');
  });
});

it.each([
  ['https://id.example.com', true],
  ['https://id.example.com/tenant/', true],
  ['http://127.0.0.1:3000', true],
  ['http://localhost.evil.example.com', false],
  ['http://127.0.0.1.evil.example.com', false],
  ['ftp://id.example.com', false],
  ['https://id.example.com#x', false],
  ['id.example.com', false],
])('%s is an issuer: %s', (text, expected) => expect(isIssuer(text)).toBe(expected));

it('the metadata is below the issuer, with or without a slash', () => {
  for (const issuer of ['https://a.example.com/x', 'https://a.example.com/x/']) {
    expect(metadataUrl(issuer)).toBe('https://a.example.com/x/.well-known/openid-configuration');
  }
});

describe('groups', () => {
  it.each<[unknown, string[]]>([
    ['staff', ['staff']],
    [
      ['a', 'b'],
      ['a', 'b'],
    ],
    [['a', 1, null, { a: 1 }, ['b'], 'x'.repeat(300)], ['a']],
    [undefined, []],
    [{ 0: 'a', length: 1 }, []],
  ])('of %j are %j', (claim, groups) => expect(groupsOf(claim)).toEqual(groups));

  it('beyond the bound are ignored', () => {
    expect(groupsOf([...Array(groupsMax).fill('a'), 'operators'])).not.toContain('operators');
  });

  const roles = [
    ['a', 'shop', 'viewer'],
    ['b', 'shop', 'member'],
    ['c', 'billing', 'member'],
    ['d', 'ops', 'admin'],
    ['__proto__', 'proto', 'admin'],
  ] as const;
  it.each<[string[], string[]]>([
    [[], []],
    [['a'], ['shop viewer']],
    [['b', 'a'], ['shop member']],
    [
      ['a', 'b', 'c'],
      ['billing member', 'shop member'],
    ],
    [
      ['a', 'd'],
      ['ops admin', 'shop viewer'],
    ],
    [['__proto__'], ['proto admin']],
    [['constructor', 'toString'], []],
  ])('%j have, the strongest first, %j', (groups, expected) => {
    const memberships = membershipsOf({ roles }, groups);
    expect(memberships.map(({ application, role }) => `${application} ${role}`)).toEqual(expected);
    expect(actingAs(memberships, undefined)).toEqual(memberships[0]);
    expect(actingAs(memberships, 'nothing')).toBeUndefined();
  });
});

describe('when the keys of the provider are asked for', () => {
  const now = 1_000_000_000;
  it.each<[string, Parameters<typeof planKeys>[0], boolean, string]>([
    ['nothing is there', {}, false, 'ask'],
    ['the first answer was a failure a moment ago', { askedAtMs: now - 1000 }, false, 'unavailable'],
    ['it was half a minute ago', { askedAtMs: now - 30_000 }, false, 'ask'],
    ['they are fresh', { askedAtMs: now - 60_000, fetchedAtMs: now - 60_000 }, true, 'use'],
    ['they lack a key', { askedAtMs: now - 60_000, fetchedAtMs: now - 60_000 }, false, 'ask'],
    ['they lack one and are just there', { askedAtMs: now - 1000, fetchedAtMs: now - 1000 }, false, 'use'],
    ['they are old', { askedAtMs: now - keysFreshMs, fetchedAtMs: now - keysFreshMs }, true, 'ask'],
    [
      'they are old and could not be had',
      { askedAtMs: now - 1, fetchedAtMs: now - keysFreshMs },
      true,
      'use',
    ],
    ['they are too old', { askedAtMs: now - 1, fetchedAtMs: now - keysUsableMs }, true, 'unavailable'],
  ])('%s', (_, keys, isKnown, plan) => expect(planKeys(keys, isKnown, now)).toBe(plan));
});
