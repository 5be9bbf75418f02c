/**
 * How one value is compared with the values that a filter lists, as SNS compares them:
 * https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html. SNS has already checked the filter,
 * so an operand of a wrong type matches nothing here and is not an error.
 */

/** A value without parts: an attribute, or a property of the body. */
export type Leaf = string | number | boolean | null;

export const isLeaf = (value: unknown): value is Leaf => value === null || typeof value !== 'object';

/** Tells whether a value that is present meets one of the values that a filter lists for it. */
export type Matcher = (leaf: Leaf) => boolean;

/**
 * Prepares a list of plain values and operators, so that a leaf is looked up among the plain values and its address is
 * read once: filters list up to 150 values, and an event may have tens of thousands of leaves.
 */
export function matcherOf(values: readonly unknown[]): Matcher {
  const plain = new Set(values.filter(isLeaf));
  const numbers = new Set<number>();
  const addresses = new Set<string>();
  const blocks: Block[] = [];
  const others: Matcher[] = [];
  for (const value of values) {
    if (typeof value === 'number') {
      const number = comparable(value);
      if (number !== undefined) numbers.add(number);
    } else if (typeof value === 'string') {
      const address = addressOf(value);
      if (address !== undefined) addresses.add(addressKey(address));
    } else if (!isLeaf(value)) {
      const [operator = '', operand] = Object.entries(value as object)[0] ?? [];
      const block = operator === 'cidr' && typeof operand === 'string' ? blockOf(operand) : undefined;
      if (block !== undefined) blocks.push(block);
      const test = operators.get(operator);
      if (operator === 'anything-but') others.push(excluding(operand));
      else if (operator === 'wildcard' && typeof operand === 'string') others.push(wildcardMatcher(operand));
      else if (test !== undefined) others.push((leaf) => test(leaf, operand));
    }
  }
  const readsAddress = addresses.size > 0 || blocks.length > 0;
  return (leaf) => {
    if (plain.has(leaf)) return true;
    if (typeof leaf === 'number') {
      const number = comparable(leaf);
      if (number !== undefined && numbers.has(number)) return true;
    } else if (typeof leaf === 'string' && readsAddress) {
      // Addresses are compared by value: `::1` equals `0:0:0:0:0:0:0:1`.
      const address = addressOf(leaf);
      if (address !== undefined) {
        if (addresses.has(addressKey(address))) return true;
        if (blocks.some((block) => isInBlock(address, block))) return true;
      }
    }
    return others.some((test) => test(leaf));
  };
}

/** Whether a list of values also accepts that the property is absent. */
export function acceptsAbsence(values: readonly unknown[]): boolean {
  return values.some((value) => !isLeaf(value) && (value as { exists?: unknown }).exists === false);
}

const operators = new Map<string, (leaf: Leaf, operand: unknown) => boolean>([
  ['prefix', onTexts((text, start) => text.startsWith(start))],
  ['suffix', onTexts((text, end) => text.endsWith(end))],
  ['equals-ignore-case', onTexts((text, wanted) => fold(text) === fold(wanted))],
  ['exists', (leaf, operand) => operand === true && leaf !== null && leaf !== ''],
  ['numeric', (leaf, operand) => Array.isArray(operand) && meetsNumeric(leaf, operand)],
]);

function onTexts(test: (text: string, operand: string) => boolean) {
  return (leaf: Leaf, operand: unknown): boolean =>
    typeof leaf === 'string' && typeof operand === 'string' && test(leaf, operand);
}

/** SNS folds each UTF-16 unit separately, so the length never changes. */
function fold(text: string): string {
  const lower = text.toLowerCase();
  return lower.length === text.length ? lower : text;
}

/** SNS compares numbers from -10^9 to 10^9 with five digits after the point; beyond, `undefined`. */
const comparable = (value: number) => (Math.abs(value) <= 1e9 ? Math.round(value * 1e5) : undefined);

function sameNumber(left: number, right: number): boolean {
  const value = comparable(left);
  return left === right || (value !== undefined && value === comparable(right));
}

/** One comparison, or a lower bound and then an upper one: `[">=", 1, "<", 5]`. */
function meetsNumeric(leaf: Leaf, operand: readonly unknown[]): boolean {
  const value = typeof leaf === 'number' ? comparable(leaf) : undefined;
  if (value === undefined) return false;
  for (let at = 0; at < operand.length; at += 2) {
    const bound = comparable(Number(operand[at + 1]));
    if (bound === undefined || !compare(String(operand[at]), value, bound)) return false;
  }
  return operand.length > 0;
}

function compare(operator: string, value: number, bound: number): boolean {
  switch (operator) {
    case '=':
      return value === bound;
    case '<':
      return value < bound;
    case '<=':
      return value <= bound;
    case '>':
      return value > bound;
    case '>=':
      return value >= bound;
    default:
      return false;
  }
}

/** `anything-but` excludes values, or what one further operator with one or several operands describes. */
function excluding(operand: unknown): Matcher {
  if (Array.isArray(operand)) return (leaf) => !operand.some((value) => excludes(leaf, value));
  if (isLeaf(operand)) return (leaf) => !excludes(leaf, operand);
  const [operator = '', patterns] = Object.entries(operand as object)[0] ?? [];
  const excluded = matcherOf([patterns].flat().map((pattern) => ({ [operator]: pattern })));
  return (leaf) => !excluded(leaf);
}

/** Strings are compared verbatim here, addresses as well. */
function excludes(leaf: Leaf, value: unknown): boolean {
  if (typeof value === 'number') return typeof leaf === 'number' && sameNumber(leaf, value);
  return leaf === value;
}

/**
 * `*` stands for any run of characters, `\\*` for an asterisk and `\\\\` for a backslash. A text is passed over once,
 * whatever the pattern.
 */
function wildcardMatcher(pattern: string): Matcher {
  const pieces = [''];
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern.charAt(at);
    if (character === '*') pieces.push('');
    else pieces[pieces.length - 1] += character === '\\' ? pattern.charAt(++at) : character;
  }
  const first = pieces[0] ?? '';
  if (pieces.length === 1) return (leaf) => leaf === first;
  const last = pieces.at(-1) ?? '';
  const middle = pieces.slice(1, -1).map(finderOf);
  return (leaf) => {
    if (typeof leaf !== 'string' || !leaf.startsWith(first) || !leaf.endsWith(last)) return false;
    let from = first.length;
    for (const endOf of middle) {
      const end = endOf(leaf, from);
      if (end === undefined) return false;
      from = end;
    }
    return from <= leaf.length - last.length;
  };
}

/**
 * Finds where the first occurrence of a piece behind a place ends, by Knuth, Morris and Pratt: `indexOf` may compare every
 * character of a repetitive text with every one of the piece.
 */
function finderOf(piece: string): (text: string, from: number) => number | undefined {
  /** For each length that matched, the next shorter one that still does. */
  const shorter = [0, 0];
  for (let at = 1, length = 0; at < piece.length; at++) {
    while (length > 0 && piece[at] !== piece[length]) length = shorter[length] ?? 0;
    if (piece[at] === piece[length]) length++;
    shorter.push(length);
  }
  return (text, from) => {
    let length = 0;
    for (let at = from; length < piece.length; at++) {
      if (at >= text.length) return undefined;
      while (length > 0 && text[at] !== piece[length]) length = shorter[length] ?? 0;
      if (text[at] === piece[length]) length++;
      if (length === piece.length) return at + 1;
    }
    return from;
  };
}

interface Address {
  readonly bits: 32 | 128;
  readonly value: bigint;
}

/** A block of addresses, such as `10.0.0.0/8`: those that agree with its start in all but the last `shift` bits. */
interface Block {
  readonly start: Address;
  readonly shift: bigint;
}

function blockOf(text: string): Block | undefined {
  const [start = '', mask = ''] = text.split('/');
  const address = addressOf(start);
  return address && { start: address, shift: BigInt(address.bits - Number(mask)) };
}

const isInBlock = (address: Address, { start, shift }: Block): boolean =>
  address.bits === start.bits && address.value >> shift === start.value >> shift;

const addressKey = ({ bits, value }: Address) => `${bits}:${value}`;

/** An IPv4 or IPv6 address in the spellings that SNS takes: dotted IPv4 inside IPv6 is not one of them. */
function addressOf(text: string): Address | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
    const parts = text.split('.');
    // A leading zero would mean octal elsewhere, and is invalid everywhere.
    if (parts.some((part) => Number(part) > 255 || String(Number(part)) !== part)) return undefined;
    return { bits: 32, value: joinParts(parts.map(Number), 8n) };
  }
  if (!/^[0-9a-fA-F:]*:[0-9a-fA-F:]*$/.test(text)) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const left = 8 - head.length - tail.length;
  if (halves.length === 1 ? left !== 0 : left < 1) return undefined;
  const parts = [...head, ...Array.from({ length: left }, () => '0'), ...tail];
  if (parts.some((part) => !/^[0-9a-fA-F]{1,4}$/.test(part))) return undefined;
  return {
    bits: 128,
    value: joinParts(
      parts.map((part) => Number.parseInt(part, 16)),
      16n,
    ),
  };
}

function joinParts(parts: readonly number[], bits: bigint): bigint {
  return parts.reduce((value, part) => (value << bits) | BigInt(part), 0n);
}
