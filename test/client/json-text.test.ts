import { describe, expect, it } from 'vitest';
import { toEntry } from '../../lib/client/batches.ts';
import { JsonText } from '../../lib/client/json-text.ts';
import { numbers } from '../corpus/numbers.ts';

const defaults = { source: '/s', id: () => 'e-1', time: () => undefined };
const written = (data: unknown) => toEntry({ type: 't', data }, 0, defaults).json;

describe('data that is published', () => {
  it.each([...numbers, '{ "a" : [1, 2 ] }', '"\\ud800"', '"\\u00e9"', 'null', '{"a":1.0,\n"b":-0}'])(
    'as JSON text is sent letter by letter: %s',
    (text) => expect(written(new JsonText(text))).toContain(`"data":${text}}`),
  );

  it('keeps a bigint, the sign of zero, and half a surrogate pair', () => {
    expect(written({ id: 12345678901234567890n, zero: -0, half: '\ud800' })).toContain(
      '"data":{"id":12345678901234567890,"zero":-0,"half":"\\ud800"}',
    );
  });

  it.each<[string, unknown, RegExp]>([
    ['not a number', { a: [Number.NaN] }, /member "0" is NaN/],
    ['infinite', { a: Number.POSITIVE_INFINITY }, /"a" is Infinity/],
    ['a hole in a list', [1, undefined], /"1" is undefined/],
    ['an invalid date', { at: new Date(Number.NaN) }, /"at" is an invalid date/],
  ])('is refused when it is %s, which JSON would change', (_, data, detail) => {
    expect(() => written(data)).toThrow(detail);
  });

  it.each(['{', '', '{"a":1', "{'a':1}", '"\ud800"'])('as JSON text must be JSON: %j', (text) => {
    expect(() => new JsonText(text)).toThrow(TypeError);
  });

  it('prints its numbers as they were written', () => {
    expect(JSON.stringify(new JsonText('{"a": 12345678901234567890, "b": 1.0}'))).toBe(
      '{"a":12345678901234567890,"b":1.0}',
    );
  });
});
