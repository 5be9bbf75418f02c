import { invalidValues, serialization, validation } from './errors.ts';
import { normaliseNumber } from './number.ts';

/** An attribute value as on the wire: one member, named by its type. Binary is base64; numbers are text. */
export type AttributeValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: string }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly string[] }
  | { readonly M: Item }
  | { readonly L: readonly AttributeValue[] }
  | { readonly BOOL: boolean }
  | { readonly NULL: true };

/** Items are immutable: an index, a stream record and the store may share one. */
export type Item = Readonly<Record<string, AttributeValue>>;

export type AttributeType = 'S' | 'N' | 'B' | 'SS' | 'NS' | 'BS' | 'M' | 'L' | 'BOOL' | 'NULL';

const types: ReadonlySet<string> = new Set(['S', 'N', 'B', 'SS', 'NS', 'BS', 'M', 'L', 'BOOL', 'NULL']);

export function isAttributeType(text: string): text is AttributeType {
  return types.has(text);
}

export function typeOf(value: AttributeValue): AttributeType {
  for (const type in value) return type as AttributeType;
  throw new Error('Validation let an attribute value without a type pass.');
}

/** The item's own attribute of that name. Inherited members such as `constructor` do not count. */
export function attributeOf(item: Item, name: string): AttributeValue | undefined {
  return Object.hasOwn(item, name) ? item[name] : undefined;
}

/** Sets an own member, even one named `__proto__`, for which an assignment would set the prototype. */
export function setOwn<T>(target: Record<string, T>, name: string, value: T): void {
  if (name === '__proto__') {
    Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
  } else {
    target[name] = value;
  }
}

/** Items nest at most this deep. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html */
const nestingMax = 32;

/** Validates an item or a key and normalises its numbers. The result shares nothing with the input. */
export function parseItem(input: unknown, member: string): Item {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw serialization(`Start of structure or map expected at '${member}'`);
  }
  return parseMap(input as Readonly<Record<string, unknown>>, 0);
}

function parseMap(input: Readonly<Record<string, unknown>>, depth: number): Item {
  const item: Record<string, AttributeValue> = {};
  for (const name of Object.keys(input)) setOwn(item, name, parseValue(input[name], depth + 1));
  return item;
}

export function parseValue(input: unknown, depth = 1): AttributeValue {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw serialization('Unexpected value type in payload');
  }
  // The SDK leaves out undefined members; a caller in the same process may not.
  const present = Object.entries(input).filter(([, value]) => value !== undefined && value !== null);
  const [first, second] = present;
  if (first === undefined || !isAttributeType(first[0])) {
    throw validation('Supplied AttributeValue is empty, must contain exactly one of the supported datatypes');
  }
  const value = parseTyped(first[0], first[1], depth);
  if (second !== undefined) {
    throw validation(
      'Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes',
    );
  }
  return value;
}

function parseTyped(type: AttributeType, value: unknown, depth: number): AttributeValue {
  switch (type) {
    case 'S':
      return { S: text(value) };
    case 'N':
      return { N: normaliseNumber(text(value)) };
    case 'B':
      return { B: base64(value) };
    case 'BOOL':
      if (typeof value !== 'boolean') throw serialization('Unexpected token received from parser');
      return { BOOL: value };
    case 'NULL':
      if (value !== true) throw invalidValues('Null attribute value types must have the value of true');
      return { NULL: true };
    case 'SS': {
      const members = list(value).map(text);
      if (members.length === 0) throw invalidValues('An string set  may not be empty');
      if (hasDuplicate(members))
        throw invalidValues(`Input collection ${shown(members)} contains duplicates.`);
      return { SS: members };
    }
    case 'NS': {
      const members = list(value).map((member) => normaliseNumber(text(member)));
      if (members.length === 0) throw invalidValues('An number set  may not be empty');
      if (hasDuplicate(members)) throw validation('Input collection contains duplicates');
      return { NS: members };
    }
    case 'BS': {
      const members = list(value).map(base64);
      if (members.length === 0) throw invalidValues('Binary sets should not be empty');
      if (hasDuplicate(members)) {
        throw invalidValues(`Input collection ${shown(members)}of type BS contains duplicates.`);
      }
      return { BS: members };
    }
    case 'L':
      checkNesting(depth);
      return { L: list(value).map((member) => parseValue(member, depth + 1)) };
    case 'M':
      checkNesting(depth);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) {
        throw serialization('Unexpected field type');
      }
      return { M: parseMap(value as Readonly<Record<string, unknown>>, depth) };
  }
}

function checkNesting(depth: number): void {
  if (depth > nestingMax) {
    throw validation(
      'Nesting Levels have exceeded supported limits: Attributes can be nested up to 32 levels deep',
    );
  }
}

function text(value: unknown): string {
  if (typeof value !== 'string') throw serialization(`${describe(value)} cannot be converted to String`);
  return value;
}

function base64(value: unknown): string {
  const encoded = text(value);
  if (Buffer.from(encoded, 'base64').toString('base64') !== encoded) {
    throw serialization('Invalid last non-pad Base64 character dectected');
  }
  return encoded;
}

function list(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw serialization('Unexpected field type');
  return value;
}

function describe(value: unknown): string {
  return `${typeof value}`.toUpperCase().concat('_VALUE');
}

function hasDuplicate(members: readonly string[]): boolean {
  return new Set(members).size < members.length;
}

function shown(members: readonly string[]): string {
  return `[${members.join(', ')}]`;
}
