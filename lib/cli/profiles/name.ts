import { nameSchema } from '../../core/kernel/spec.ts';
import { usageError } from '../support/failure.ts';
import { plain } from '../support/plain.ts';

/** @throws CliError */
export function requireProfileName(name: string): string {
  const parsed = nameSchema.safeParse(name);
  if (parsed.success) return parsed.data;
  throw usageError(`The name of the profile ${plain(name)} ${parsed.error.issues[0]?.message}.`);
}
