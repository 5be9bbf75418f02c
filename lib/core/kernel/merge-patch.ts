import * as z from 'zod';

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A document after a merge patch (RFC 7396): null removes a member, an object is merged, anything else replaces. */
export function mergePatch(document: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  // Not by assignment: a member may be named `__proto__`.
  const merged = new Map(isObject(document) ? Object.entries(document) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergePatch(merged.get(name), value));
  }
  return Object.fromEntries(merged);
}

/**
 * The body of a merge patch for settings with these fields. Their values are free: a null may stand anywhere, and the
 * rules are those of what the patch gives, which is parsed as a whole.
 */
export const patchSchemaOf = (shape: Readonly<Record<string, unknown>>) =>
  z.strictObject(Object.fromEntries(Object.keys(shape).map((name) => [name, z.unknown().optional()])));

export type Patch = Readonly<Record<string, unknown>>;
