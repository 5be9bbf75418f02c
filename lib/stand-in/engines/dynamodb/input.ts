import type { Host, Input } from '../engine.ts';
import { constraint, notImplemented, serialization, validation } from './errors.ts';

/** Readers of request members. Each narrows an untyped value, and reports a wrong one in AWS's words. */

export function requireString(input: Input, member: string): string {
  const value = optionalString(input, member);
  if (value === undefined) throw constraint(lowerFirst(member), 'null', 'Member must not be null');
  return value;
}

export function optionalString(input: Input, member: string): string | undefined {
  const value = input[member];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw serialization(`${member} must be a string`);
  return value;
}

export function optionalBoolean(input: Input, member: string): boolean | undefined {
  const value = input[member];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'boolean') throw serialization(`${member} must be a boolean`);
  return value;
}

export function optionalInteger(input: Input, member: string, min: number, max: number): number | undefined {
  const value = input[member];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number') throw serialization(`${member} must be a number`);
  if (value < min) {
    throw constraint(
      lowerFirst(member),
      `'${value}'`,
      `Member must have value greater than or equal to ${min}`,
    );
  }
  if (value > max) {
    throw constraint(lowerFirst(member), `'${value}'`, `Member must have value less than or equal to ${max}`);
  }
  return Math.floor(value);
}

export function optionalChoice<T extends string>(
  input: Input,
  member: string,
  choices: readonly T[],
): T | undefined {
  const value = optionalString(input, member);
  if (value === undefined) return undefined;
  const chosen = choices.find((choice) => choice === value);
  if (chosen === undefined) {
    throw constraint(
      lowerFirst(member),
      `'${value}'`,
      `Member must satisfy enum value set: [${choices.join(', ')}]`,
    );
  }
  return chosen;
}

export function requireRecord(value: unknown, member: string): Input {
  if (value === undefined || value === null) {
    throw constraint(lowerFirst(member), 'null', 'Member must not be null');
  }
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw serialization(`Start of structure or map expected at '${member}'`);
  }
  return value as Input;
}

export function optionalRecord(input: Input, member: string): Input | undefined {
  const value = input[member];
  return value === undefined || value === null ? undefined : requireRecord(value, member);
}

export function optionalList(input: Input, member: string): readonly unknown[] | undefined {
  const value = input[member];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value)) throw serialization(`List expected at '${member}'`);
  return value;
}

export function requireList(
  input: Input,
  member: string,
  lengthMin: number,
  lengthMax: number,
): readonly unknown[] {
  const list = optionalList(input, member);
  if (list === undefined) throw constraint(lowerFirst(member), 'null', 'Member must not be null');
  checkLength(member, list.length, lengthMin, lengthMax);
  return list;
}

export function checkLength(member: string, length: number, min: number, max: number): void {
  if (length < min) {
    throw constraint(lowerFirst(member), `'[]'`, `Member must have length greater than or equal to ${min}`);
  }
  if (length > max) {
    throw constraint(
      lowerFirst(member),
      `'[${length} members]'`,
      `Member must have length less than or equal to ${max}`,
    );
  }
}

const tableName = /^[a-zA-Z0-9_.-]+$/;

/** A table or index name: 3 to 255 of the characters that AWS allows. Throws `ValidationException`. */
export function checkName(member: string, name: string): string {
  if (name.length < 3 || name.length > 255) {
    throw validation(`${member} must be at least 3 characters long and at most 255 characters long`);
  }
  if (!tableName.test(name)) {
    throw constraint(
      lowerFirst(member),
      `'${name}'`,
      'Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+',
    );
  }
  return name;
}

/** `TableName` may be a name or the ARN of a table of this account. */
export function requireTableName(host: Host, input: Input): string {
  const given = optionalString(input, 'TableName');
  if (given === undefined) {
    throw validation("The parameter 'TableName' is required but was not present in the request");
  }
  return tableNameOf(host, given);
}

export function tableNameOf(host: Host, nameOrArn: string): string {
  const prefix = tableArn(host, '');
  return checkName('TableName', nameOrArn.startsWith(prefix) ? nameOrArn.slice(prefix.length) : nameOrArn);
}

export function tableArn(host: Host, name: string): string {
  return `arn:aws:dynamodb:${host.region}:${host.account}:table/${name}`;
}

/** Item collection metrics are not kept; a request for them is rejected instead of ignored. */
export function rejectItemCollectionMetrics(input: Input): void {
  const asked = optionalChoice(input, 'ReturnItemCollectionMetrics', ['SIZE', 'NONE']);
  if (asked === 'SIZE') throw notImplemented('ReturnItemCollectionMetrics: SIZE');
}

function lowerFirst(member: string): string {
  return member.slice(0, 1).toLowerCase() + member.slice(1);
}
