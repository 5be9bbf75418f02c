import { BusbarError, invalidField } from './errors.ts';

/** Deeper JSON is rejected: it is an attack or a mistake, and recursive readers downstream would break on it. */
export const jsonDepthMax = 32;

/** Where a member's value stands in the text: [start, end). */
export type Span = readonly [start: number, end: number];

export interface StrictJson {
  readonly value: unknown;
  /**
   * The spans of the members of the root object, or of each object in the root array. They let an event keep its data
   * verbatim: a number of twenty digits would not survive parsing and printing.
   */
  readonly members: readonly ReadonlyMap<string, Span>[];
  /** The spans of the elements of a root array. */
  readonly elements: readonly Span[];
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/**
 * The text of a body. A byte order mark in front is kept where the text is data, and left out where it is JSON, whose
 * parsers may ignore it (RFC 8259, section 8.1).
 * @throws BusbarError malformed_json when it is not UTF-8: replaced characters would be signed and delivered.
 */
export function decodeText(body: Uint8Array, kind: 'json' | 'data' = 'json'): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: kind === 'data' }).decode(body);
  } catch (error) {
    throw notUtf8(error);
  }
}

export const notUtf8 = (cause?: unknown) =>
  new BusbarError(
    'malformed_json',
    'The body is not valid UTF-8. Send UTF-8, or publish other bytes in binary mode as application/octet-stream.',
    { cause },
  );

/**
 * Parses JSON more strictly than `JSON.parse`: it rejects an object that names a member twice, since readers disagree
 * on which one counts, and nesting beyond the limit.
 * @throws BusbarError malformed_json, naming the position or the member.
 */
export function parseStrictJson(text: string, depthMax = jsonDepthMax): StrictJson {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new BusbarError('malformed_json', `The body is not valid JSON: ${(error as Error).message}.`, {
      cause: error,
    });
  }
  return { value, ...scan(text, depthMax) };
}

interface Open {
  /** The names seen, for an object; undefined for an array. */
  readonly names: Set<string> | undefined;
  /** Set when the spans of this object's members are wanted. */
  readonly spans: Map<string, Span> | undefined;
  name: string;
  valueStart: number;
}

/**
 * Rejects what later readers would lose or could not read: half a surrogate pair, which UTF-8 cannot encode, and a
 * member `__proto__`, which schema parsers leave out silently.
 * @param options.skip the path of a member that is kept as text.
 * @throws BusbarError malformed_json, or invalid_request with the path of the member.
 */
export function requirePlain(
  value: unknown,
  { path = '', skip }: { path?: string; skip?: string | undefined } = {},
): void {
  if (path !== '' && path === skip) return;
  if (typeof value === 'string' && !value.isWellFormed()) {
    const where = path === '' ? 'The body' : path;
    throw new BusbarError(
      'malformed_json',
      `${where} has half a surrogate pair (\\ud800 to \\udfff) in a string. Send both halves or neither.`,
    );
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    const here = path === '' ? name : `${path}.${name}`;
    if (name === '__proto__') {
      throw invalidField(here, 'is not a known field');
    }
    requirePlain(name, { path });
    requirePlain(inner, { path: here, skip });
  }
}

/** Walks text that is known to be valid JSON; finds deep nesting, duplicate names, and the wanted spans. */
function scan(text: string, depthMax: number): Pick<StrictJson, 'members' | 'elements'> {
  const members: Map<string, Span>[] = [];
  const elements: Span[] = [];
  let elementStart = 0;
  const stack: Open[] = [];
  let rootIsArray = false;

  const closeMember = (open: Open, end: number) => {
    if (open.spans !== undefined && open.valueStart >= 0) {
      open.spans.set(open.name, trimmed(text, open.valueStart, end));
    }
    open.valueStart = -1;
  };

  const closeElement = (end: number) => {
    const span = trimmed(text, elementStart, end);
    // An empty array has nothing between its brackets.
    if (span[0] < span[1]) elements.push(span);
    elementStart = end + 1;
  };

  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const open = stack.at(-1);
    if (stack.length > depthMax) {
      throw new BusbarError(
        'malformed_json',
        `The body nests deeper than ${depthMax} levels at position ${at}. Flatten it.`,
      );
    }
    if (code === quote) {
      const end = stringEnd(text, at);
      if (open?.names !== undefined && open.valueStart < 0) {
        const name = memberName(text, at, end);
        if (open.names.has(name)) {
          throw new BusbarError(
            'malformed_json',
            `An object names the member ${JSON.stringify(name)} twice, the second time at position ${at}. Keep one of them.`,
          );
        }
        open.names.add(name);
        open.name = name;
        open.valueStart = text.indexOf(':', end) + 1;
        at = open.valueStart - 1;
      } else {
        at = end - 1;
      }
    } else if (code === openBrace) {
      const wanted = stack.length === 0 || (stack.length === 1 && rootIsArray);
      const spans = wanted ? new Map<string, Span>() : undefined;
      if (spans !== undefined) members.push(spans);
      stack.push({ names: new Set(), spans, name: '', valueStart: -1 });
    } else if (code === openBracket) {
      if (stack.length === 0) {
        rootIsArray = true;
        elementStart = at + 1;
      }
      stack.push({ names: undefined, spans: undefined, name: '', valueStart: -1 });
    } else if (code === comma) {
      if (open?.names !== undefined) closeMember(open, at);
      else if (stack.length === 1) closeElement(at);
    } else if (code === closeBrace || code === closeBracket) {
      if (open?.names !== undefined) closeMember(open, at);
      else if (stack.length === 1) closeElement(at);
      stack.pop();
    }
  }
  return { members, elements };
}

/** The index after the closing quote of the string that opens at `start`; the text's end when it never closes. */
function stringEnd(text: string, start: number): number {
  let at = start + 1;
  for (;;) {
    const end = text.indexOf('"', at);
    if (end < 0) return text.length;
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === backslash) slashes++;
    if (slashes % 2 === 0) return end + 1;
    at = end + 1;
  }
}

function memberName(text: string, start: number, end: number): string {
  const raw = text.slice(start + 1, end - 1);
  return raw.includes('\\') ? String(JSON.parse(`"${raw}"`)) : raw;
}

function trimmed(text: string, start: number, end: number): Span {
  let from = start;
  let to = end;
  while (from < to && isSpace(text.charCodeAt(from))) from++;
  while (to > from && isSpace(text.charCodeAt(to - 1))) to--;
  return [from, to];
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}
