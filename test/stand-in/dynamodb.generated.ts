import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import fc from 'fast-check';

/**
 * Generated calls over few keys and attribute names, so that calls condition on, change and read what others wrote.
 * Known faults of dynalite, which answers the same calls, are left out; each omission gives the reason.
 */
export type Call =
  | { readonly action: 'PutItem' | 'UpdateItem' | 'DeleteItem' | 'GetItem'; readonly input: object }
  | { readonly action: 'Query' | 'Scan'; readonly input: object; readonly pageLimit: number | undefined };

type Values = Record<string, AttributeValue>;

/** An expression with the placeholders that it uses. */
interface Expression {
  readonly text: string;
  readonly values: Values;
}

const partition = fc.constantFrom('p', 'q').map((S) => ({ S }));
const sort = fc.constantFrom('-12', '-1.5', '0', '0.001', '1', '2', '10', '1e20').map((N) => ({ N }));
const key = fc.record({ pk: partition, sk: sort });

const number = fc
  .constantFrom('-3', '0', '1', '1.5', '20', '1e-3', '12345678901234567890')
  .map((N) => ({ N }));
// dynalite takes '' and false for absent in IN, BETWEEN, size and attribute_type.
const string = fc.constantFrom('a', 'ab', 'abc', 'b', 'é', '🎈').map((S) => ({ S }));
// dynalite compares binaries as UTF-8 text, so bytes above 127 are left out.
const binary = fc.constantFrom('a', 'ab', 'b').map((text) => ({ B: Buffer.from(text) }));
const scalar = fc.oneof(number, string, binary);
const set = fc.oneof(
  fc.uniqueArray(fc.constantFrom('1', '2', '3.5'), { minLength: 1 }).map((NS) => ({ NS })),
  fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }).map((SS) => ({ SS })),
);
const simple = fc.oneof(scalar, set, fc.constant({ BOOL: true }), fc.constant({ NULL: true as const }));
const list = fc.array(simple, { maxLength: 3 }).map((L) => ({ L }));
const map = fc
  .record({ x: simple, y: fc.oneof(simple, list) }, { requiredKeys: [] })
  .map((M) => ({ M }) as AttributeValue);
const value: fc.Arbitrary<AttributeValue> = fc.oneof(
  { weight: 3, arbitrary: simple },
  list as fc.Arbitrary<AttributeValue>,
  map,
);

const attributes = fc.record(
  {
    a: value,
    b: value,
    m: map,
    l: list as fc.Arbitrary<AttributeValue>,
    g: fc.oneof(string, number),
    h: number,
  },
  { requiredKeys: [] },
);

const path = fc.constantFrom('a', 'b', 'm', 'm.x', 'm.y', 'm.y[0]', 'l', 'l[0]', 'l[1]', 'pk', 'sk', 'a.x');

/** Gives every value of an expression its own placeholder. */
function withValues(prefix: string, parts: readonly (string | AttributeValue)[]): Expression {
  const values: Values = {};
  const text = parts.map((part) => {
    if (typeof part === 'string') return part;
    const placeholder = `:${prefix}${Object.keys(values).length}`;
    values[placeholder] = part;
    return placeholder;
  });
  return { text: text.join(' '), values };
}

type Parts = readonly (string | AttributeValue)[];

const comparison: fc.Arbitrary<Parts> = fc.oneof(
  // dynalite compares lists and maps by identity, so they are not compared with = and IN.
  fc.tuple(path, fc.constantFrom('=', '<>'), simple).map((parts): Parts => parts),
  fc.tuple(path, fc.constantFrom('<', '<=', '>', '>='), scalar).map((parts): Parts => parts),
  // dynalite treats two absent attributes as equal, and orders sets: one of two paths is a key, and = is left out.
  fc.tuple(path, fc.constantFrom('<', '>'), fc.constantFrom('pk', 'sk')).map((parts): Parts => parts),
  fc.tuple(path, scalar, scalar).map(([operand, low, high]): Parts => [operand, 'BETWEEN', low, 'AND', high]),
  fc.tuple(path, simple, simple).map(([operand, one, two]): Parts => [operand, 'IN (', one, ',', two, ')']),
  fc
    .tuple(fc.constantFrom('attribute_exists', 'attribute_not_exists'), path)
    .map(([name, operand]): Parts => [`${name}(${operand})`]),
  fc
    .tuple(path, fc.constantFrom('S', 'N', 'B', 'SS', 'NS', 'L', 'M', 'BOOL', 'NULL'))
    .map(([operand, type]): Parts => [`attribute_type(${operand},`, { S: type }, ')']),
  fc
    .tuple(path, fc.oneof(string, binary))
    .map(([operand, prefix]): Parts => [`begins_with(${operand},`, prefix, ')']),
  fc.tuple(path, scalar).map(([operand, part]): Parts => [`contains(${operand},`, part, ')']),
  fc
    .tuple(path, fc.constantFrom('=', '<', '>='), fc.constantFrom('1', '2', '3'))
    .map(([operand, operator, N]): Parts => [`size(${operand})`, operator, { N }]),
);

const conditionParts: fc.Arbitrary<Parts> = fc.letrec<{ condition: Parts }>((tie) => ({
  condition: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    comparison,
    fc
      .tuple(comparison, fc.constantFrom('AND', 'OR'), tie('condition'))
      .map(([left, operator, right]): Parts => [...left, operator, ...right]),
    fc
      .tuple(comparison, tie('condition'))
      .map(([left, right]): Parts => ['NOT', ...left, 'AND (', ...right, 'OR', ...left, ')']),
  ),
})).condition;

const condition = conditionParts.map((parts) => withValues('c', parts));

// dynalite's operands share what they read, so ADD and DELETE in the same expression also change a SET; and it takes
// list indexes one after another, as REMOVE shifts them. So each expression has one clause, and each REMOVE one list
// index. For the same reason an operand is never the container of a target.
const source = fc.constantFrom('b', 'm.x', 'm.y[0]', 'l[1]', 'pk', 'sk', 'h', 'absent');
const operand: fc.Arbitrary<Parts> = fc.oneof(
  value.map((one): Parts => [one]),
  source.map((one): Parts => [one]),
  fc.tuple(source, value).map(([one, other]): Parts => [`if_not_exists(${one},`, other, ')']),
  fc.tuple(source, fc.constantFrom('+', '-'), number).map((parts): Parts => parts),
  fc.tuple(source, list).map(([one, other]): Parts => [`list_append(${one},`, other as AttributeValue, ')']),
);
const target = fc.constantFrom('a', 'b', 'm.x', 'm.y[0]', 'l[0]', 'l[5]', 'g', 'h', 'c', 'a.x');
const updateParts: fc.Arbitrary<Parts> = fc.oneof(
  fc
    .uniqueArray(fc.tuple(target, operand), { minLength: 1, maxLength: 3, selector: ([one]) => one })
    .map(
      (sets): Parts => [
        'SET',
        ...sets.flatMap(([one, parts], index) => [...(index === 0 ? [] : [',']), one, '=', ...parts]),
      ],
    ),
  fc
    .uniqueArray(fc.constantFrom('a', 'b', 'm.x', 'm.y[0]', 'l[1]', 'g', 'h'), { minLength: 1, maxLength: 3 })
    .map((paths): Parts => ['REMOVE', paths.join(', ')]),
  fc
    .tuple(fc.constantFrom('a', 'b', 'h', 'm.x', 'c'), fc.oneof(number, set))
    .map((parts): Parts => ['ADD', ...parts]),
  fc.tuple(fc.constantFrom('a', 'b', 'm.x'), set).map((parts): Parts => ['DELETE', ...parts]),
);
const update = updateParts.map((parts) => withValues('u', parts));

const projection = fc
  .uniqueArray(fc.constantFrom('pk', 'a', 'b', 'm.x', 'm.y', 'l[0]', 'l[1]'), { minLength: 1, maxLength: 3 })
  .map((paths) => paths.join(', '));

/** Joins expressions into the members of a request. */
function expressions(named: Readonly<Record<string, Expression | undefined>>): object {
  const members: Record<string, string> = {};
  const values: Values = {};
  for (const [member, expression] of Object.entries(named)) {
    if (expression === undefined) continue;
    members[member] = expression.text;
    Object.assign(values, expression.values);
  }
  return Object.keys(values).length === 0 ? members : { ...members, ExpressionAttributeValues: values };
}

const maybeCondition = fc.option(condition, { nil: undefined, freq: 2 });

const sortTest: fc.Arbitrary<Parts> = fc.oneof(
  fc.constant([]),
  fc
    .tuple(fc.constantFrom('=', '<', '<=', '>', '>='), sort)
    .map(([operator, one]): Parts => ['AND sk', operator, one]),
  fc.tuple(sort, sort).map(([low, high]): Parts => ['AND sk BETWEEN', low, 'AND', high]),
);

/** A query of the table, of its global index (which may be sparse) or of its local one. */
const keyCondition = fc.oneof(
  fc.tuple(partition, sortTest).map(([one, test]) => ({
    index: undefined,
    expression: withValues('k', ['pk =', one, ...test]),
  })),
  fc.tuple(string, fc.boolean(), partition).map(([g, withPk, pk]) => ({
    index: 'by-g',
    expression: withValues('k', withPk ? ['g =', g, 'AND pk =', pk] : ['g =', g]),
  })),
  fc.tuple(partition, number).map(([pk, h]) => ({
    index: 'by-h',
    expression: withValues('k', ['pk =', pk, 'AND h >=', h]),
  })),
);

/** A filter may not name a key attribute of the queried table or index. */
const filter = fc.option(
  conditionParts
    .filter((parts) => !parts.some((part) => typeof part === 'string' && /\b[ps]k\b/.test(part)))
    .map((parts) => withValues('f', parts)),
  { nil: undefined },
);

export const call: fc.Arbitrary<Call> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({
        key,
        attributes,
        condition: maybeCondition,
        ReturnValues: fc.constantFrom('NONE', 'ALL_OLD'),
      })
      .map(
        (one): Call => ({
          action: 'PutItem',
          input: {
            Item: { ...one.attributes, ...one.key },
            ReturnValues: one.ReturnValues,
            ...expressions({ ConditionExpression: one.condition }),
          },
        }),
      ),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({
        Key: key,
        update,
        condition: maybeCondition,
        ReturnValues: fc.constantFrom('NONE', 'ALL_OLD', 'ALL_NEW', 'UPDATED_OLD', 'UPDATED_NEW'),
      })
      .map(
        ({ Key, ReturnValues, update: changes, condition: test }): Call => ({
          action: 'UpdateItem',
          input: {
            Key,
            ReturnValues,
            ...expressions({ UpdateExpression: changes, ConditionExpression: test }),
          },
        }),
      ),
  },
  fc.record({ Key: key, condition: maybeCondition, ReturnValues: fc.constantFrom('NONE', 'ALL_OLD') }).map(
    ({ Key, ReturnValues, condition: test }): Call => ({
      action: 'DeleteItem',
      input: { Key, ReturnValues, ...expressions({ ConditionExpression: test }) },
    }),
  ),
  fc
    .record({ Key: key, ProjectionExpression: fc.option(projection, { nil: undefined }) })
    .map((input): Call => ({ action: 'GetItem', input })),
  fc.record({ keyCondition, filter, forward: fc.boolean(), pageLimit: fc.constantFrom(undefined, 1, 2) }).map(
    (one): Call => ({
      action: 'Query',
      pageLimit: one.pageLimit,
      input: {
        IndexName: one.keyCondition.index,
        ScanIndexForward: one.forward,
        ...expressions({ KeyConditionExpression: one.keyCondition.expression, FilterExpression: one.filter }),
      },
    }),
  ),
  fc
    .record({
      condition: maybeCondition,
      pageLimit: fc.constantFrom(undefined, 1, 3),
      IndexName: fc.constantFrom(undefined, 'by-g', 'by-h'),
    })
    .map(
      ({ condition: test, pageLimit, IndexName }): Call => ({
        action: 'Scan',
        pageLimit,
        input: { IndexName, ...expressions({ FilterExpression: test }) },
      }),
    ),
);
