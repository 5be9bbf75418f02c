import * as z from 'zod';
import { BusbarError } from '../kernel/errors.ts';
import { bus } from '../kernel/limits.ts';
import { releaseRoundEvents } from './limits.ts';

/** A hold begins this long after the last publisher knows of it, since clocks of machines differ. */
export const holdMarginMs = 250;

/** How long the lease of a release lasts; every round prolongs it. */
const releaseLeaseSeconds = 60;

/** At the end of a release publishers wait at most this long until every held event is out. */
const releaseGateMs = 5000;

/**
 * The hold of a topic: its events are stored instead of routed, and released later in their order.
 *
 *   (none) ── hold ──▶ holding ── release ──▶ releasing ── drained ──▶ closing ── over ──▶ released
 *                         ▲                    │    ▲                    │  │                  │
 *                         └─────── hold ───────┴────┼───── hold ─────────┘  │                  │
 *                         ▲                         └───── reopen ──────────┘                  │
 *                         └─────────────────── hold (a new one) ───────────────────────────────┘
 *
 * While it is `closing`, publishers neither store nor route: they wait for a moment until every held event is out, so
 * nothing overtakes it. The API shows `closing` as `releasing`.
 */
export const holdStates = ['holding', 'releasing', 'closing', 'released'] as const;
export type HoldState = (typeof holdStates)[number];

/** `hand`: a call of the API. `rule`: the topic's `holdWhen`. */
export type By = 'hand' | 'rule';

/** A hold, as its row keeps it. Times named `At` and `since` are RFC 3339. */
export interface Hold {
  readonly topic: string;
  readonly id: string;
  readonly state: HoldState;
  /** Who put it on hold, or took over the hold from the rule. */
  readonly by: By;
  /** The application whose key was used. */
  readonly application?: string;
  readonly reason?: string;
  readonly since: string;
  /** Events that are published from then on are stored: every publisher knows about the hold by then. */
  readonly fromMs: number;
  readonly releasedBy?: By;
  readonly releaseStartedAt?: string;
  readonly perSecond?: number;
  /** How many events the release has routed. */
  readonly released: number;
  /** When the release was over. */
  readonly releasedAt?: string;
  readonly nextSendAtMs: number;
  /** Why the release does not make progress at the moment. */
  readonly trouble?: string;
  /** The worker that releases; no other one does until its lease ends. */
  readonly worker?: string;
  readonly leaseUntilMs: number;
  /** While it is closing: publishers wait no longer than this. */
  readonly gateUntilMs: number;
}

/** What may happen to a hold. */
export type HoldMessage =
  | { readonly kind: 'hold'; readonly by: By; readonly application?: string; readonly reason?: string }
  | { readonly kind: 'release'; readonly by: By; readonly perSecond?: number }
  /** A worker wants to continue the release. */
  | { readonly kind: 'take'; readonly worker: string }
  /** A round of the release: this many events are out. */
  | {
      readonly kind: 'sent';
      readonly worker: string;
      readonly count: number;
      readonly nextSendAtMs: number;
      readonly trouble?: string;
    }
  /** Every event that was held is out. */
  | { readonly kind: 'drained'; readonly worker: string }
  /** No further event came. */
  | { readonly kind: 'over'; readonly worker: string }
  /** More events came than publishers can wait for, or the worker that was closing died. */
  | { readonly kind: 'reopen'; readonly worker?: string }
  /** The worker stops for now. */
  | { readonly kind: 'leave'; readonly worker: string };

export type HoldStep =
  | { readonly kind: 'none' }
  | { readonly kind: 'change'; readonly to: Hold }
  | { readonly kind: 'reject'; readonly error: BusbarError };

const none: HoldStep = { kind: 'none' };
const change = (to: Hold): HoldStep => ({ kind: 'change', to });

/** What a message does to the hold of a topic; every state handles every message. */
export function stepHold(
  topic: string,
  hold: Hold | undefined,
  message: HoldMessage,
  nowMs: number,
  newId: string,
): HoldStep {
  switch (message.kind) {
    case 'hold':
      return onHold(topic, hold, message, nowMs, newId);
    case 'release':
      return onRelease(topic, hold, message, nowMs);
    case 'reopen':
      return onReopen(hold, message, nowMs);
    default:
      return hold === undefined ? none : ofWorker(hold, message, nowMs);
  }
}

const iso = (ms: number) => new Date(ms).toISOString();

/** By then every publisher has read its topic again. */
const knownToAllMs = (nowMs: number) => nowMs + bus.topicCacheSecondsMax * 1000 + holdMarginMs;

function onHold(
  topic: string,
  hold: Hold | undefined,
  { by, application, reason }: Extract<HoldMessage, { kind: 'hold' }>,
  nowMs: number,
  newId: string,
): HoldStep {
  const said = {
    by,
    ...(application !== undefined && { application }),
    ...(reason !== undefined && { reason }),
  };
  if (hold === undefined || hold.state === 'released') {
    return change({
      topic,
      id: newId,
      state: 'holding',
      ...said,
      since: iso(nowMs),
      fromMs: knownToAllMs(nowMs),
      released: 0,
      nextSendAtMs: 0,
      leaseUntilMs: 0,
      gateUntilMs: 0,
    });
  }
  if (hold.state === 'holding') {
    if (by === 'rule' || (hold.by === 'hand' && reason === undefined)) return none;
    // A hold by hand takes over a hold of the rule: the rule no longer releases it.
    const { reason: _, application: _1, ...rest } = hold;
    return change({ ...rest, ...said });
  }
  // The rule does not stop a release that was begun by hand.
  if (by === 'rule' && hold.releasedBy === 'hand') return none;
  // The lease stays: a running round must end before another one may begin.
  const {
    releasedBy: _1,
    releaseStartedAt: _2,
    perSecond: _3,
    trouble: _4,
    reason: _5,
    application: _6,
    ...rest
  } = hold;
  return change({ ...rest, ...said, state: 'holding', nextSendAtMs: 0, gateUntilMs: 0 });
}

function onRelease(
  topic: string,
  hold: Hold | undefined,
  { by, perSecond }: Extract<HoldMessage, { kind: 'release' }>,
  nowMs: number,
): HoldStep {
  if (hold === undefined) return { kind: 'reject', error: notOnHold(topic) };
  const rate = perSecond === undefined ? {} : { perSecond };
  switch (hold.state) {
    case 'holding':
      if (by === 'rule' && hold.by === 'hand') return none;
      return change({
        ...hold,
        state: 'releasing',
        releasedBy: by,
        releaseStartedAt: iso(nowMs),
        nextSendAtMs: nowMs,
        ...rate,
      });
    case 'releasing': {
      // The rule does not change a running release; a call by hand takes it over, at the given rate.
      if (by === 'rule') return none;
      const { perSecond: _, ...rest } = hold;
      return change({ ...rest, releasedBy: by, nextSendAtMs: nowMs, ...rate });
    }
    case 'closing':
    case 'released':
      return none;
  }
}

function onReopen(
  hold: Hold | undefined,
  { worker }: Extract<HoldMessage, { kind: 'reopen' }>,
  nowMs: number,
): HoldStep {
  if (hold?.state !== 'closing') return none;
  // A publisher waits for the worker that is closing; only when that takes too long does it reopen the release.
  if (worker === undefined ? nowMs < hold.gateUntilMs : worker !== hold.worker) return none;
  return change({ ...hold, state: 'releasing', gateUntilMs: 0 });
}

function ofWorker(
  hold: Hold,
  message: Exclude<HoldMessage, { kind: 'hold' | 'release' | 'reopen' }>,
  nowMs: number,
): HoldStep {
  const isMine = hold.worker === message.worker;
  const leaseUntilMs = nowMs + releaseLeaseSeconds * 1000;
  switch (message.kind) {
    case 'take':
      if (hold.state !== 'releasing' && hold.state !== 'closing') return none;
      if (!isMine && hold.leaseUntilMs > nowMs) return none;
      // The worker that was closing before has died.
      return change({ ...hold, state: 'releasing', gateUntilMs: 0, worker: message.worker, leaseUntilMs });
    case 'sent': {
      // Sent events count even when the release was stopped meanwhile; after the end they are already counted.
      if (!isMine || hold.state === 'released') return none;
      const { trouble: _, ...rest } = hold;
      return change({
        ...rest,
        released: hold.released + message.count,
        // A rate that was changed meanwhile starts afresh.
        nextSendAtMs: message.nextSendAtMs,
        leaseUntilMs,
        ...(message.trouble !== undefined && { trouble: message.trouble }),
      });
    }
    case 'drained':
      if (!isMine || hold.state !== 'releasing') return none;
      return change({ ...hold, state: 'closing', gateUntilMs: nowMs + releaseGateMs, leaseUntilMs });
    case 'over': {
      if (!isMine || hold.state !== 'closing') return none;
      const { worker: _1, trouble: _2, ...rest } = hold;
      return change({ ...rest, state: 'released', releasedAt: iso(nowMs), leaseUntilMs: 0, gateUntilMs: 0 });
    }
    case 'leave': {
      if (!isMine) return none;
      const { worker: _, ...rest } = hold;
      return change({
        ...rest,
        ...(hold.state === 'closing' && { state: 'releasing', gateUntilMs: 0 }),
        leaseUntilMs: 0,
      });
    }
  }
}

export const notOnHold = (topic: string) =>
  new BusbarError(
    'unknown_hold',
    `The topic ${topic} is not on hold. Put it on hold with PUT /v1/topics/${topic}/hold.`,
  );

/** What a publisher does with the events of a topic that has this hold. */
export type HoldAction = 'route' | 'store' | 'wait';

export function holdAction(hold: Hold | undefined, nowMs: number): HoldAction {
  if (hold === undefined || hold.state === 'released' || nowMs < hold.fromMs) return 'route';
  return hold.state === 'closing' ? 'wait' : 'store';
}

export const isOpen = (hold: Hold | undefined): hold is Hold =>
  hold !== undefined && hold.state !== 'released';
export const isReleasing = (hold: Hold | undefined): hold is Hold =>
  hold?.state === 'releasing' || hold?.state === 'closing';

/** How many events go in the next round: at most a second's share of the rate. */
export const roundOf = ({ perSecond }: Hold) =>
  perSecond === undefined
    ? releaseRoundEvents
    : Math.min(releaseRoundEvents, Math.max(1, Math.floor(perSecond)));

/** When the next round may go after `count` went. A delay is made up for by at most a second's worth. */
export function nextRoundMs({ perSecond, nextSendAtMs }: Hold, count: number, nowMs: number): number {
  if (perSecond === undefined) return nowMs;
  return Math.max(nextSendAtMs, nowMs - 1000) + (count * 1000) / perSecond;
}

/** How many events of a hold were stored, and how many of them were sent or dropped by hand. */
export interface HeldCounts {
  readonly stored: number;
  /** By hand, one by one. */
  readonly sent: number;
  readonly dropped: number;
}

/** What the API shows of a hold. */
export interface ShownHold {
  readonly topic: string;
  readonly state: 'holding' | 'releasing' | 'released';
  readonly by: By;
  readonly application?: string;
  readonly reason?: string;
  readonly since: string;
  /** How many events are held. */
  readonly held: number;
  readonly released: number;
  readonly sentByHand?: number;
  readonly dropped?: number;
  readonly releasedBy?: By;
  readonly releaseStartedAt?: string;
  readonly perSecond?: number;
  readonly releasedAt?: string;
  readonly trouble?: string;
}

export function showHold(hold: Hold, { stored, sent, dropped }: HeldCounts): ShownHold {
  const {
    id: _1,
    fromMs: _2,
    nextSendAtMs: _3,
    leaseUntilMs: _4,
    gateUntilMs: _5,
    worker: _6,
    state,
    ...shown
  } = hold;
  return {
    ...shown,
    state: state === 'closing' ? 'releasing' : state,
    // Events are counted after they are stored, so the count may lag for a moment.
    held: state === 'released' ? 0 : Math.max(0, stored - hold.released - sent - dropped),
    ...(sent > 0 && { sentByHand: sent }),
    ...(dropped > 0 && { dropped }),
  };
}

/** The body of PUT /v1/topics/{topic}/hold. */
export const holdSchema = z.strictObject({ reason: z.string().min(1).max(1024).optional() });
export type HoldSpec = z.infer<typeof holdSchema>;

/** The lines of the log that say what became of a topic; alarms are made of two of them. */
export const heldByRule = 'A topic was put on hold by its rule';
export const releaseInTrouble = 'A release of held events is in trouble and will go on';
