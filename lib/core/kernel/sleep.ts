/** Waits by the given clock, which a test can move. It is in core because app and runtime both wait. */
export function sleep(
  clock: { setTimer(delayMs: number, action: () => void): unknown },
  ms: number,
): Promise<void> {
  return new Promise((resolve) => clock.setTimer(Math.max(0, ms), resolve));
}
