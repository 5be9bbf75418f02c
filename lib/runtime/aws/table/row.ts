import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { utf8Bytes } from '../../../core/event/event.ts';
import { aws } from '../../../core/kernel/limits.ts';

export interface Key {
  readonly pk: string;
  readonly sk: string;
}

/** A row of the bus table. Its document is stored as JSON text and read back unchanged. */
export interface Row<Document = unknown> extends Key {
  readonly document: Document;
  /** Epoch seconds after which DynamoDB may delete the row, and readers ignore it. */
  readonly expiresAtSeconds?: number;
  /** Attributes beside the document, which can be changed alone and used in conditions. */
  readonly fields?: Fields;
}

/** Attributes beside the document; none has the name of a key, of the document or of the expiry. */
export type Fields = Readonly<Record<string, string | number>>;

/** The row after a change, or as it stands when the condition refused the change. */
export interface Changed {
  readonly done: boolean;
  readonly row: Row | undefined;
}

/** Whether a row can have this key: DynamoDB refuses to look up a longer one, so no row has it. */
export const canBeKey = ({ pk, sk }: Key): boolean =>
  utf8Bytes(pk) <= aws.dynamodb.partitionKeyBytesMax && utf8Bytes(sk) <= aws.dynamodb.sortKeyBytesMax;

export function keyItem(key: Key): Record<string, AttributeValue> {
  return { pk: { S: key.pk }, sk: { S: key.sk } };
}

export const attributeOf = (value: string | number): AttributeValue =>
  typeof value === 'number' ? { N: String(value) } : { S: value };

/** `#s0 = :s0, …` for fields, with its names and values. */
export function expression(letter: string, fields: Fields, separator: string) {
  const entries = Object.entries(fields);
  return {
    text: entries.map((_, at) => `#${letter}${at} = :${letter}${at}`).join(separator),
    names: Object.fromEntries(entries.map(([name], at) => [`#${letter}${at}`, name])),
    values: Object.fromEntries(entries.map(([, value], at) => [`:${letter}${at}`, attributeOf(value)])),
  };
}

export function item(row: Row): Record<string, AttributeValue> {
  return {
    ...Object.fromEntries(
      Object.entries(row.fields ?? {}).map(([name, value]) => [name, attributeOf(value)]),
    ),
    ...keyItem(row),
    document: { S: JSON.stringify(row.document) },
    ...(row.expiresAtSeconds !== undefined && { expiresAt: { N: String(row.expiresAtSeconds) } }),
  };
}

export function rowOf(attributes: Record<string, AttributeValue>): Row {
  const { pk, sk, document, expiresAt, ...others } = attributes;
  const fields = Object.entries(others).flatMap(([name, value]) =>
    value.S !== undefined ? [[name, value.S]] : value.N !== undefined ? [[name, Number(value.N)]] : [],
  );
  return {
    pk: pk?.S ?? '',
    sk: sk?.S ?? '',
    document: JSON.parse(document?.S ?? 'null'),
    ...(expiresAt?.N !== undefined && { expiresAtSeconds: Number(expiresAt.N) }),
    ...(fields.length > 0 && { fields: Object.fromEntries(fields) }),
  };
}
