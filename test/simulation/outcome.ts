import { type SimulationOptions, simulate } from './simulate.ts';
import type { FaultKind } from './world/profile.ts';

/** What a run came to, as plain data that goes from process to process. */
export interface Outcome {
  readonly seed: string;
  readonly hash: string;
  readonly problems: readonly Problem[];
  readonly events: number;
  readonly attempts: number;
  readonly deadLetters: number;
  readonly virtualMs: number;
  readonly faults: readonly string[];
}

export interface Problem {
  readonly checker: string;
  readonly message: string;
  readonly timeline: readonly string[];
}

/** A run as it is asked for. */
export interface Job {
  readonly seed: string;
  readonly minutes: number;
  /** Faults that are left out. */
  readonly without?: readonly FaultKind[];
}

/** So many problems of one run tell what there is to tell. */
const problemsMax = 5;

/** Runs one seed; what breaks the simulation itself is a problem of the run as well. */
export async function outcomeOf(job: SimulationOptions & Job): Promise<Outcome> {
  try {
    const result = await simulate(job);
    const { profile } = result;
    return {
      seed: result.seed,
      hash: result.hash,
      problems: result.violations.slice(0, problemsMax).map((violation) => ({
        checker: violation.checker,
        message: violation.message,
        timeline: result.timeline(violation),
      })),
      events: result.events,
      attempts: result.attempts,
      deadLetters: result.deadLetters,
      virtualMs: result.virtualMs,
      faults: [
        ...Object.entries(profile.rates).flatMap(([kind, rate]) => (rate > 0 ? [kind] : [])),
        ...(profile.outage ? ['outage'] : []),
        ...(profile.restarts > 0 ? [`restarts ${profile.restarts}`] : []),
        ...(profile.clockSkewMsMax > 0 ? [`skew ${profile.clockSkewMsMax} ms`] : []),
        ...(profile.endpointTrouble > 0 ? [`endpoints ${profile.endpointTrouble}`] : []),
      ],
    };
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return {
      seed: job.seed,
      hash: '',
      problems: [{ checker: 'simulation', message, timeline: [] }],
      events: 0,
      attempts: 0,
      deadLetters: 0,
      virtualMs: 0,
      faults: [],
    };
  }
}
