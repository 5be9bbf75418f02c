import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonDepthMax, parseStrictJson } from '../../../lib/core/kernel/json.ts';
import { refusalOf } from '../refusal.ts';

const whitespace = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 3 });

/** Prints a value with whitespace wherever JSON allows it, and some characters of strings escaped. */
function layOut(value: unknown, space: () => string, isEscaped: () => boolean): string {
  const text = (content: string) =>
    `"${[...content].map((character) => (isEscaped() ? escaped(character) : JSON.stringify(character).slice(1, -1))).join('')}"`;
  const print = (node: unknown): string => {
    if (typeof node === 'string') return text(node);
    if (Array.isArray(node)) return `[${space()}${node.map(print).join(`${space()},${space()}`)}${space()}]`;
    if (typeof node === 'object' && node !== null) {
      const members = Object.entries(node).map(
        ([name, member]) => `${text(name)}${space()}:${space()}${print(member)}`,
      );
      return `{${space()}${members.join(`${space()},${space()}`)}${space()}}`;
    }
    return JSON.stringify(node);
  };
  return `${space()}${print(value)}${space()}`;
}

const escaped = (character: string) =>
  Array.from(
    { length: character.length },
    (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('');

/** Cycles through generated choices, so that a layout shrinks with them. */
const cycle = <Item>(items: readonly Item[], none: Item) => {
  let at = 0;
  return () => (items.length === 0 ? none : (items[at++ % items.length] as Item));
};

const layouts = fc.record({ spaces: fc.array(whitespace), escapes: fc.array(fc.boolean()) });
const lay = (value: unknown, { spaces, escapes }: { spaces: string[]; escapes: boolean[] }) =>
  layOut(value, cycle(spaces, ''), cycle(escapes, false));

const objects = fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 4 }), { maxKeys: 6 });

describe('spans', () => {
  it('cut out text that parses to the same members, in any layout', () => {
    fc.assert(
      fc.property(objects, layouts, (object, layout) => {
        const text = lay(object, layout);
        const { value, members } = parseStrictJson(text);
        const read = new Map(
          [...(members[0] ?? [])].map(([name, [from, to]]) => [name, text.slice(from, to)]),
        );
        expect(members).toHaveLength(1);
        expect([...read.keys()].sort()).toEqual(Object.keys(object).sort());
        for (const [name, raw] of read) {
          expect(raw).toBe(raw.trim());
          expect(JSON.parse(raw)).toEqual((value as Record<string, unknown>)[name]);
        }
      }),
    );
  });

  it('are given for each object of a root array and for nothing deeper', () => {
    const items = fc.oneof(objects, fc.jsonValue({ maxDepth: 2 }));
    fc.assert(
      fc.property(fc.array(items, { maxLength: 5 }), layouts, (array, layout) => {
        const text = lay(array, layout);
        const { value, members } = parseStrictJson(text);
        const roots = (value as unknown[]).filter(
          (item) => typeof item === 'object' && item !== null && !Array.isArray(item),
        );
        const read = members.map((spans) =>
          Object.fromEntries(
            [...spans].map(([name, [from, to]]) => [name, JSON.parse(text.slice(from, to))]),
          ),
        );
        expect(read).toEqual(roots.map((item) => ({ ...(item as object) })));
      }),
    );
  });

  it.each([
    ['a number of twenty digits', '{"data": 12345678901234567890 }', '12345678901234567890'],
    ['a number with trailing zeros', '{"data":1.500,"z":1}', '1.500'],
    ['an escape', '{"data":"\\u00e9\\/"}', '"\\u00e9\\/"'],
    ['inner whitespace', '{"data":\n{ "a" : 1 }\n}', '{ "a" : 1 }'],
    ['a text that looks like structure', '{"data":"}],{\\"data\\":1","b":2}', '"}],{\\"data\\":1"'],
  ])('keep %s letter by letter', (_, text, expected) => {
    const [from, to] = parseStrictJson(text).members[0]?.get('data') ?? [0, 0];
    expect(text.slice(from, to)).toBe(expected);
  });
});

describe('a member named twice', () => {
  it.each([
    ['plainly', '{"a":1,"a":2}', 'a'],
    ['once escaped', '{"a":1,"\\u0061":2}', 'a'],
    ['deep inside', '{"data":[{"x":{"b":1,"c":2,"b":1}}]}', 'b'],
    ['in the second event of a batch', '[{"a":1},{"b":1,"b":1}]', 'b'],
    ['by an empty name', '{"":1,"":2}', ''],
    ['with a quote in its name', '{"\\"":1,"\\u0022":2}', '"'],
    ['as __proto__', '{"__proto__":1,"__proto__":2}', '__proto__'],
  ])('is refused when it stands there %s', (_, text, name) => {
    const error = refusalOf(() => parseStrictJson(text));
    expect(error.code).toBe('malformed_json');
    expect(error.message).toContain(`the member ${JSON.stringify(name)} twice`);
  });

  it.each([
    '{"a":{"a":{"a":1}}}',
    '[{"a":1},{"a":1}]',
    '{"a":["a","a"],"b":"a"}',
    '{"constructor":1,"toString":2}',
    '{"a":"\\"a\\":1,","b":1}',
  ])('is not seen where none is: %s', (text) => {
    expect(parseStrictJson(text).value).toEqual(JSON.parse(text));
  });

  it('is found wherever one member of any object is repeated', () => {
    fc.assert(
      fc.property(objects, fc.string({ maxLength: 8 }), layouts, (object, name, layout) => {
        const inner = lay(object, layout).trim().slice(1, -1);
        const body = `${JSON.stringify(name)}:1,${inner.trim() === '' ? '' : `${inner},`}${lay(name, layout)}:2`;
        expect(refusalOf(() => parseStrictJson(`[0,{"deep":{${body}}}]`)).code).toBe('malformed_json');
      }),
    );
  });
});

describe('nesting', () => {
  const nest = (levels: number, open: string, close: string) =>
    `${open.repeat(levels)}${open === '[' ? '' : '1'}${close.repeat(levels)}`;

  it.each([
    ['arrays', '[', ']'],
    ['objects', '{"a":', '}'],
  ])('of %s is taken up to the limit and refused beyond it', (_, open, close) => {
    expect(() => parseStrictJson(nest(jsonDepthMax, open, close))).not.toThrow();
    const error = refusalOf(() => parseStrictJson(nest(jsonDepthMax + 1, open, close)));
    expect(error.code).toBe('malformed_json');
    expect(error.message).toContain(`deeper than ${jsonDepthMax} levels`);
  });

  it('counts levels, and not brackets', () => {
    expect(() => parseStrictJson(`[${'[],'.repeat(1000)}"${'['.repeat(1000)}"]`)).not.toThrow();
  });
});

it.each(['', '{', '{"a":1,}', "{'a':1}", '[1 2]', 'NaN', '{"a":01}', '"\u0001"', '{}{}'])(
  'refuses what is no JSON, %j, with the cause',
  (text) => {
    const error = refusalOf(() => parseStrictJson(text));
    expect(error.code).toBe('malformed_json');
    expect(error.message).toMatch(/^The body is not valid JSON: .+\.$/);
  },
);

/** Of this size quadratic work takes hours, and no test waits for so long: that they end is the assertion. */
const hostileSize = 1 << 21;

describe('hostile text', () => {
  it.each<[string, (size: number) => string, isJson: boolean]>([
    ['a string of backslashes', (size) => `["${'\\\\'.repeat(size / 2)}"]`, true],
    ['a string of escaped quotes', (size) => `["${'\\"'.repeat(size / 2)}"]`, true],
    ['an open string of backslashes', (size) => `["${'\\'.repeat(size)}`, false],
    ['unclosed brackets', (size) => '['.repeat(size), false],
    ['empty arrays', (size) => `[${'[],'.repeat(size / 3)}0]`, true],
    [
      'one object of many members',
      (size) => `{${Array.from({ length: size / 16 }, (_, at) => `"member${at}":1`).join(',')}}`,
      true,
    ],
    ['whitespace between members', (size) => `{"a":1,${' '.repeat(size)}"b":${' '.repeat(size)}2}`, true],
    ['many objects of one member', (size) => `[${'{"a":1},'.repeat(size / 8)}0]`, true],
  ])('is read in linear time: %s', (_, write, isJson) => {
    const text = write(hostileSize);
    if (isJson) expect(parseStrictJson(text).value).toEqual(JSON.parse(text));
    else expect(refusalOf(() => parseStrictJson(text)).code).toMatch(/malformed_json|invalid_request/);
  });
});
