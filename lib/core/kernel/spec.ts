import * as z from 'zod';
import { BusbarError } from './errors.ts';

/** Names become parts of queue names of at most 80 characters. */
export const nameCharactersMax = 48;

export const nameSchema = z
  .string()
  .regex(
    new RegExp(`^[a-z0-9][a-z0-9-]{0,${nameCharactersMax - 1}}$`),
    `is not a valid name: use 1 to ${nameCharactersMax} lower-case letters, digits and hyphens, not starting with a hyphen`,
  );

/**
 * Parses a body by a schema.
 * @throws BusbarError invalid_request, naming every wrong field by its path; invalid_filter from a filter.
 */
export function parseSpec<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: [...issue.path, key].join('.'),
        detail: 'is not a known field',
      }));
    }
    // A record's key reports its own issues inside; the path already names the key.
    const detail = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
    return [{ path: issue.path.join('.'), detail }];
  });
  const detail = fields
    .map((field) => `${field.path === '' ? 'The body' : field.path}: ${field.detail}`)
    .join('; ');
  throw new BusbarError('invalid_request', `${detail}.`, { fields });
}
