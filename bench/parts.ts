/** One part of a run. */
export interface Part<Found> {
  readonly name: string;
  /** Parts that measure loads run in every round, the others only in the last one. */
  readonly everyRound: boolean;
  measure(): Promise<Found>;
  /** What the rounds found, as text. */
  report(found: readonly [Found, ...Found[]]): string;
}

export interface PartsRun {
  /** What each part found, one item per round; a part that failed is not in it. */
  readonly found: ReadonlyMap<string, readonly unknown[]>;
  readonly failures: ReadonlyMap<string, unknown>;
}

export interface PartsListener {
  started(name: string, round: number): void;
  /** A part has run for the last time. */
  ended(name: string, text: string): void;
  failed(name: string, error: unknown): void;
}

/**
 * Runs the parts, round by round, so that a disturbance of the machine affects all of them alike. Reports each part as
 * soon as it has ended. A part that fails is not run again, and the others go on.
 */
export async function runParts(
  parts: readonly Part<unknown>[],
  rounds: number,
  listener: PartsListener,
): Promise<PartsRun> {
  const found = new Map<string, [unknown, ...unknown[]]>();
  const failures = new Map<string, unknown>();
  for (let round = 1; round <= rounds; round++) {
    for (const { name, everyRound, measure, report } of parts) {
      if (failures.has(name) || (!everyRound && round < rounds)) continue;
      listener.started(name, round);
      try {
        const result = await measure();
        const earlier = found.get(name);
        const results: [unknown, ...unknown[]] = earlier === undefined ? [result] : [...earlier, result];
        found.set(name, results);
        if (round === rounds) listener.ended(name, report(results));
      } catch (error) {
        found.delete(name);
        failures.set(name, error);
        listener.failed(name, error);
      }
    }
  }
  return { found, failures };
}
