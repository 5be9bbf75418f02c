import { type AttributeType, type AttributeValue, attributeOf, type Item, typeOf } from './attribute.ts';
import { compareNumbers, sortableNumber } from './number.ts';

/** Whether two values have the same type and content. Sets have no order. */
export function equalValues(left: AttributeValue, right: AttributeValue): boolean {
  if (left === right) return true;
  if ('S' in left) return 'S' in right && left.S === right.S;
  if ('N' in left) return 'N' in right && left.N === right.N;
  if ('B' in left) return 'B' in right && left.B === right.B;
  if ('BOOL' in left) return 'BOOL' in right && left.BOOL === right.BOOL;
  if ('NULL' in left) return 'NULL' in right;
  if ('SS' in left) return 'SS' in right && equalSets(left.SS, right.SS);
  if ('NS' in left) return 'NS' in right && equalSets(left.NS, right.NS);
  if ('BS' in left) return 'BS' in right && equalSets(left.BS, right.BS);
  if ('M' in left) return 'M' in right && equalItems(left.M, right.M);
  return (
    'L' in right &&
    left.L.length === right.L.length &&
    left.L.every((member, index) => {
      const other = right.L[index];
      return other !== undefined && equalValues(member, other);
    })
  );
}

export function equalItems(left: Item, right: Item): boolean {
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => {
      const one = left[name];
      const other = attributeOf(right, name);
      return one !== undefined && other !== undefined && equalValues(one, other);
    })
  );
}

function equalSets(left: readonly string[], right: readonly string[]): boolean {
  if (left.length !== right.length) return false;
  const members = new Set(left);
  return right.every((member) => members.has(member));
}

/** Compares two strings, numbers or binaries; undefined for other types, and for two different types. */
export function compareValues(left: AttributeValue, right: AttributeValue): number | undefined {
  if ('N' in left) return 'N' in right ? compareNumbers(left.N, right.N) : undefined;
  const type = typeOf(left);
  if ((type !== 'S' && type !== 'B') || typeOf(right) !== type) return undefined;
  const one = sortableValue(left);
  const other = sortableValue(right);
  return one === other ? 0 : one < other ? -1 : 1;
}

/**
 * A key value as text whose order (by UTF-16 code units, as JavaScript compares) is DynamoDB's: strings by their
 * UTF-8 bytes, binaries by unsigned bytes, numbers by value.
 */
export function sortableValue(value: AttributeValue): string {
  if ('S' in value) return sortableString(value.S);
  if ('N' in value) return sortableNumber(value.N);
  if ('B' in value) return Buffer.from(value.B, 'base64').toString('latin1');
  throw new Error(`A value of the type ${typeOf(value)} cannot be a key.`);
}

/**
 * UTF-8 orders by code point. UTF-16 differs where a surrogate pair (U+10000 and above) meets a unit from U+E000 to
 * U+FFFF, so those two ranges are swapped.
 */
function sortableString(text: string): string {
  if (!/[\ud800-\uffff]/.test(text)) return text;
  let sortable = '';
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    sortable += String.fromCharCode(unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);
  }
  return sortable;
}

export function isScalar(type: AttributeType): type is 'S' | 'N' | 'B' {
  return type === 'S' || type === 'N' || type === 'B';
}
