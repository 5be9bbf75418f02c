import type { Input } from '../engine.ts';
import { type Members, membersOf } from '../members.ts';
import { invalidParameter } from './errors.ts';

/** Reads the members of an action's input; the collections that stay empty are empty strings on the wire. */
export function readInput(
  action: string,
  input: Input,
  collections: Readonly<Record<string, 'list' | 'map'>> = {},
): Members {
  const read: Record<string, unknown> = { ...input };
  for (const [name, kind] of Object.entries(collections)) {
    if (read[name] === '') read[name] = kind === 'list' ? [] : {};
  }
  return membersOf(read, invalidParameter, action);
}

/** A member as a string for the check of permissions, which comes before the input is read and bears a wrong one. */
export function textOf(input: Input, name: string): string {
  const value = input[name];
  return typeof value === 'string' ? value : '';
}
