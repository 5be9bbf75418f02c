import { validation } from './errors.ts';

/**
 * DynamoDB's numbers: exact decimals with up to 38 significant digits and a magnitude from 1E-130 to 9.99…E+125. A
 * float would lose digits, so all arithmetic uses BigInt coefficients.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
 */
const digitsMax = 38;
const magnitudeMax = 125;
const magnitudeMin = -130;

/** The value is `coefficient × 10^exponent`. */
interface Decimal {
  readonly coefficient: bigint;
  readonly exponent: number;
}

const alreadyNormal = /^(?:0|-?[1-9][0-9]{0,37})$/;
const number = /^([+-]?)([0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE]([+-]?[0-9]{1,9}))?$/;
/** Texts up to this length have at most 15 significant digits, which a double represents and orders exactly. */
const exactAsDoubleLength = 15;

/**
 * The canonical text of a number: plain notation, no leading `+`, no superfluous zeros. Throws `ValidationException`.
 */
export function normaliseNumber(text: string): string {
  if (alreadyNormal.test(text)) return text;
  return format(parse(text));
}

export function addNumbers(left: string, right: string): string {
  if (fitsInteger(left) && fitsInteger(right)) return String(Number(left) + Number(right));
  return format(sum(parse(left), parse(right)));
}

export function subtractNumbers(left: string, right: string): string {
  if (fitsInteger(left) && fitsInteger(right)) return String(Number(left) - Number(right));
  const subtrahend = parse(right);
  return format(sum(parse(left), { ...subtrahend, coefficient: -subtrahend.coefficient }));
}

/** Compares two normalised numbers: negative, zero or positive. */
export function compareNumbers(left: string, right: string): number {
  if (left === right) return 0;
  if (left.length <= exactAsDoubleLength && right.length <= exactAsDoubleLength) {
    return Number(left) - Number(right);
  }
  return sortableNumber(left) < sortableNumber(right) ? -1 : 1;
}

/** Text whose order is the order of the numbers. Takes a normalised number. */
export function sortableNumber(text: string): string {
  const { coefficient } = parse(text);
  if (coefficient === 0n) return '1';
  const { digits, magnitude } = scientific(parse(text));
  const rank = magnitude - magnitudeMin;
  if (coefficient > 0n) return `2${String(rank).padStart(3, '0')}${digits}`;
  // Of two negative numbers, the one with the larger magnitude comes first, so both parts are inverted. The closing
  // `~` sorts a shorter one (nearer to zero) after a longer one that begins with the same digits.
  const turned = digits.replace(/[0-9]/g, (digit) => String(9 - Number(digit)));
  return `0${String(magnitudeMax - magnitudeMin - rank).padStart(3, '0')}${turned}~`;
}

/** The significant digits of a normalised number, which decide its storage size. */
export function significantDigits(text: string): number {
  const digits = text.replace(/^-?[0.]*/, '').replace('.', '');
  return text.includes('.') ? digits.length : digits.replace(/0+$/, '').length;
}

function parse(text: string): Decimal {
  const match = number.exec(text);
  if (match === null) {
    throw validation(
      text === ''
        ? 'The parameter cannot be converted to a numeric value'
        : `The parameter cannot be converted to a numeric value: ${text}`,
    );
  }
  const [, sign = '', mantissa = '', power = '0'] = match;
  const point = mantissa.indexOf('.');
  const fractionDigits = point < 0 ? 0 : mantissa.length - point - 1;
  const coefficient = BigInt(mantissa.replace('.', ''));
  return {
    coefficient: sign === '-' ? -coefficient : coefficient,
    exponent: Number(power) - fractionDigits,
  };
}

function scientific(decimal: Decimal): { digits: string; magnitude: number } {
  const all = String(decimal.coefficient < 0n ? -decimal.coefficient : decimal.coefficient);
  return { digits: all.replace(/0+$/, ''), magnitude: all.length + decimal.exponent - 1 };
}

function format(decimal: Decimal): string {
  if (decimal.coefficient === 0n) return '0';
  const { digits, magnitude } = scientific(decimal);
  if (magnitude > magnitudeMax) {
    throw validation(
      'Number overflow. Attempting to store a number with magnitude larger than supported range',
    );
  }
  if (magnitude < magnitudeMin) {
    throw validation(
      'Number underflow. Attempting to store a number with magnitude smaller than supported range',
    );
  }
  if (digits.length > digitsMax) {
    throw validation('Attempting to store more than 38 significant digits in a Number');
  }
  const sign = decimal.coefficient < 0n ? '-' : '';
  if (magnitude < 0) return `${sign}0.${'0'.repeat(-magnitude - 1)}${digits}`;
  const whole = magnitude + 1;
  if (digits.length <= whole) return `${sign}${digits.padEnd(whole, '0')}`;
  return `${sign}${digits.slice(0, whole)}.${digits.slice(whole)}`;
}

function sum(left: Decimal, right: Decimal): Decimal {
  const exponent = Math.min(left.exponent, right.exponent);
  const scaled = (decimal: Decimal) => decimal.coefficient * 10n ** BigInt(decimal.exponent - exponent);
  return { coefficient: scaled(left) + scaled(right), exponent };
}

function fitsInteger(text: string): boolean {
  return text.length <= exactAsDoubleLength && alreadyNormal.test(text);
}
