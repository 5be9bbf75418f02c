import type { Input } from '../engine.ts';
import { type Members, membersOf } from '../members.ts';
import { invalidParameter } from './errors.ts';

/** Reads the members of an input. On the wire, empty collections are empty strings. */
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

/** A member as a string for the permission check, which precedes validation and must tolerate any input. */
export function textOf(input: Input, name: string): string {
  const value = input[name];
  return typeof value === 'string' ? value : '';
}
