import type { Dice } from './dice.ts';

/**
 * How often each fault strikes, as a probability of each occasion; 0 for never. Every one of them happens on AWS, on
 * the network, or at an endpoint.
 */
export interface FaultRates {
  /** An invocation meets it: its instance dies at one of the moments that follow. */
  readonly crash: number;
  /** A call from a function: its instance dies before the call is made, or after it took effect. */
  readonly crashAtCall: number;
  /** An invocation gets a new instance though an idle one is there. */
  readonly coldStart: number;
  /** A call from a function never comes back: the function runs into its timeout. */
  readonly hang: number;
  /** A call from a function takes effect and its answer is lost on the way. */
  readonly lostAnswer: number;
  /** A call from a function takes seconds. */
  readonly slowCall: number;
  /** An AWS call is refused for its rate. */
  readonly throttle: number;
  /** An AWS call ends in a 5xx and does nothing. */
  readonly serverError: number;
  /** An entry of a batch call fails alone. */
  readonly failedEntry: number;
  /** A transaction of DynamoDB conflicts with another one. */
  readonly transactionConflict: number;
  /** A message that was received before is received again. */
  readonly duplicateMessage: number;
  /** The messages of one receive are out of their order (standard queues only). */
  readonly reorder: number;
  /** A message that was deleted is there all the same (standard queues only). */
  readonly undeleted: number;
  /** A batch of stream records, or another event that nobody waits for, is handed over twice. */
  readonly invokedTwice: number;
  /** An invocation starts late: records of a stream wait, a sandbox is slow to come up. */
  readonly lateStart: number;
  /** A schedule fires a second time. */
  readonly firedTwice: number;
}

export type FaultKind = keyof FaultRates;

/** What goes wrong in one run. */
export interface Profile {
  readonly rates: FaultRates;
  /** The clock of an instance is off by up to so much, either way. */
  readonly clockSkewMsMax: number;
  /** The part of the time in which an endpoint is unwell. */
  readonly endpointTrouble: number;
  /** How often the whole bus is killed and started again. */
  readonly restarts: number;
  /** How late a schedule may fire. */
  readonly schedulePrecisionMs: number;
  /** One receiver that is down for 28 hours, while nothing else fails. */
  readonly outage: boolean;
}

export const calm: FaultRates = {
  crash: 0,
  crashAtCall: 0,
  coldStart: 0,
  hang: 0,
  lostAnswer: 0,
  slowCall: 0,
  throttle: 0,
  serverError: 0,
  failedEntry: 0,
  transactionConflict: 0,
  duplicateMessage: 0,
  reorder: 0,
  undeleted: 0,
  invokedTwice: 0,
  lateStart: 0,
  firedTwice: 0,
};

/** How likely each fault is at most. Above, so little gets done that little is tested. */
const worst: FaultRates = {
  crash: 0.1,
  crashAtCall: 0.02,
  coldStart: 0.3,
  hang: 0.005,
  lostAnswer: 0.05,
  slowCall: 0.05,
  throttle: 0.1,
  serverError: 0.1,
  failedEntry: 0.15,
  transactionConflict: 0.2,
  duplicateMessage: 0.2,
  reorder: 0.5,
  undeleted: 0.1,
  invokedTwice: 0.2,
  lateStart: 0.2,
  firedTwice: 0.2,
};

/** Draws what goes wrong. Each fault is left out of half of the runs, for one fault may hide what another would show. */
export function drawProfile(dice: Dice): Profile {
  const rates = Object.fromEntries(
    Object.entries(worst).map(([kind, most]) => [kind, dice.chance(0.5) ? 0 : most * dice.next() ** 2]),
  ) as unknown as FaultRates;
  const outage = dice.chance(0.04);
  const isCalm = outage || dice.chance(0.08);
  return {
    rates: isCalm ? calm : rates,
    clockSkewMsMax: isCalm ? 0 : dice.pick([0, 5, 50, 500]),
    endpointTrouble: isCalm ? 0 : dice.pick([0, 0.1, 0.3, 0.6]),
    restarts: isCalm ? 0 : dice.pick([0, 0, 1, 2]),
    schedulePrecisionMs: 60_000,
    outage,
  };
}

/** The same run with some faults left out, to find those that matter. */
export function without(profile: Profile, kinds: readonly FaultKind[]): Profile {
  return { ...profile, rates: { ...profile.rates, ...Object.fromEntries(kinds.map((kind) => [kind, 0])) } };
}
