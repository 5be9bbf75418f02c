import * as z from 'zod';
import { failureKind } from '../deliver/delivery.ts';
import { retryJitterPart } from '../deliver/limits.ts';
import type { Outcome } from '../deliver/outcome.ts';
import { aws } from '../kernel/limits.ts';
import { retryAfterSeconds } from '../kernel/retry-after.ts';
import {
  breakerForcedWaitSeconds,
  breakerPauseSeconds,
  breakerPauseSecondsMax,
  breakerProbeSeconds,
  breakerRampStepSeconds,
} from './limits.ts';

/** From this many failed probes on, a minute and a half into an outage, the lanes are no longer polled. */
const probesBeforeStopping = 2;

/** When a receiver's breaker opens, and how it finds out that the endpoint is back. */
export interface BreakerPolicy {
  /** What tries the endpoint of an open breaker: one of the events that wait, or a HEAD request. */
  readonly probe: 'delivery' | 'head';
  /** The part of the attempts of a window whose failure opens it, over 0 and up to 1. */
  readonly failureRate: number;
  readonly windowSeconds: number;
  /** Fewer attempts in a window say nothing. */
  readonly minimumAttempts: number;
}

export const defaultBreaker: BreakerPolicy = {
  probe: 'delivery',
  failureRate: 0.5,
  windowSeconds: 300,
  minimumAttempts: 10,
};

/** How long an endpoint that works wants to be left alone: it answered 429 with a `Retry-After`. */
export interface Rest {
  readonly endpoint: string;
  readonly untilMs: number;
}

/** The breaker of one receiver. Times are epoch milliseconds. */
export type Breaker =
  | { readonly kind: 'closed'; readonly sinceMs: number; readonly reason: string; readonly rest?: Rest }
  | {
      readonly kind: 'open';
      readonly sinceMs: number;
      readonly reason: string;
      /** The endpoint that failed; with another one the breaker is closed. */
      readonly endpoint: string;
      readonly probesFailed: number;
      readonly nextProbeAtMs: number;
      /** Until then one invocation alone probes; it is over, or was cut off, after that. */
      readonly probingUntilMs: number;
      /** The lane is not polled any more: it is probed by a schedule. */
      readonly mappingStopped: boolean;
      /** Only deliveries of system events failed: its owner is not told, or that would be the next one. */
      readonly isQuiet?: true;
    }
  | {
      readonly kind: 'half-open';
      readonly sinceMs: number;
      readonly reason: string;
      readonly endpoint: string;
      readonly probesFailed: number;
      /** How many deliveries a batch may attempt. */
      readonly postsPerBatch: number;
      readonly steppedAtMs: number;
      readonly rest?: Rest;
      readonly isQuiet?: true;
    }
  /** By hand, until it is given back. */
  | { readonly kind: 'forced-open'; readonly sinceMs: number; readonly reason: string }
  | { readonly kind: 'forced-closed'; readonly sinceMs: number; readonly reason: string };

/** Where it is said, `isQuiet` tells that nothing but deliveries of system events failed. */
export type BreakerEvent =
  /** What the window of all invocations has come to. */
  | { readonly kind: 'counted'; readonly counts: Counts; readonly cause: string; readonly isQuiet?: boolean }
  /** An invocation wants to probe; it may when this changes the breaker. */
  | { readonly kind: 'probe-began' }
  /** The endpoint works; it may ask to be left alone all the same. */
  | { readonly kind: 'probe-succeeded'; readonly restUntilMs?: number | undefined }
  | { readonly kind: 'probe-failed'; readonly cause: string; readonly isQuiet?: boolean }
  /** What a batch of a half-open breaker came to. */
  | {
      readonly kind: 'batch-ended';
      readonly counts: Counts;
      readonly cause: string;
      readonly isQuiet?: boolean;
    }
  /** The endpoint asked to be left alone. */
  | { readonly kind: 'throttled'; readonly untilMs: number }
  | { readonly kind: 'mapping-stopped' }
  | { readonly kind: 'forced'; readonly to: 'open' | 'closed' | 'auto'; readonly by: string };

export interface Counts {
  readonly successes: number;
  readonly failures: number;
}

export interface BreakerContext {
  readonly policy: BreakerPolicy;
  readonly endpoint: string;
  readonly nowMs: number;
  /** In [0, 1). */
  readonly random: number;
}

/** A receiver whose breaker never changed has none kept. */
export const neverOpened: Breaker = { kind: 'closed', sinceMs: 0, reason: '' };

/** The breaker after an event; the very same one where the event changes nothing. */
export function reduceBreaker(breaker: Breaker, event: BreakerEvent, context: BreakerContext): Breaker {
  if (event.kind === 'forced') return force(breaker, event.to, event.by, context);
  if (event.kind === 'throttled') return leaveAlone(breaker, event.untilMs, context);
  switch (breaker.kind) {
    case 'closed':
      return event.kind === 'counted' ? trip(breaker, event, context) : breaker;
    case 'open':
      return whileOpen(breaker, event, context);
    case 'half-open':
      return whileHalfOpen(breaker, event, context);
    case 'forced-open':
    case 'forced-closed':
      return breaker;
  }
}

/** One that is open leaves its endpoint alone anyway, and one that is forced does as it was told. */
function leaveAlone(breaker: Breaker, untilMs: number, { endpoint }: BreakerContext): Breaker {
  if (breaker.kind !== 'closed' && breaker.kind !== 'half-open') return breaker;
  if (breaker.rest?.endpoint === endpoint && breaker.rest.untilMs >= untilMs) return breaker;
  return { ...breaker, rest: { endpoint, untilMs } };
}

type Open = Extract<Breaker, { kind: 'open' }>;
type HalfOpen = Extract<Breaker, { kind: 'half-open' }>;

function trip(
  closed: Breaker,
  { counts, cause, isQuiet }: Extract<BreakerEvent, { kind: 'counted' }>,
  context: BreakerContext,
): Breaker {
  const { policy, endpoint, nowMs } = context;
  const attempts = counts.successes + counts.failures;
  if (attempts < policy.minimumAttempts || counts.failures < attempts * policy.failureRate) return closed;
  return {
    kind: 'open',
    sinceMs: nowMs,
    reason: `${counts.failures} of ${attempts} attempts within ${policy.windowSeconds} s failed, the last one by ${cause}`,
    endpoint,
    probesFailed: 0,
    nextProbeAtMs: nextProbe(0, context),
    probingUntilMs: 0,
    mappingStopped: false,
    ...(isQuiet === true && { isQuiet }),
  };
}

function whileOpen(open: Open, event: BreakerEvent, context: BreakerContext): Breaker {
  const { nowMs } = context;
  switch (event.kind) {
    case 'probe-began':
      if (admit(open, nowMs).kind !== 'probe') return open;
      return { ...open, probingUntilMs: nowMs + breakerProbeSeconds * 1000 };
    case 'probe-succeeded': {
      const half = halfOpen(open, open.endpoint, open.probesFailed, context);
      return event.restUntilMs === undefined ? half : leaveAlone(half, event.restUntilMs, context);
    }
    case 'probe-failed':
      return openAgain(open, event, context);
    case 'mapping-stopped':
      return open.mappingStopped ? open : { ...open, mappingStopped: true };
    // The outcomes of batches that began before it opened.
    default:
      return open;
  }
}

function whileHalfOpen(half: HalfOpen, event: BreakerEvent, context: BreakerContext): Breaker {
  const { nowMs, policy } = context;
  switch (event.kind) {
    case 'batch-ended': {
      const { successes, failures } = event.counts;
      if (successes + failures === 0) return half;
      if (failures >= (successes + failures) * policy.failureRate) return openAgain(half, event, context);
      // By time and not by batch: ten batches that succeed at once are one step.
      if (nowMs - half.steppedAtMs < breakerRampStepSeconds * 1000) return half;
      const postsPerBatch = half.postsPerBatch * 2;
      if (postsPerBatch > aws.sqs.batchEntriesMax) {
        return { kind: 'closed', sinceMs: nowMs, reason: 'the endpoint is back' };
      }
      return { ...half, postsPerBatch, steppedAtMs: nowMs };
    }
    default:
      return half;
  }
}

function force(
  breaker: Breaker,
  to: 'open' | 'closed' | 'auto',
  by: string,
  context: BreakerContext,
): Breaker {
  const { nowMs } = context;
  const forced = breaker.kind === 'forced-open' || breaker.kind === 'forced-closed';
  switch (to) {
    case 'open':
      if (breaker.kind === 'forced-open') return breaker;
      return { kind: 'forced-open', sinceMs: nowMs, reason: `opened by hand by ${by}` };
    case 'closed':
      if (breaker.kind === 'forced-closed') return breaker;
      return { kind: 'forced-closed', sinceMs: nowMs, reason: `closed by hand by ${by}` };
    case 'auto':
      if (!forced) return breaker;
      // What waited meanwhile must not arrive all at once.
      if (breaker.kind === 'forced-open') return halfOpen(breaker, context.endpoint, 0, context);
      return { kind: 'closed', sinceMs: nowMs, reason: `given back by ${by}` };
  }
}

function halfOpen(
  before: Breaker,
  endpoint: string,
  probesFailed: number,
  { nowMs }: BreakerContext,
): Breaker {
  const { reason } = before;
  return {
    kind: 'half-open',
    sinceMs: nowMs,
    reason,
    endpoint,
    probesFailed,
    postsPerBatch: 1,
    steppedAtMs: nowMs,
    ...('isQuiet' in before && before.isQuiet === true && { isQuiet: before.isQuiet }),
  };
}

/** The outage goes on: the pause grows from where it was. */
function openAgain(
  before: Open | HalfOpen,
  { cause, isQuiet }: { readonly cause: string; readonly isQuiet?: boolean },
  context: BreakerContext,
): Open {
  const probesFailed = before.probesFailed + 1;
  return {
    kind: 'open',
    sinceMs: before.kind === 'open' ? before.sinceMs : context.nowMs,
    reason: before.kind === 'open' ? before.reason : `it failed again by ${cause} while half-open`,
    endpoint: before.endpoint,
    probesFailed,
    nextProbeAtMs: nextProbe(probesFailed, context),
    probingUntilMs: 0,
    mappingStopped: before.kind === 'open' && before.mappingStopped,
    // An event of a tenant failed as well: it is an outage that its owner is told of.
    ...(before.isQuiet === true && isQuiet === true && { isQuiet }),
  };
}

/** 30 s, 1 min, 2 min … 30 min after, and up to a tenth later. */
function nextProbe(probesFailed: number, { nowMs, random }: BreakerContext): number {
  const pause = Math.min(breakerPauseSeconds * 2 ** probesFailed, breakerPauseSecondsMax);
  return nowMs + Math.ceil(pause * (1 + retryJitterPart * random)) * 1000;
}

/** What a batch may do. Waits are in seconds, for whatever is not attempted. */
export type Admission =
  | { readonly kind: 'all' }
  | { readonly kind: 'some'; readonly posts: number; readonly restWaitsSeconds: number }
  | { readonly kind: 'none'; readonly waitSeconds: number }
  /** A probe is due, for whoever is first. */
  | { readonly kind: 'probe' };

/** What the breaker lets a batch do now. */
export function admit(breaker: Breaker, nowMs: number): Admission {
  switch (breaker.kind) {
    case 'closed':
      return resting(breaker.rest, nowMs) ?? { kind: 'all' };
    case 'forced-closed':
      return { kind: 'all' };
    case 'forced-open':
      return { kind: 'none', waitSeconds: breakerForcedWaitSeconds };
    case 'half-open':
      return (
        resting(breaker.rest, nowMs) ?? {
          kind: 'some',
          posts: breaker.postsPerBatch,
          restWaitsSeconds: breakerRampStepSeconds,
        }
      );
    case 'open': {
      const untilMs = Math.max(breaker.nextProbeAtMs, breaker.probingUntilMs);
      if (nowMs >= untilMs) return { kind: 'probe' };
      return { kind: 'none', waitSeconds: Math.ceil((untilMs - nowMs) / 1000) };
    }
  }
}

/** Waits that are long are cut, so that what is received is looked at again should the breaker be forced meanwhile. */
function resting(rest: Rest | undefined, nowMs: number): Admission | undefined {
  if (rest === undefined || nowMs >= rest.untilMs) return undefined;
  const waitSeconds = Math.ceil((rest.untilMs - nowMs) / 1000);
  return { kind: 'none', waitSeconds: Math.min(waitSeconds, breakerForcedWaitSeconds) };
}

/** Until when an endpoint wants no further requests (CloudEvents webhooks 1.0.2, section 2.2); undefined when it says nothing. */
export function restAskedFor(outcome: Outcome, nowMs: number): number | undefined {
  if (outcome.kind !== 'answer' || outcome.status !== 429) return undefined;
  const seconds = retryAfterSeconds(outcome.retryAfter, nowMs);
  return seconds === undefined || seconds === 0 ? undefined : nowMs + seconds * 1000;
}

/** Whether the outage has lasted so long that the lane is better not polled. */
export function shouldStopMapping(breaker: Breaker): boolean {
  return breaker.kind === 'open' && !breaker.mappingStopped && breaker.probesFailed >= probesBeforeStopping;
}

/** The breaker of a receiver that got another endpoint, where that ended an outage; undefined where it says nothing. */
export function afterMove(kept: Breaker | undefined, endpoint: string, nowMs: number): Breaker | undefined {
  if (kept === undefined || breakerOf(kept, endpoint) !== neverOpened) return undefined;
  return { kind: 'closed', sinceMs: nowMs, reason: 'the endpoint was changed' };
}

/** The breaker that stands for an endpoint: what another endpoint did says nothing about this one. */
export function breakerOf(kept: Breaker | undefined, endpoint: string): Breaker {
  if (kept === undefined) return neverOpened;
  const concerns = kept.kind === 'open' || kept.kind === 'half-open' ? kept.endpoint === endpoint : true;
  if (!concerns) return neverOpened;
  if (kept.kind !== 'closed' || kept.rest === undefined || kept.rest.endpoint === endpoint) return kept;
  const { rest: _, ...others } = kept;
  return others;
}

/**
 * How an outcome weighs. An endpoint that refuses an event, or asks for time by a 429, works; what it is sent, or how
 * fast, is another matter.
 */
export function weigh(outcome: Outcome): 'success' | 'failure' {
  if (outcome.kind === 'answer' ? outcome.status === 429 : outcome.says === 'slow-down') return 'success';
  return failureKind(outcome) === 'system' ? 'failure' : 'success';
}

/** What is asked of a breaker by hand; `auto` gives one that was forced back to its own judgement. */
export const forceBreakerSchema = z.strictObject({ state: z.enum(['open', 'closed', 'auto']) });
export type ForceBreakerSpec = z.infer<typeof forceBreakerSchema>;

/** The line of the log that an alarm counts. */
export const breakerOpened = 'A breaker opened';

/** What the API shows of a breaker. */
export interface ShownBreaker {
  readonly state: 'closed' | 'open' | 'half-open';
  readonly forced: boolean;
  /** RFC 3339; absent while it never opened. */
  readonly since?: string;
  readonly reason?: string;
  readonly nextProbeAt?: string;
  /** The endpoint asked to be left alone until then. */
  readonly restsUntil?: string;
}

export function showBreaker(breaker: Breaker, nowMs: number): ShownBreaker {
  const { kind, sinceMs, reason } = breaker;
  const forced = kind === 'forced-open' || kind === 'forced-closed';
  const rest = 'rest' in breaker ? breaker.rest : undefined;
  return {
    state: kind === 'forced-open' ? 'open' : kind === 'forced-closed' ? 'closed' : kind,
    forced,
    ...(sinceMs > 0 && { since: new Date(sinceMs).toISOString() }),
    ...(reason !== '' && { reason }),
    ...(kind === 'open' && { nextProbeAt: new Date(breaker.nextProbeAtMs).toISOString() }),
    ...(rest !== undefined && rest.untilMs > nowMs && { restsUntil: new Date(rest.untilMs).toISOString() }),
  };
}
