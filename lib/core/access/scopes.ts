import * as z from 'zod';
import { nameCharactersMax } from '../kernel/spec.ts';
import { scopesMax } from './limits.ts';

/** What narrows the role of a key: `read`, `manage`, `publish:<topic>`, `invoke:<receiver>`; a `*` may end a name. */
const scopeSchema = z
  .string()
  .regex(
    new RegExp(`^(read|manage|(publish|invoke):([a-z0-9][a-z0-9-]{0,${nameCharactersMax - 1}}\\*?|\\*))$`),
    'is not a scope: it is read, manage, publish:<topic> or invoke:<receiver>, where a * may end the name',
  );

export const scopesSchema = z
  .array(scopeSchema)
  .min(1, 'is empty, which would allow nothing: leave it out to allow all that the role does')
  .max(scopesMax);

/** Whether scopes allow all that another scope does, or a need written as one. */
export const covers = (scopes: readonly string[], other: string): boolean =>
  scopes.some((scope) => scope === other || (scope.endsWith('*') && other.startsWith(scope.slice(0, -1))));
