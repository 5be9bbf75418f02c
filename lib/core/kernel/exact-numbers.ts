/**
 * JSON numbers that JavaScript would print as other ones: of more digits than a double has, or too large. `JSON.rawJSON`
 * and the source text of numbers are of ECMAScript 2026; Node has both since 21.
 */
const json = JSON as JSON & {
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): value is { readonly rawJSON: string };
};

/** Shorter numbers without an exponent survive: a double has 15 digits at least. Found in a string, it costs a look. */
const mayRound = /[\d.]{16}|\d[eE]/;

interface Decimal {
  readonly isNegative: boolean;
  /** Without zeros at either end; empty for zero. */
  readonly digits: string;
  /** The value is `0.digits` times ten to this power; 0 for zero. */
  readonly power: number;
}

/** @param text a JSON number. */
function decimalOf(text: string): Decimal {
  const [, sign, whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const all = whole + fraction;
  const leading = /^0*/.exec(all)?.[0].length ?? 0;
  const digits = all.slice(leading).replace(/0+$/, '');
  if (digits === '') return { isNegative: false, digits, power: 0 };
  return { isNegative: sign === '-', digits, power: whole.length - leading + Number(exponent) };
}

/** Whether a JSON number has the value of the double that it is read as. */
function isExact(source: string, value: number): boolean {
  if (!Number.isFinite(value)) return false;
  const [one, other] = [decimalOf(source), decimalOf(String(value))];
  return one.digits === other.digits && one.power === other.power && one.isNegative === other.isNegative;
}

/**
 * Parses JSON whose numbers are to be printed again: those that would be rounded, and `-0`, become raw JSON, which
 * `JSON.stringify` writes as it was.
 * @throws SyntaxError
 */
export function parseExact(text: string): unknown {
  if (!mayRound.test(text) && !text.includes('-0')) return JSON.parse(text);
  return JSON.parse(text, (_, value: unknown, context?: { readonly source?: string }) => {
    if (typeof value !== 'number' || context?.source === undefined) return value;
    return isExact(context.source, value) && !Object.is(value, -0) ? value : json.rawJSON(context.source);
  });
}

/** Numbers that JavaScript may write otherwise: as above, with a zero at the end, or smaller than a millionth. */
const mayChange = /[\d.]{16}|\d[eE]|\.\d*0(?!\d)|\.0{6}|-0/;

/**
 * The same for what is printed as it came: every number that JavaScript would write with other characters, as `1.0`,
 * becomes raw JSON.
 * @throws SyntaxError
 */
export function parseVerbatim(text: string): unknown {
  if (!mayChange.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_, value: unknown, context?: { readonly source?: string }) => {
    if (typeof value !== 'number' || context?.source === undefined) return value;
    return JSON.stringify(value) === context.source ? value : json.rawJSON(context.source);
  });
}

/** The first number that would be rounded, with its path; undefined when there is none. */
export function roundedNumber(
  text: string,
  skip?: string,
): { readonly path: string; readonly number: string } | undefined {
  if (!mayRound.test(text)) return undefined;
  const find = (value: unknown, path: string): { path: string; number: string } | undefined => {
    if (typeof value !== 'object' || value === null || path === skip) return undefined;
    if (json.isRawJSON(value)) {
      return value.rawJSON === '-0' ? undefined : { path, number: value.rawJSON };
    }
    for (const [name, member] of Object.entries(value)) {
      const found = find(member, path === '' ? name : `${path}.${name}`);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return find(parseExact(text), '');
}

/** Writes a value whose numbers went through `JSON.parse`: `-0` stays. */
export const stringifyExact = (value: unknown): string =>
  JSON.stringify(value, (_, member: unknown) => (Object.is(member, -0) ? json.rawJSON('-0') : member));

/** The numbers of a JSON text that a double would round, by their JSON pointers; undefined when there are none. */
export function inexactNumbers(text: string): ReadonlyMap<string, string> | undefined {
  if (!mayRound.test(text)) return undefined;
  const found = new Map<string, string>();
  const visit = (value: unknown, pointer: string): void => {
    if (typeof value !== 'object' || value === null) return;
    if (json.isRawJSON(value)) {
      if (!/^-0(\.0*)?$/.test(value.rawJSON)) found.set(pointer, value.rawJSON);
      return;
    }
    for (const [name, member] of Object.entries(value)) {
      visit(member, `${pointer}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`);
    }
  };
  visit(parseExact(text), '');
  return found.size === 0 ? undefined : found;
}

/** Negative, zero or positive, as one JSON number is less than the other, equal or greater. */
export function compareNumbers(one: string, other: string): number {
  const [a, b] = [decimalOf(one), decimalOf(other)];
  const signOf = ({ digits, isNegative }: Decimal) => (digits === '' ? 0 : isNegative ? -1 : 1);
  const sign = signOf(a);
  if (sign !== signOf(b)) return sign - signOf(b);
  if (a.power !== b.power) return sign * (a.power < b.power ? -1 : 1);
  return a.digits === b.digits ? 0 : sign * (a.digits < b.digits ? -1 : 1);
}

/** Whether a JSON number divided by another one is whole, without the errors of binary fractions. */
export function isMultiple(number: string, divisor: string): boolean {
  const [dividend, by] = [decimalOf(number), decimalOf(divisor)];
  if (dividend.digits === '') return true;
  // Both as whole numbers times a power of ten. No dividend ends in a zero, so that of its power must not be the smaller.
  const shift = dividend.power - dividend.digits.length - (by.power - by.digits.length);
  if (shift < 0) return false;
  const modulus = BigInt(by.digits);
  return ((BigInt(dividend.digits) % modulus) * powerOfTen(BigInt(shift), modulus)) % modulus === 0n;
}

/** The remainder of a power of ten, by squaring: an exponent may be huge. */
function powerOfTen(exponent: bigint, modulus: bigint): bigint {
  let result = 1n % modulus;
  let base = 10n % modulus;
  for (let left = exponent; left > 0n; left >>= 1n) {
    if (left & 1n) result = (result * base) % modulus;
    base = (base * base) % modulus;
  }
  return result;
}
