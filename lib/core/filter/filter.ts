import { utf8Bytes } from '../event/event.ts';
import { type BusbarError, invalidField } from '../kernel/errors.ts';
import { aws } from '../kernel/limits.ts';

/** A filter in the SNS filter-policy language over an event's attributes and its `data`. */
export type Filter = { readonly [key: string]: FilterNode };
type FilterNode = Filter | readonly FilterValue[] | readonly Filter[];
type FilterValue = string | number | boolean | null | { readonly [operator: string]: unknown };

/** The attributes that travel as message attributes, where SNS filters them for free. */
const filterableAttributes = ['type', 'source', 'subject'] as const;

export const filterOperators = [
  'prefix',
  'suffix',
  'equals-ignore-case',
  'anything-but',
  'numeric',
  'exists',
  'wildcard',
  'cidr',
] as const;
const operators: ReadonlySet<string> = new Set(filterOperators);

/**
 * What is compared with every value of every event stays small: SNS would take 256 KB, lists of any length inside an
 * operator, and leaves the bus to run them again for `why` and for requests.
 */
const filterBytesMax = 32 * 1024;
const operandsMax = 150;
/** SNS takes at most three in a pattern. */
const asterisksMax = 3;
const patternCharactersMax = 256;

/**
 * Checks the shape of a filter; SNS, whose language it is, checks the operands.
 * https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
 * @throws BusbarError invalid_filter, naming the path.
 */
export function checkFilter(filter: unknown): Filter {
  if (!isObject(filter))
    throw invalidFilter('filter', 'must be an object of attribute names and lists of values');
  if (Object.keys(filter).length === 0) {
    throw invalidFilter('filter', 'is empty. Leave it out to receive every event');
  }
  const bytes = utf8Bytes(JSON.stringify(filter));
  if (bytes > filterBytesMax) {
    throw invalidFilter(
      'filter',
      `has ${bytes} bytes; at most ${filterBytesMax} are taken. List fewer values`,
    );
  }
  const combinations = checkNode(filter, 'filter', 1);
  const keys = new Set(topLevelKeys(filter as Filter)).size;
  if (keys > aws.sns.filterKeysMax) {
    throw invalidFilter('filter', `has ${keys} keys; SNS takes at most ${aws.sns.filterKeysMax}`);
  }
  if (combinations > aws.sns.filterCombinationsMax) {
    throw invalidFilter(
      'filter',
      `has ${combinations} combinations of values; SNS takes at most ${aws.sns.filterCombinationsMax}`,
    );
  }
  return filter as Filter;
}

/**
 * Counts the combinations of values as SNS does: the product, over all keys, of the number of values times the depth of
 * the key, summed over the alternatives of `$or`.
 */
function checkNode(node: Record<string, unknown>, path: string, depth: number): number {
  let combinations = 1;
  for (const [key, value] of Object.entries(node)) {
    const here = `${path}.${key}`;
    if (key === '$or') {
      if (!Array.isArray(value) || value.length < 2 || !value.every(isObject)) {
        throw invalidFilter(here, 'must be a list of at least two filters');
      }
      // The alternatives are at the level of `$or`, so they are not deeper.
      const counts = value.map((alternative, index) => checkNode(alternative, `${here}.${index}`, depth));
      combinations *= counts.reduce((sum, count) => sum + count, 0);
    } else if (Array.isArray(value)) {
      checkValues(value, here);
      combinations *= value.length * depth;
    } else if (isObject(value)) {
      if (depth === 1 && key !== 'data') {
        throw invalidFilter(
          here,
          'nests, but only data has fields of its own. An attribute takes a list of values',
        );
      }
      combinations *= checkNode(value, here, depth + 1);
    } else {
      throw invalidFilter(here, `must be a list, such as [${JSON.stringify(value)}]`);
    }
  }
  if (Object.keys(node).length === 0) throw invalidFilter(path, 'is an empty object');
  return combinations;
}

function checkValues(values: readonly unknown[], path: string): void {
  if (values.length === 0) throw invalidFilter(path, 'is an empty list, which no event matches');
  for (const [index, value] of values.entries()) {
    if (value === null || ['string', 'number', 'boolean'].includes(typeof value)) continue;
    const names = isObject(value) ? Object.keys(value) : [];
    const operator = names[0];
    if (names.length !== 1 || operator === undefined) {
      throw invalidFilter(
        `${path}.${index}`,
        'must be a string, number, boolean, null or an object of one operator',
      );
    }
    if (!operators.has(operator)) {
      throw invalidFilter(
        `${path}.${index}`,
        `has the unknown operator ${operator}. Use one of ${[...operators].join(', ')}`,
      );
    }
    checkOperand(operator, (value as Record<string, unknown>)[operator], `${path}.${index}`);
  }
}

/** Bounds the work of an operator; `anything-but` may list values, or hold one further operator that does. */
function checkOperand(operator: string, operand: unknown, path: string): void {
  if (operator === 'anything-but' && isObject(operand)) {
    for (const [inner, values] of Object.entries(operand)) checkOperand(inner, values, `${path}.${operator}`);
    return;
  }
  const listed = Array.isArray(operand) ? operand : [operand];
  if (listed.length > operandsMax) {
    throw invalidFilter(
      path,
      `lists ${listed.length} values in ${operator}; at most ${operandsMax} are taken`,
    );
  }
  if (operator !== 'wildcard') return;
  for (const pattern of listed) {
    if (typeof pattern !== 'string') continue;
    const asterisks = pattern.replaceAll(/\\./gs, '').split('*').length - 1;
    if (pattern.length <= patternCharactersMax && asterisks <= asterisksMax) continue;
    throw invalidFilter(
      path,
      `has a wildcard of ${pattern.length} characters with ${asterisks} asterisks; at most ${patternCharactersMax} with ${asterisksMax} are taken`,
    );
  }
}

/**
 * Where SNS looks: at the message attributes, which is free, when they have everything that the filter needs; otherwise
 * at the body, which is billed by the byte.
 */
export function filterScope(filter: Filter): 'MessageAttributes' | 'MessageBody' {
  // SNS compares attributes in their JSON-escaped form, so a filter would have to escape a quote or backslash twice
  // ("Filter policy constraints", attribute-based filtering). In the body it stands for itself.
  const hasEscape = JSON.stringify(filter).includes('\\');
  const travels = topLevelKeys(filter).every((name) =>
    (filterableAttributes as readonly string[]).includes(name),
  );
  return travels && !hasEscape ? 'MessageAttributes' : 'MessageBody';
}

function topLevelKeys(filter: Filter): string[] {
  return Object.entries(filter).flatMap(([key, value]) =>
    key === '$or' ? (value as readonly Filter[]).flatMap(topLevelKeys) : [key],
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalidFilter(path: string, problem: string): BusbarError {
  return invalidField(path, problem, 'invalid_filter');
}
