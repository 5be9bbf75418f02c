/**
 * When this machine cannot keep up, publishing is answered 429 before accepting starves delivering. It stands for
 * the throttling of API Gateway and Lambda, which an account has and a single process has not; it exists in the
 * local target only.
 */
export interface AdmissionLimits {
  /** Above this many ready messages, with a saturated event loop, publishing is refused. */
  readonly highReady: number;
  /** Below this many it is accepted again. */
  readonly lowReady: number;
  /** The event loop is saturated from this utilization on (0 to 1). */
  readonly saturatedUtilization: number;
  /** Below this one the machine is not what holds deliveries up, so publishing is accepted again. */
  readonly idleUtilization: number;
}

export const admissionLimits: AdmissionLimits = {
  highReady: 20_000,
  lowReady: 5_000,
  saturatedUtilization: 0.9,
  idleUtilization: 0.7,
};

/** What was seen since the last decision. */
export interface AdmissionSample {
  /** Messages that could be received now, in all queues that a function reads. */
  readonly readyMessages: number;
  /** Of the event loop, over the last interval (0 to 1). */
  readonly utilization: number;
  readonly nowMs: number;
}

export type Admission =
  | { readonly accepting: true }
  | {
      readonly accepting: false;
      readonly retryAfterSeconds: number;
      /** When and with which backlog it began to refuse: the drain rate is measured from there. */
      readonly sinceMs: number;
      readonly sinceReady: number;
    };

export const accepting: Admission = { accepting: true };

const retryAfterSecondsMax = 60;

/**
 * Decides whether publishing is accepted. A long backlog alone never refuses: with an idle machine it is the
 * receivers who are slow, and to wait for them is what queues are for.
 */
export function decideAdmission(
  before: Admission,
  sample: AdmissionSample,
  limits: AdmissionLimits,
): Admission {
  const { readyMessages, utilization, nowMs } = sample;
  if (before.accepting) {
    if (readyMessages <= limits.highReady || utilization < limits.saturatedUtilization) return accepting;
    return { accepting: false, retryAfterSeconds: 1, sinceMs: nowMs, sinceReady: readyMessages };
  }
  if (readyMessages < limits.lowReady || utilization < limits.idleUtilization) return accepting;
  const drained = before.sinceReady - readyMessages;
  const seconds = (nowMs - before.sinceMs) / 1000;
  const drainPerSecond = seconds > 0 ? drained / seconds : 0;
  // Nothing drained yet: the longest wait is the only honest guess.
  const waitSeconds =
    drainPerSecond > 0 ? (readyMessages - limits.lowReady) / drainPerSecond : retryAfterSecondsMax;
  return {
    ...before,
    retryAfterSeconds: Math.min(retryAfterSecondsMax, Math.max(1, Math.ceil(waitSeconds))),
  };
}
