import type { Tone } from '../../ui/basics.tsx';

/** How a state of a receiver, a breaker or a redrive looks. */
export function stateTone(state: string): Tone {
  if (['active', 'closed', 'done'].includes(state)) return 'good';
  if (['disabled', 'open', 'halted', 'failed'].includes(state)) return 'bad';
  if (['paused', 'half-open', 'stopped'].includes(state)) return 'warn';
  return 'info';
}
