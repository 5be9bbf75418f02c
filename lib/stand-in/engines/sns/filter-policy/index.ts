import { checkComplexity, type FilterPolicyScope, filterPolicyLimits } from './complexity.ts';
import { fault } from './error.ts';
import { attributeFields, bodyFields, type Fields, type FilterAttribute } from './fields.ts';
import { branches, matchesBranch } from './match.ts';
import { parseFilterPolicy } from './parse.ts';

export type { FilterPolicyScope } from './complexity.ts';
export { FilterPolicyError } from './error.ts';
export type { FilterAttribute } from './fields.ts';

/** A filter policy, compiled once when it is set. */
export interface FilterPolicy {
  readonly scope: FilterPolicyScope;
  matches(message: FilteredMessage): boolean;
}

/** What the policies of a topic read of one message. Its body is parsed at most once for all of them. */
export interface FilteredMessage {
  readonly attributes: () => Fields;
  readonly body: () => Fields | undefined;
}

/**
 * Compiles a filter policy from JSON text. Throws `FilterPolicyError` in the words of SNS when the policy is
 * malformed or too complex.
 */
export function compileFilterPolicy(text: string, scope: FilterPolicyScope): FilterPolicy {
  if (Buffer.byteLength(text, 'utf8') > filterPolicyLimits.bytes) throw fault('Filter policy is too large');
  const clauses = parseFilterPolicy(text);
  checkComplexity(clauses, scope);
  const compiled = branches(clauses);
  const matchesAny = (fields: Fields) => compiled.some((branch) => matchesBranch(branch, fields));
  return {
    scope,
    matches(message) {
      if (scope === 'MessageBody') {
        const fields = message.body();
        return fields !== undefined && matchesAny(fields);
      }
      // "An empty set of attributes results in the filter not matching", not even `exists: false`.
      // https://docs.aws.amazon.com/sns/latest/dg/attribute-key-matching.html
      const fields = message.attributes();
      return fields.size > 0 && matchesAny(fields);
    },
  };
}

/** Prepares a message for the policies of a topic. */
export function filteredMessage(
  body: string,
  attributes: Readonly<Record<string, FilterAttribute>>,
): FilteredMessage {
  return { attributes: once(() => attributeFields(attributes)), body: once(() => bodyFields(body)) };
}

function once<T>(compute: () => T): () => T {
  let result: { readonly value: T } | undefined;
  return () => {
    result ??= { value: compute() };
    return result.value;
  };
}
