import type { Breaker } from './breaker.ts';

/**
 * What a change of a breaker tells its owner: an outage is told once when it begins and once when it is over, whatever
 * lies between. One that only deliveries of system events opened is not told, or it would send the next one.
 */
export function newsOf(before: Breaker, after: Breaker): 'opened' | 'closed' | undefined {
  const was = isTold(before);
  const is = isTold(after);
  if (was === is) return undefined;
  return is ? 'opened' : 'closed';
}

function isTold(breaker: Breaker): boolean {
  if (breaker.kind === 'forced-open') return true;
  return (breaker.kind === 'open' || breaker.kind === 'half-open') && breaker.isQuiet !== true;
}
