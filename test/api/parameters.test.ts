import { describe, expect, it } from 'vitest';
import { flag, integer, readQuery, releaseRate, required, text, time } from '../../lib/api/parameters.ts';
import { refusalOf } from '../core/refusal.ts';

const refused = (path: string, detail: RegExp) => ({
  code: 'invalid_request',
  fields: [{ path, detail: expect.stringMatching(detail) }],
});

describe('a query', () => {
  const parameters = { limit: integer('', { min: 1, max: 100, preset: 20 }), cursor: text('') };

  it('has the values of its parameters, and what is taken where one is left out', () => {
    expect(readQuery(parameters, {})).toEqual({ limit: 20, cursor: undefined });
    expect(readQuery(parameters, { limit: '5', cursor: 'abc' })).toEqual({ limit: 5, cursor: 'abc' });
  });

  it('is refused by the name of an unknown parameter, and tells which there are', () => {
    expect(refusalOf(() => readQuery(parameters, { limits: '5' }))).toMatchObject(
      refused('limits', /^is not a parameter here; there are limit, cursor$/),
    );
    // What every object has is not a parameter either.
    expect(refusalOf(() => readQuery(parameters, { constructor: '1' }))).toMatchObject(
      refused('constructor', /^is not a parameter here/),
    );
  });
});

describe('a parameter', () => {
  it.each(['', '0', '101', '-1', '1.5', '1e1', ' 5', 'many'])('limit is refused as %j', (given) => {
    expect(
      refusalOf(() => readQuery({ limit: integer('', { min: 1, max: 100, preset: 20 }) }, { limit: given })),
    ).toMatchObject(refused('limit', /it is a whole number from 1 to 100$/));
  });

  it('flag is true or false, and false when it is left out', () => {
    const read = (given?: string) =>
      readQuery({ force: flag('') }, given === undefined ? {} : { force: given }).force;
    expect([read(), read('false'), read('true')]).toEqual([false, false, true]);
    for (const given of ['', '1', 'yes', 'TRUE']) {
      expect(refusalOf(() => read(given))).toMatchObject(refused('force', /it is true or false$/));
    }
  });

  it('perSecond is a rate, or refused by name', () => {
    const read = (given?: string) =>
      readQuery({ perSecond: releaseRate('') }, { perSecond: given }).perSecond;
    expect(read(undefined)).toBeUndefined();
    expect(read('0.5')).toBe(0.5);
    for (const given of ['', '0', '-1', '1e9', 'fast', '0x10']) {
      expect(refusalOf(() => read(given))).toMatchObject(refused('perSecond', /events a second$/));
    }
  });

  it('time is read as epoch milliseconds', () => {
    const read = (since?: string) => readQuery({ since: time('') }, { since }).since;
    expect(read()).toBeUndefined();
    expect(read('2026-01-31T12:00:00Z')).toBe(Date.parse('2026-01-31T12:00:00Z'));
    expect(refusalOf(() => read('yesterday'))).toMatchObject(refused('since', /^is not an RFC 3339 time/));
  });

  it('that is required says what is wrong without it', () => {
    const id = required('', 'is missing. Give it');
    expect(readQuery({ id }, { id: 'a/b' })).toEqual({ id: 'a/b' });
    expect(refusalOf(() => readQuery({ id }, {}))).toMatchObject(refused('id', /^is missing/));
    expect(refusalOf(() => readQuery({ id }, { id: '' }))).toMatchObject(refused('id', /^is missing/));
  });

  it('text is anything', () => {
    expect(readQuery({ cause: text('') }, { cause: '' })).toEqual({ cause: '' });
  });
});
