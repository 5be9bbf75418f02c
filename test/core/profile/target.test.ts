import { describe, expect, it } from 'vitest';
import { needsRenewal, withoutProfile } from '../../../lib/core/profile/profiles.ts';
import { chooseTarget, isSameBus, isSettled, type NamedProfile } from '../../../lib/core/profile/target.ts';

const prod = 'https://bus.example.com';
const dev = 'https://dev.example.com';
const standard = 'http://127.0.0.1:4100';
const signedIn = { issuer: 'i', clientId: 'c', idToken: 't', expiresAt: '2026-01-01T00:00:00Z' };

const profile = (isByOption: boolean, more: object = { key: 'of-profile' }): NamedProfile => ({
  name: 'prod',
  profile: { url: prod, publishUrl: 'https://publish.example.com', ...more },
  isByOption,
});
const option = { value: 'of-option', source: '--key-file' };

type Options = Parameters<typeof chooseTarget>[0];
type Env = Parameters<typeof chooseTarget>[1];

describe('a command talks to', () => {
  it.each<[string, Options, Env, NamedProfile | undefined, url: string, key: string | undefined]>([
    ['the default', {}, {}, undefined, standard, undefined],
    ['what the environment says', {}, { BUSBAR_URL: dev, BUSBAR_KEY: 'k' }, undefined, dev, 'k'],
    ['the profile in use', {}, {}, profile(false), prod, 'of-profile'],
    [
      'the environment before the profile in use',
      {},
      { BUSBAR_URL: dev, BUSBAR_KEY: 'k' },
      profile(false),
      dev,
      'k',
    ],
    [
      'a named profile before the environment',
      {},
      { BUSBAR_URL: dev, BUSBAR_KEY: 'k' },
      profile(true),
      prod,
      'of-profile',
    ],
    ['options before a named profile', { url: dev, key: option }, {}, profile(true), dev, 'of-option'],
    ['another bus without the key of the profile', { url: dev }, {}, profile(true), dev, undefined],
    ['the bus of BUSBAR_URL without it', {}, { BUSBAR_URL: dev }, profile(false), dev, undefined],
    ['the same bus with it', { url: `${prod}/` }, {}, profile(true), `${prod}/`, 'of-profile'],
    [
      'a named profile without a key, by the environment',
      {},
      { BUSBAR_KEY: 'k' },
      profile(true, {}),
      prod,
      'k',
    ],
    ['the profile in use by the key of the environment', {}, { BUSBAR_KEY: 'k' }, profile(false), prod, 'k'],
  ])('%s', (_, options, env, named, url, key) => {
    const target = chooseTarget(options, env, named, standard);
    expect([target.url, target.key?.value]).toEqual([url, key]);
  });

  it('a publish URL that belongs to its URL, and to no other', () => {
    const env = { BUSBAR_PUBLISH_URL: 'https://of-environment.example.com' };
    const of = (...[options, more, named]: [Options, Env, NamedProfile | undefined]) =>
      chooseTarget(options, { ...env, ...more }, named, standard).publishUrl;
    expect(of({}, {}, undefined)).toBe(env.BUSBAR_PUBLISH_URL);
    expect(of({ url: dev }, {}, profile(true))).toBeUndefined();
    expect(of({}, {}, profile(true))).toBe('https://publish.example.com');
    expect(of({}, { BUSBAR_URL: dev }, profile(false))).toBe(env.BUSBAR_PUBLISH_URL);
    expect(of({}, {}, profile(false, {}))).toBe('https://publish.example.com');
  });

  it('a bus as a person who signed in, rather than by the key beside it', () => {
    expect(chooseTarget({}, {}, profile(false, { key: 'k', signedIn }), standard)).toEqual({
      url: prod,
      urlSource: 'the profile prod',
      publishUrl: 'https://publish.example.com',
      signedIn: 'prod',
    });
    expect(chooseTarget({ url: dev }, {}, profile(true, { signedIn }), standard).signedIn).toBeUndefined();
  });
});

it('no profile is looked for where everything is said', () => {
  expect(isSettled({ url: dev, key: option }, {})).toBe(true);
  expect(isSettled({ url: dev }, { BUSBAR_ADMIN_KEY: 'k' })).toBe(true);
  expect(isSettled({ url: dev }, {})).toBe(false);
  expect(isSettled({}, { BUSBAR_KEY: 'k' })).toBe(false);
});

it.each([
  ['https://a.example.com', 'https://A.example.com:443/', true],
  ['https://a.example.com/x', 'https://a.example.com', false],
  ['https://a.example.com', 'http://a.example.com', false],
  ['https://a.example.com', 'https://a.example.com.evil.example.com', false],
])('%s and %s are the same bus: %s', (one, other, expected) => expect(isSameBus(one, other)).toBe(expected));

it('a token is renewed a minute before it is over, also one whose end nobody can read', () => {
  const end = Date.parse(signedIn.expiresAt);
  expect(needsRenewal(signedIn, end - 60_001)).toBe(false);
  expect(needsRenewal(signedIn, end - 60_000)).toBe(true);
  expect(needsRenewal({ ...signedIn, expiresAt: 'x' }, 0)).toBe(true);
});

it('a profile that is removed is in use no more', () => {
  const all = { current: 'a', profiles: { a: { url: prod }, b: { url: dev } } };
  expect(withoutProfile(all, 'a')).toEqual({ profiles: { b: { url: dev } } });
  expect(withoutProfile(all, 'b')).toEqual({ current: 'a', profiles: { a: { url: prod } } });
});
