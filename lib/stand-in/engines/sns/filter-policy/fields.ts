import { isObject } from '../../members.ts';
import { isLeaf, type Leaf } from './leaf.ts';
import { nestingMax } from './parse.ts';

/**
 * The element of each array that contains a value; undefined for a value outside of arrays. A plain value that is
 * itself an element counts as outside of its array, as in AWS's rule library.
 */
export type Membership = readonly (readonly [array: number, element: number])[] | undefined;

export interface Field {
  readonly value: Leaf;
  readonly membership: Membership;
}

/** The values of a message by path: the names from the root, joined by dots. */
export type Fields = ReadonlyMap<string, readonly Field[]>;

/** The parts of a message attribute that filtering reads. */
export interface FilterAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
}

/**
 * Flattens a message body. Undefined when it is not a JSON object: no policy of scope `MessageBody` matches it. An
 * array adds all its elements under one path; a value inside an element remembers which one.
 */
export function bodyFields(body: string): Fields | undefined {
  let root: unknown;
  try {
    root = JSON.parse(body);
  } catch {
    // A body that is not JSON is valid; it only matches no policy.
    return undefined;
  }
  if (!isObject(root)) return undefined;
  const fields = new Map<string, Field[]>();
  let arrays = 0;
  let tooDeep = false;
  function visit(value: unknown, path: string, membership: Membership, depth: number): void {
    if (depth > nestingMax) {
      tooDeep = true;
    } else if (Array.isArray(value)) {
      const array = arrays++;
      for (const [element, item] of value.entries()) {
        const inside: Membership = isLeaf(item) ? membership : [...(membership ?? []), [array, element]];
        visit(item, path, inside, depth + 1);
      }
    } else if (isObject(value)) {
      for (const [name, item] of Object.entries(value)) {
        visit(item, depth === 0 ? name : `${path}.${name}`, membership, depth + 1);
      }
    } else if (isLeaf(value)) {
      add(fields, path, { value, membership });
    }
  }
  visit(root, '', undefined, 0);
  return tooDeep ? undefined : fields;
}

/**
 * The message attributes as values. Policies do not see binary attributes; an array counts as its elements.
 * https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
 */
export function attributeFields(attributes: Readonly<Record<string, FilterAttribute>>): Fields {
  const fields = new Map<string, Field[]>();
  for (const [name, attribute] of Object.entries(attributes)) {
    for (const value of attributeValues(attribute)) add(fields, name, { value, membership: undefined });
  }
  return fields;
}

function attributeValues({ DataType, StringValue }: FilterAttribute): readonly Leaf[] {
  if (StringValue === undefined) return [];
  if (DataType === 'String.Array') return arrayValues(StringValue);
  if (DataType.startsWith('Number')) return [Number(StringValue)];
  return DataType.startsWith('String') ? [escapeInJson(StringValue)] : [];
}

/** A malformed array counts as absent: no policy can compare it. */
function arrayValues(text: string): readonly Leaf[] {
  try {
    const parsed: unknown = JSON.parse(text);
    if (!Array.isArray(parsed)) return [];
    return parsed.filter(isLeaf).map((value) => (typeof value === 'string' ? escapeInJson(value) : value));
  } catch {
    return [];
  }
}

/**
 * SNS compares attribute strings in their JSON-escaped form: a policy must escape a double quote and a backslash
 * twice to match them ("you must double-escape certain special characters", same page).
 */
function escapeInJson(text: string): string {
  return text.replaceAll(/["\\]/g, '\\$&');
}

function add(fields: Map<string, Field[]>, path: string, field: Field): void {
  const found = fields.get(path);
  if (found === undefined) fields.set(path, [field]);
  else found.push(field);
}
