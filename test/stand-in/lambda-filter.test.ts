import { describe, expect, it } from 'vitest';
import { parsePattern } from '../../lib/stand-in/engines/lambda/filter.ts';

const matches = (pattern: unknown, value: unknown) => parsePattern(JSON.stringify(pattern))(value);

describe('event patterns of mappings', () => {
  it.each<[string, unknown, unknown, boolean]>([
    ['a value', { a: ['x'] }, { a: 'x' }, true],
    ['another value', { a: ['x'] }, { a: 'y' }, false],
    ['one of several values', { a: ['x', 'y'] }, { a: 'y' }, true],
    ['a number is not a string', { a: [1] }, { a: '1' }, false],
    ['null', { a: [null] }, { a: null }, true],
    ['null is not absence', { a: [null] }, {}, false],
    ['an item of a list', { a: ['x'] }, { a: ['w', 'x'] }, true],
    ['a structure', { a: { b: ['x'] } }, { a: { b: 'x', c: 1 } }, true],
    ['a structure within a list', { a: { b: ['x'] } }, { a: [{ b: 'w' }, { b: 'x' }] }, true],
    ['all fields', { a: ['x'], b: ['y'] }, { a: 'x', b: 'z' }, false],
    ['a prefix', { a: [{ prefix: 'order.' }] }, { a: 'order.paid' }, true],
    ['a suffix', { a: [{ suffix: '.png' }] }, { a: 'x.jpg' }, false],
    ['a case', { a: [{ 'equals-ignore-case': 'ABC' }] }, { a: 'aBc' }, true],
    ['presence', { a: [{ exists: true }] }, { a: null }, true],
    ['absence', { a: [{ exists: false }] }, { b: 1 }, true],
    ['no absence', { a: [{ exists: false }] }, { a: [] }, false],
    ['absence in an absent structure', { a: { b: [{ exists: false }] } }, {}, true],
    ['no presence of a structure', { a: [{ exists: true }] }, { a: { S: 'x' } }, false],
    ['absence of a structure', { a: [{ exists: false }] }, { a: { S: 'x' } }, true],
    ['no presence of a list of structures', { a: [{ exists: true }] }, { a: [{ b: 1 }] }, false],
    ['presence of a list', { a: [{ exists: true }] }, { a: [{ b: 1 }, 2] }, true],
    ['absence in an empty list', { a: { b: [{ exists: false }] } }, { a: [] }, true],
    ['absence in a value', { a: { b: [{ exists: false }] } }, { a: 'x' }, true],
    ['a range', { a: [{ numeric: ['>', 0, '<=', 5] }] }, { a: 5 }, true],
    ['out of a range', { a: [{ numeric: ['>', 0, '<=', 5] }] }, { a: 0 }, false],
    ['a numeric text', { a: [{ numeric: ['=', 5] }] }, { a: '5' }, false],
    ['anything but', { a: [{ 'anything-but': ['x', 'y'] }] }, { a: 'z' }, true],
    ['anything but this', { a: [{ 'anything-but': 'x' }] }, { a: 'x' }, false],
    ['anything but needs the field', { a: [{ 'anything-but': 'x' }] }, {}, false],
    ['anything but a prefix', { a: [{ 'anything-but': { prefix: 'x' } }] }, { a: 'xy' }, false],
    ['anything but needs a leaf', { a: [{ 'anything-but': 'x' }] }, { a: { S: 'y' } }, false],
    ['anything but in a list', { a: [{ 'anything-but': 'x' }] }, { a: [{ b: 1 }, 'y'] }, true],
    ['anything but in a list of structures', { a: [{ 'anything-but': 'x' }] }, { a: [{ b: 1 }] }, false],
    ['either', { $or: [{ a: ['x'] }, { b: ['y'] }] }, { b: 'y' }, true],
    ['neither', { $or: [{ a: ['x'] }, { b: ['y'] }] }, { b: 'x' }, false],
  ])('%s', (_what, pattern, value, expected) => {
    expect(matches(pattern, value)).toBe(expected);
  });
});
