import { type Input, type Operation, type Permission, rejectUnknownMembers } from '../engine.ts';
import { type AttributeValue, typeOf } from './attribute.ts';
import type { Position, SortRange } from './collection.ts';
import { sortableValue } from './compare.ts';
import type { KeyNames, TableDefinition } from './definition.ts';
import { invalidValues, validation } from './errors.ts';
import { Bindings, rejectStrayBindings } from './expressions/bindings.ts';
import { conditionPaths, readCondition, readProjection } from './expressions/index.ts';
import { type KeyTest, keyTests } from './expressions/key-condition.ts';
import { optionalBoolean, requireTableName } from './input.ts';
import { rejectEmptyKey } from './key.ts';
import { type PageRequest, pageMembers, readPage, readPageRequest, readStartKey } from './page.ts';
import { type Context, leadingKeyText, onTable, unlessRejected } from './permission.ts';

const members = [...pageMembers, 'KeyConditionExpression', 'ScanIndexForward'];

export function query(context: Context): Operation {
  return {
    permissions: (input) => [queryPermission(context, input)],
    handle(input) {
      rejectUnknownMembers('Query', input, members);
      const { request, partition, range } = readQuery(context, input);
      const after = readStartKey(input, request);
      if (after !== undefined) checkStart(after, partition, range, request.key);
      const forward = optionalBoolean(input, 'ScanIndexForward') ?? true;
      const rows = request.collection.query(sortableValue(partition), range, forward, after);
      return readPage(context.host, request, rows);
    },
  };
}

interface QueryRequest {
  readonly request: PageRequest;
  readonly partition: AttributeValue;
  readonly range: SortRange;
}

function readQuery(context: Context, input: Input): QueryRequest {
  requireTableName(context.host, input);
  rejectStrayBindings(input, ['ProjectionExpression', 'FilterExpression', 'KeyConditionExpression']);
  const bindings = new Bindings(input);
  const keyCondition = readCondition(input, 'KeyConditionExpression', bindings);
  if (keyCondition === undefined) {
    throw validation(
      'Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.',
    );
  }
  const filter = readCondition(input, 'FilterExpression', bindings);
  const projection = readProjection(input, bindings);
  bindings.rejectUnused();
  const tests = keyTests(keyCondition);
  if (tests.size > 2) throw validation('Conditions can be of length 1 or 2 only');

  const request = readPageRequest(context.host, context.database, input, filter, projection);
  const { partition, range } = readKeyTests(request, tests);
  for (const [name] of conditionPaths(filter)) {
    if (name === request.key.partition || name === request.key.sort) {
      throw validation(
        `Filter Expression can only contain non-primary key attributes: Primary key attribute: ${name}`,
      );
    }
  }
  return { request, partition, range };
}

function readKeyTests(
  request: PageRequest,
  tests: ReadonlyMap<string, KeyTest>,
): { readonly partition: AttributeValue; readonly range: SortRange } {
  const { key } = request;
  const { definition } = request.table;
  const partition = tests.get(key.partition);
  if (partition === undefined) throw missedKey(key.partition);
  const sort = key.sort === undefined ? undefined : tests.get(key.sort);
  if (tests.size === 2 && sort === undefined) {
    throw key.sort === undefined ? validation('Query key condition not supported') : missedKey(key.sort);
  }
  checkTypes(definition, key.partition, partition);
  if (partition.operator !== '=') throw validation('Query key condition not supported');
  if (sort === undefined || key.sort === undefined) {
    return { partition: partition.value, range: { from: undefined, to: undefined } };
  }
  checkTypes(definition, key.sort, sort);
  return { partition: partition.value, range: rangeOf(sort) };
}

function missedKey(name: string) {
  return validation(`Query condition missed key schema element: ${name}`);
}

function checkTypes(definition: TableDefinition, name: string, test: KeyTest): void {
  for (const value of test.operator === 'between' ? [test.low, test.high] : [test.value]) {
    if (typeOf(value) !== definition.attributeTypes[name]) {
      throw invalidValues('Condition parameter type does not match schema type');
    }
    rejectEmptyKey(value, name);
  }
}

function rangeOf(test: KeyTest): SortRange {
  const at = (value: AttributeValue, inclusive: boolean) => ({ sort: sortableValue(value), inclusive });
  switch (test.operator) {
    case '=':
      return { from: at(test.value, true), to: at(test.value, true) };
    case '<':
      return { from: undefined, to: at(test.value, false) };
    case '<=':
      return { from: undefined, to: at(test.value, true) };
    case '>':
      return { from: at(test.value, false), to: undefined };
    case '>=':
      return { from: at(test.value, true), to: undefined };
    case 'between':
      return { from: at(test.low, true), to: at(test.high, true) };
    case 'begins_with': {
      const from = at(test.value, true);
      const end = endOfPrefix(from.sort);
      return { from, to: end === undefined ? undefined : { sort: end, inclusive: false } };
    }
  }
}

/** The first text after all that begin with a prefix; undefined when there is none. */
function endOfPrefix(prefix: string): string | undefined {
  for (let length = prefix.length; length > 0; length--) {
    const unit = prefix.charCodeAt(length - 1);
    if (unit < 0xffff) return prefix.slice(0, length - 1) + String.fromCharCode(unit + 1);
  }
  return undefined;
}

function checkStart(
  after: Position,
  partition: AttributeValue,
  { from, to }: SortRange,
  key: KeyNames,
): void {
  const isInRange =
    (from === undefined || (from.inclusive ? after.sort >= from.sort : after.sort > from.sort)) &&
    (to === undefined || (to.inclusive ? after.sort <= to.sort : after.sort < to.sort));
  if (key.sort !== undefined && !isInRange) {
    throw validation('The provided starting key does not match the range key predicate');
  }
  if (after.partition !== sortableValue(partition)) {
    throw validation('The provided starting key is outside query boundaries based on provided conditions');
  }
}

function queryPermission(context: Context, input: Input): Permission {
  const permission = onTable(context, 'Query', input.TableName);
  const resource =
    typeof input.IndexName === 'string'
      ? `${permission.resource}/index/${input.IndexName}`
      : permission.resource;
  const leading = unlessRejected(() => leadingKeyText(readQuery(context, input).partition));
  return {
    ...permission,
    resource,
    ...(leading === undefined ? {} : { context: { 'dynamodb:LeadingKeys': [leading] } }),
  };
}
