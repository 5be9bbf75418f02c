import { invalidParameter } from './errors.ts';
import { snsLimits } from './limits.ts';

/**
 * One page of a list ordered by ARN, and the token of the next one if there is more. The token names the last item,
 * so items may be created and deleted between pages.
 */
export function page<T>(
  items: Iterable<T>,
  arnOf: (item: T) => string,
  token: string | undefined,
): { readonly items: readonly T[]; readonly NextToken?: string } {
  const after = token ? Buffer.from(token, 'base64').toString('utf8') : '';
  if (token && !after.startsWith('arn:')) throw invalidParameter('NextToken');
  const rest = [...items]
    .filter((item) => arnOf(item) > after)
    .sort((left, right) => (arnOf(left) < arnOf(right) ? -1 : 1));
  const found = rest.slice(0, snsLimits.pageSize);
  const last = found.at(-1);
  return last !== undefined && found.length < rest.length
    ? { items: found, NextToken: Buffer.from(arnOf(last)).toString('base64') }
    : { items: found };
}
