import { invalidField } from '../kernel/errors.ts';
import type { Filter } from './filter.ts';

/**
 * Checks what the operators of a filter are given, for filters that SNS does not see, or not yet: those of the system topic,
 * which the bus matches itself, and of requests. The rules are those of SNS
 * (https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html).
 * @param filter of a shape that `checkFilter` has accepted.
 * @throws BusbarError invalid_filter, naming the path.
 */
export function checkOperands(filter: Filter, path = 'filter'): void {
  for (const [name, value] of Object.entries(filter)) {
    const here = `${path}.${name}`;
    if (!Array.isArray(value)) checkOperands(value as Filter, here);
    else if (name === '$or') {
      for (const [at, alternative] of value.entries()) checkOperands(alternative as Filter, `${here}.${at}`);
    } else for (const [at, each] of value.entries()) checkValue(each, `${here}.${at}`);
  }
}

function checkValue(value: unknown, path: string): void {
  if (typeof value === 'number') checkNumber(value, path);
  if (typeof value !== 'object' || value === null) return;
  const [operator = '', operand] = Object.entries(value)[0] ?? [];
  checkOperand(operator, operand, `${path}.${operator}`);
}

function checkOperand(operator: string, operand: unknown, path: string): void {
  switch (operator) {
    case 'exists':
      if (typeof operand !== 'boolean') throw wrong(path, 'must be true or false');
      return;
    case 'numeric':
      checkNumeric(operand, path);
      return;
    case 'cidr':
      if (typeof operand !== 'string' || !isBlock(operand)) {
        throw wrong(path, 'must be a block of addresses, such as 10.0.0.0/8');
      }
      return;
    case 'anything-but':
      checkAnythingBut(operand, path);
      return;
    default:
      if (typeof operand !== 'string') throw wrong(path, 'must be a string');
  }
}

function checkAnythingBut(operand: unknown, path: string): void {
  const isObject = typeof operand === 'object' && operand !== null && !Array.isArray(operand);
  if (!isObject) {
    const values: readonly unknown[] = Array.isArray(operand) ? operand : [operand];
    const isUniform = ['string', 'number'].some((type) => values.every((value) => typeof value === type));
    if (values.length === 0 || !isUniform) {
      throw wrong(path, 'must be strings or numbers, or an operator such as {"prefix": "busbar.request."}');
    }
    return;
  }
  const [[operator, patterns] = ['', undefined], ...more] = Object.entries(operand);
  if (more.length > 0 || !['prefix', 'suffix', 'equals-ignore-case', 'wildcard'].includes(operator)) {
    throw wrong(path, 'takes one of prefix, suffix, equals-ignore-case and wildcard');
  }
  const list: readonly unknown[] = Array.isArray(patterns) ? patterns : [patterns];
  if (list.length === 0 || list.some((pattern) => typeof pattern !== 'string' || pattern === '')) {
    throw wrong(`${path}.${operator}`, 'must be a string that is not empty, or a list of them');
  }
}

/** One comparison, or a lower bound followed by an upper one. */
function checkNumeric(operand: unknown, path: string): void {
  const [first, low, second, high, ...more]: unknown[] = Array.isArray(operand) ? operand : [];
  const isOne = ['=', '<', '<=', '>', '>='].includes(String(first)) && typeof low === 'number';
  const hasTwo = second !== undefined || high !== undefined;
  const isTwo =
    ['>', '>='].includes(String(first)) &&
    ['<', '<='].includes(String(second)) &&
    typeof low === 'number' &&
    typeof high === 'number' &&
    low < high;
  if (!isOne || (hasTwo && !isTwo) || more.length > 0) {
    throw wrong(path, 'must be a comparison such as [">=", 5] or [">=", 5, "<", 10]');
  }
  for (const bound of [low, high]) if (typeof bound === 'number') checkNumber(bound, path);
}

function checkNumber(value: number, path: string): void {
  if (Math.abs(value) > 1e9) throw wrong(path, 'must be between -1,000,000,000 and 1,000,000,000');
}

function isBlock(text: string): boolean {
  const [, address = '', mask = ''] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text) ?? [];
  return address !== '' && Number(mask) <= (address.includes(':') ? 128 : 32);
}

const wrong = (path: string, problem: string) => invalidField(path, problem, 'invalid_filter');
