import { createRequire } from 'node:module';

/** What is deployed in a file of its own beside the bundle of a function, and loaded only by those that come to need it. */
interface Parts {
  readonly 'lambda-client': typeof import('./lambda-client.ts');
  readonly 'scheduler-client': typeof import('./scheduler-client.ts');
  readonly 'schema-compiler': typeof import('./schema-compiler.ts');
  readonly 'sns-client': typeof import('./sns-client.ts');
  readonly 'staff-tokens': typeof import('./staff-tokens.ts');
  readonly zod: typeof import('./zod.ts');
}

/**
 * Loads a part, once for each function. It is synchronous, because under a virtual clock loading must take no time.
 * `lib/stacks/bundle.ts` writes the parts beside the bundles that name them.
 */
export function loadPart<Name extends keyof Parts>(name: Name): Parts[Name] {
  const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'cjs';
  return createRequire(import.meta.url)(`./${name}.${ending}`);
}
