import type { AttributeValue, Item } from './attribute.ts';
import { significantDigits } from './number.ts';

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html */
export const itemSizeMaxBytes = 400 * 1024;

/**
 * The size of an item in bytes, which decides capacity units, pages and the 400 KB limit: names and values in UTF-8,
 * about half a byte for each digit of a number, and for a list or map three bytes plus one for each member.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
 */
export function itemSizeBytes(item: Item): number {
  let sizeBytes = 0;
  for (const [name, value] of Object.entries(item))
    sizeBytes += Buffer.byteLength(name) + valueSizeBytes(value);
  return sizeBytes;
}

function valueSizeBytes(value: AttributeValue): number {
  if ('S' in value) return Buffer.byteLength(value.S);
  if ('N' in value) return numberSizeBytes(value.N);
  if ('B' in value) return Buffer.byteLength(value.B, 'base64');
  if ('SS' in value) return total(value.SS, (member) => Buffer.byteLength(member));
  if ('NS' in value) return total(value.NS, numberSizeBytes);
  if ('BS' in value) return total(value.BS, (member) => Buffer.byteLength(member, 'base64'));
  if ('L' in value) return 3 + total(value.L, (member) => 1 + valueSizeBytes(member));
  if ('M' in value) return 3 + Object.keys(value.M).length + itemSizeBytes(value.M);
  return 1;
}

function numberSizeBytes(text: string): number {
  return 1 + Math.ceil(significantDigits(text) / 2) + (text.startsWith('-') ? 1 : 0);
}

function total<T>(members: readonly T[], sizeOf: (member: T) => number): number {
  return members.reduce((sum, member) => sum + sizeOf(member), 0);
}
