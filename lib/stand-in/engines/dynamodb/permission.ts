import type { Host, Input, Permission } from '../engine.ts';
import { AwsError } from '../engine.ts';
import { type AttributeValue, attributeOf, parseItem } from './attribute.ts';
import type { Database } from './database.ts';
import { tableArn, tableNameOf } from './input.ts';

/** What the actions of the service work on. */
export interface Context {
  readonly host: Host;
  readonly database: Database;
}

/** The permission for an action on the table in `TableName`; on any table when the input has none. */
export function onTable(context: Context, action: string, nameOrArn: unknown): Permission {
  return { action: `dynamodb:${action}`, resource: resourceOf(context.host, nameOrArn) };
}

/** The same with the partition keys that the call touches, for the condition key `dynamodb:LeadingKeys`. */
export function onItems(
  context: Context,
  action: string,
  nameOrArn: unknown,
  items: readonly unknown[],
): Permission {
  const permission = onTable(context, action, nameOrArn);
  const keys = items.map((item) => leadingKey(context, nameOrArn, item));
  const known = keys.filter((key) => key !== undefined);
  if (known.length === 0) return permission;
  return { ...permission, context: { 'dynamodb:LeadingKeys': [...new Set(known)] } };
}

function resourceOf(host: Host, nameOrArn: unknown): string {
  if (typeof nameOrArn !== 'string') return '*';
  return nameOrArn.startsWith('arn:') ? nameOrArn : tableArn(host, nameOrArn);
}

/** Undefined for an input that `handle` will reject: permissions are checked before the input is. */
function leadingKey({ host, database }: Context, nameOrArn: unknown, item: unknown): string | undefined {
  return unlessRejected(() => {
    if (typeof nameOrArn !== 'string') return undefined;
    const definition = database.tables.get(tableNameOf(host, nameOrArn))?.definition;
    if (definition === undefined || typeof item !== 'object' || item === null) return undefined;
    const { partition } = definition.key;
    const value = attributeOf(parseItem({ [partition]: (item as Input)[partition] }, 'Key'), partition);
    return value === undefined ? undefined : leadingKeyText(value);
  });
}

export function leadingKeyText(value: AttributeValue): string | undefined {
  if ('S' in value) return value.S;
  if ('N' in value) return value.N;
  return 'B' in value ? value.B : undefined;
}

/** The result of a reader, or undefined where it rejects the input: `handle` reports the error. */
export function unlessRejected<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof AwsError) return undefined;
    throw error;
  }
}
