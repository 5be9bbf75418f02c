/**
 * When this machine cannot keep up, publishes are answered 429, so accepting does not starve delivering. This
 * replaces the throttling of API Gateway and Lambda, which an account has but a single process does not. Only the
 * local target needs it.
 */
export interface ThrottleLimits {
  /** Publishes are throttled above this many ready messages while the event loop is saturated. */
  readonly highReady: number;
  /** Below this many they are accepted again. */
  readonly lowReady: number;
  /** The event loop is saturated from this utilization on (0 to 1). */
  readonly saturatedUtilization: number;
  /** Below this utilization the machine is not what delays deliveries, so publishes are accepted again. */
  readonly idleUtilization: number;
}

export const throttleLimits: ThrottleLimits = {
  highReady: 20_000,
  lowReady: 5_000,
  saturatedUtilization: 0.9,
  idleUtilization: 0.7,
};

/** What was measured since the last decision. */
export interface ThrottleSample {
  /** Messages that could be received now, in all queues that a function reads. */
  readonly readyMessages: number;
  /** Of the event loop, over the last interval (0 to 1). */
  readonly utilization: number;
  readonly nowMs: number;
}

export type Throttle =
  | { readonly accepting: true }
  | {
      readonly accepting: false;
      readonly retryAfterSeconds: number;
      /** When throttling began, and with which backlog: the drain rate is measured from there. */
      readonly sinceMs: number;
      readonly sinceReady: number;
    };

export const accepting: Throttle = { accepting: true };

const retryAfterSecondsMax = 60;

/**
 * Decides whether publishes are accepted. A long backlog alone never throttles: on an idle machine the receivers are
 * slow, and queues exist to wait for them.
 */
export function decideThrottle(before: Throttle, sample: ThrottleSample, limits: ThrottleLimits): Throttle {
  const { readyMessages, utilization, nowMs } = sample;
  if (before.accepting) {
    if (readyMessages <= limits.highReady || utilization < limits.saturatedUtilization) return accepting;
    return { accepting: false, retryAfterSeconds: 1, sinceMs: nowMs, sinceReady: readyMessages };
  }
  if (readyMessages < limits.lowReady || utilization < limits.idleUtilization) return accepting;
  const drained = before.sinceReady - readyMessages;
  const seconds = (nowMs - before.sinceMs) / 1000;
  const drainPerSecond = seconds > 0 ? drained / seconds : 0;
  // Nothing has drained yet, so the drain rate is unknown: use the longest wait.
  const waitSeconds =
    drainPerSecond > 0 ? (readyMessages - limits.lowReady) / drainPerSecond : retryAfterSecondsMax;
  return {
    ...before,
    retryAfterSeconds: Math.min(retryAfterSecondsMax, Math.max(1, Math.ceil(waitSeconds))),
  };
}
