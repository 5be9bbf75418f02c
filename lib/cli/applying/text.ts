import { Document, isAlias, parseDocument, visit } from 'yaml';
import { parseExact } from '../../core/kernel/exact-numbers.ts';
import { usageError } from '../support/failure.ts';
import { escaped, plain } from '../support/plain.ts';
import { messageOf } from '../support/values.ts';

const raw = JSON as unknown as {
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): value is { readonly rawJSON: string };
};

/**
 * A manifest as YAML or JSON; what begins with a brace is read as JSON, whose numbers all stay as they are written.
 * @param name the file, for errors.
 */
export function parseText(text: string, name: string): unknown {
  try {
    if (text.trimStart().startsWith('{')) return parseExact(text);
  } catch (error) {
    throw usageError(`${name} is not valid JSON: ${plain(messageOf(error))}.`);
  }
  // Integers of any size; other numbers are those of YAML, which are doubles.
  const document = parseDocument(text, { intAsBigInt: true, stringKeys: true });
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) {
    const [at] = problem.linePos ?? [];
    const where = at === undefined ? '' : ` in line ${at.line}, column ${at.col}`;
    const what = (problem.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:$/, '');
    throw usageError(`${name} is not valid YAML${where}: ${plain(what)}.`);
  }
  visit(document, (_, node) => {
    // Aliases multiply what they stand for, and a manifest has no use for them.
    if (isAlias(node)) throw usageError(`${name} has the alias *${plain(node.source)}.`, 'Write it out.');
  });
  return numbered(document.toJS());
}

/** Big integers as numbers, or as raw JSON where those would be rounded. */
function numbered(value: unknown): unknown {
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : raw.rawJSON(String(value));
  }
  if (Array.isArray(value)) return value.map(numbered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, numbered(member)]));
}

/** YAML; undefined where it has a number that only JSON keeps. */
export function yamlOf(value: unknown): string | undefined {
  const written = writable(value);
  if (written === undefined) return undefined;
  const document = new Document(written, { aliasDuplicateObjects: false, compat: 'yaml-1.1' });
  visit(document, {
    Scalar(_, node) {
      // What a terminal would obey is escaped, which only quotes allow.
      if (typeof node.value === 'string' && isUnsafe(node.value)) node.type = 'QUOTE_DOUBLE';
    },
  });
  // Wide lines: a folded text is hard to compare.
  const text = document.toString({ lineWidth: 0, doubleQuotedAsJSON: true });
  return escaped(text, { but: '\n' });
}

const isUnsafe = (text: string) => escaped(text, { but: '\n' }) !== text;

/** With integers that JavaScript would round as big integers; undefined where there is another such number. */
function writable(value: unknown): unknown {
  let isExact = true;
  const write = (one: unknown): unknown => {
    if (raw.isRawJSON(one)) {
      if (!/^-?\d+$/.test(one.rawJSON) || one.rawJSON === '-0') isExact = false;
      return isExact ? BigInt(one.rawJSON) : undefined;
    }
    if (Array.isArray(one)) return one.map(write);
    if (typeof one !== 'object' || one === null) return one;
    return Object.fromEntries(Object.entries(one).map(([name, member]) => [name, write(member)]));
  };
  const written = write(value);
  return isExact ? written : undefined;
}
