/**
 * What is recorded of a topic's events: nothing, what fails, or everything. Failing deliveries have a record in any
 * case (see delivery.ts); `none` leaves the single attempts out of it, `all` adds what is in this file.
 */
export const traceModes = ['none', 'failures', 'all'] as const;

export type TraceMode = (typeof traceModes)[number];

/** Tells the deliver function the topic's trace as of the publish; a message without it is traced as `failures`. */
export const traceAttribute = 'busbar-trace';

export function traceOf(attributes: Readonly<Record<string, string>>): TraceMode {
  const mode = attributes[traceAttribute];
  return mode === 'none' || mode === 'all' ? mode : 'failures';
}
