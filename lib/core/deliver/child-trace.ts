/**
 * The event's trace with a span of this attempt (W3C Trace Context). Undefined when the event brings anything but a
 * trace: a receiver would ignore it, and it may contain what no header can.
 */
export function childTrace(
  traceparent: string | undefined,
  random: { bytes(length: number): Uint8Array },
): string | undefined {
  const trace = /^00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})$/.exec(traceparent ?? '');
  if (trace === null) return undefined;
  return `00-${trace[1]}-${Buffer.from(random.bytes(8)).toString('hex')}-${trace[2]}`;
}
