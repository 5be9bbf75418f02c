import type { Input } from '../engine.ts';
import { isObject } from '../members.ts';
import { malformed, missingParameter } from './errors.ts';

/**
 * Readers of request members: each returns the member in its type, or undefined when it is missing. They are plain
 * functions instead of the shared `membersOf`, because they run for every message, and because SQS has different
 * errors for a missing member and for one of the wrong type.
 */

export function text(input: Input, member: string): string | undefined {
  const value = input[member];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw malformed(member, 'a string');
  return value;
}

export function requiredText(input: Input, member: string): string {
  const value = text(input, member);
  if (value === undefined) throw missingParameter(member);
  return value;
}

export function integer(input: Input, member: string): number | undefined {
  const value = input[member];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value)) throw malformed(member, 'an integer');
  return value;
}

export function texts(input: Input, member: string): readonly string[] | undefined {
  const value = input[member];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw malformed(member, 'a list of strings');
  }
  return value;
}

/** A map of names to strings. */
export function textMap(input: Input, member: string): Readonly<Record<string, string>> | undefined {
  const map = structure(input, member);
  if (map === undefined) return undefined;
  for (const [name, value] of Object.entries(map)) {
    if (typeof value !== 'string') throw malformed(`${member}.${name}`, 'a string');
  }
  return map as Readonly<Record<string, string>>;
}

export function structure(input: Input, member: string): Input | undefined {
  const value = input[member];
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw malformed(member, 'a map');
  return value;
}

export function structures(input: Input, member: string): readonly Input[] | undefined {
  const value = input[member];
  if (value === undefined || value === null) return undefined;
  if (!Array.isArray(value) || !value.every(isObject)) throw malformed(member, 'a list of structures');
  return value;
}
