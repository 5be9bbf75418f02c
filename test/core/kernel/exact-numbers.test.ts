import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  parseExact,
  parseVerbatim,
  roundedNumber,
  stringifyExact,
} from '../../../lib/core/kernel/exact-numbers.ts';
import { numbers } from '../../corpus/numbers.ts';

describe('a JSON number', () => {
  it.each(numbers)('is printed with its own characters after it was parsed verbatim: %s', (number) => {
    const text = `{"a":[${number},"${number}"]}`;
    expect(JSON.stringify(parseVerbatim(text))).toBe(text);
  });

  it('of any digits is printed with its own characters after it was parsed verbatim', () => {
    const digits = fc.stringMatching(/^\d{1,20}$/);
    const part = fc.option(digits, { nil: '' });
    fc.assert(
      fc.property(
        fc.bigInt(),
        part,
        fc.option(fc.integer({ min: -400, max: 400 }), { nil: undefined }),
        (whole, fraction, power) => {
          const text = `[${whole}${fraction === '' ? '' : `.${fraction}`}${power === undefined ? '' : `e${power}`}]`;
          expect(JSON.stringify(parseVerbatim(text))).toBe(text);
        },
      ),
    );
  });

  it.each(numbers)('is printed as the same value after it was parsed exactly: %s', (number) => {
    const text = `{"a":[${number}]}`;
    const printed = JSON.stringify(parseExact(text));
    // What survives as a double may be written otherwise, as 1.0 is.
    if (printed !== text) expect(JSON.parse(printed)).toEqual(JSON.parse(text));
    if (roundedNumber(text) !== undefined) expect(printed).toBe(text);
  });

  it.each([
    '12345678901234567890',
    '9007199254740993',
    '-9007199254740993',
    '1e400',
    '-1e400',
    '1e-400',
    '0.1000000000000000055511151231257827',
    '123456789012345678e3',
  ])('that a double would round is found: %s', (number) => {
    expect(roundedNumber(`{"a":{"b":[1,${number}]}}`)).toEqual({ path: 'a.b.1', number });
    expect(roundedNumber(`{"a":{"b":[1,${number}]}}`, 'a.b')).toBeUndefined();
  });

  it.each([
    '9007199254740992',
    '1.0',
    '1e21',
    '0.1',
    '1E5',
    '100000000000000000000',
    '-0',
    '0e5',
    '"12345678901234567890"',
  ])('that a double has is not found: %s', (number) =>
    expect(roundedNumber(`{"a":${number}}`)).toBeUndefined(),
  );

  it('that JavaScript prints is never found', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        expect(roundedNumber(`[${JSON.stringify(number)}]`)).toBeUndefined();
        expect(Object.is(JSON.parse(stringifyExact(number)), number)).toBe(true);
      }),
    );
  });
});
