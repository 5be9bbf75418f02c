/**
 * What is recorded of a topic's events: nothing, failures, or everything. A failing delivery has a record in any case
 * (see deliver/delivery.ts); `none` omits its single attempts, `all` adds the rows of why/trace.ts.
 */
export const traceModes = ['none', 'failures', 'all'] as const;

export type TraceMode = (typeof traceModes)[number];

/**
 * Tells the deliver function the trace mode of the topic at the time of the publish; a message without it is traced as
 * `failures`.
 */
export const traceAttribute = 'busbar-trace';

export function traceOf(attributes: Readonly<Record<string, string>>): TraceMode {
  const mode = attributes[traceAttribute];
  return mode === 'none' || mode === 'all' ? mode : 'failures';
}
