import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { attributeOf, expression, type Fields, type Key, keyItem } from './row.ts';

/** A change of a row, or the first write of it, that several writers can make in any order. */
export interface Merge extends Key {
  readonly document: unknown;
  readonly expiresAtSeconds: number;
  /** Fields that get these values. */
  readonly set: Fields;
  /** Fields that get these values unless they have one. */
  readonly once: Fields;
  /** Numbers that are added to fields. */
  readonly add: Readonly<Record<string, number>>;
}

/** The members of an update that makes the change. */
export function mergeUpdate(merge: Merge) {
  const names: Record<string, string> = { '#document': 'document', '#expiresAt': 'expiresAt' };
  const values: Record<string, AttributeValue> = {
    ':document': { S: JSON.stringify(merge.document) },
    ':expiresAt': { N: String(merge.expiresAtSeconds) },
  };
  /** One assignment for each field; `write` gets the placeholders of its name and its value. */
  const each = (letter: string, fields: Fields, write: (name: string, value: string) => string) =>
    Object.entries(fields).map(([name, value], at) => {
      names[`#${letter}${at}`] = name;
      values[`:${letter}${at}`] = attributeOf(value);
      return write(`#${letter}${at}`, `:${letter}${at}`);
    });
  const sets = [
    '#document = :document',
    '#expiresAt = :expiresAt',
    ...each('s', merge.set, (name, value) => `${name} = ${value}`),
    ...each('o', merge.once, (name, value) => `${name} = if_not_exists(${name}, ${value})`),
  ];
  const adds = each('a', merge.add, (name, value) => `${name} ${value}`);
  return {
    Key: keyItem(merge),
    UpdateExpression: `SET ${sets.join(', ')}${adds.length === 0 ? '' : ` ADD ${adds.join(', ')}`}`,
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  };
}

/** The members of an update that sets, removes and adds, if the row has the fields `where`. */
export function settleUpdate(
  key: Key,
  set: Fields,
  remove: readonly string[],
  where: Fields,
  add: Readonly<Record<string, number>> = {},
) {
  const sets = expression('s', set, ', ');
  const only = expression('w', where, ' AND ');
  const removed = remove.map((name, at) => [`#r${at}`, name] as const);
  const added = Object.entries(add).map(([name, value], at) => ({ at, name, value }));
  const clauses = [
    `SET ${sets.text}`,
    removed.length === 0 ? '' : `REMOVE ${removed.map(([placeholder]) => placeholder).join(', ')}`,
    added.length === 0 ? '' : `ADD ${added.map(({ at }) => `#a${at} :a${at}`).join(', ')}`,
  ];
  return {
    Key: keyItem(key),
    UpdateExpression: clauses.filter((clause) => clause !== '').join(' '),
    ConditionExpression: only.text,
    ExpressionAttributeNames: {
      ...sets.names,
      ...only.names,
      ...Object.fromEntries(removed),
      ...Object.fromEntries(added.map(({ at, name }) => [`#a${at}`, name])),
    },
    ExpressionAttributeValues: {
      ...sets.values,
      ...only.values,
      ...Object.fromEntries(added.map(({ at, value }) => [`:a${at}`, { N: String(value) }])),
    },
  };
}
