import { owns, type Principal, requireOwner } from '../../core/access/access.ts';
import { type Acting, actingOn, actorOf } from '../../core/access/acting.ts';
import { requireAllowed } from '../../core/access/decide.ts';
import type { BusEvent } from '../../core/event/event.ts';
import { type Entry, type EventRequest, readEvents } from '../../core/event/forms.ts';
import { applicationSource, checkSource } from '../../core/event/publisher.ts';
import type { Target } from '../../core/event/target.ts';
import type { TraceMode } from '../../core/event/trace-mode.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import { acceptance, type ClaimRef, duplicateKey, newClaim } from '../../core/publish/duplicate.ts';
import type { Topic } from '../../core/registry/topic.ts';
import { type Order, orderOf } from '../../core/routing/order.ts';
import { checkMessageSize, messageOf } from '../../core/routing/routing.ts';
import { requireNotSystemTopic, systemOwner } from '../../core/system-event/topic.ts';
import type { Random } from '../../runtime/random.ts';
import type { ClaimStore } from '../../runtime/stores/claims.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type RateTools, takeRate } from '../access/rate.ts';
import type { Counting } from '../access/stored.ts';
import { keepSome } from '../catalog/kept.ts';
import { type DelayTools, delay } from '../delay/schedule.ts';
import { checkSchema } from '../event/check-schema.ts';
import { requirePublish } from '../grant/may-use.ts';
import { type RouteOrHoldTools, routeOrHold } from '../hold/route-or-hold.ts';
import { unknownReceiver, unknownTopic } from '../registry/admin.ts';
import { overtaking } from '../routing/send-all.ts';
import { type CountTools, countPublished, type PublishCounts } from '../statistics/count.ts';
import { addPublishSpans } from '../telemetry/spans.ts';
import { type TraceTools, tracePublished } from '../why/trace.ts';
import { allRejected, countsOf, type EntryResult, nothing, rejected, unavailable } from './results.ts';

export type PublishTools = RouteOrHoldTools &
  DelayTools &
  TraceTools &
  CountTools &
  Tools<'applications' | 'registry' | 'claims' | 'schemas' | 'trace' | 'grants' | 'kept'>;

/** An event that passed every check so far, with its place in the request. */
export interface Candidate {
  readonly index: number;
  readonly event: BusEvent & { readonly trace?: TraceMode; readonly order?: Order };
  readonly dueAtMs: number | undefined;
  readonly claim: ClaimRef | undefined;
  /** The places of the same event later in the request. */
  readonly twins: number[];
}

/**
 * Publishes the events of a request to a topic or to one receiver. It returns only when AWS has stored every event that
 * it reports as accepted.
 * @param publisher what its events say of who published them, where the application does not tell.
 * @throws BusbarError when the request as a whole is rejected, or none of its events was accepted.
 */
export async function publish(
  tools: PublishTools & RateTools & Partial<Tools<'spans'>>,
  principal: Principal,
  target: Target,
  request: EventRequest,
  publisher = principal.application,
): Promise<{ events: EntryResult[] }> {
  const startedMs = tools.clock.now();
  const opened = await openTarget(tools, principal, target);
  // One request is one trace, and two equal entries of it stay equal.
  const traceparent = newTrace(tools.random);
  const entries = readEvents(request, {
    nowMs: tools.clock.now(),
    source: applicationSource(principal.application),
    publisher,
    uuid: tools.random.uuid,
    traceparent,
  });
  const { application } = principal;
  const count = (counts: PublishCounts) =>
    countPublished(tools, application, opened.topic, counts, tools.clock.now() - startedMs);
  try {
    await takeRate(tools, principal, entries.length);
  } catch (error) {
    await count({ ...nothing, rejected: entries.length });
    throw error;
  }

  const events = await takeEntries(tools, application, target, opened, entries);
  if (tools.spans !== undefined) {
    const span = { target, begun: traceparent, startMs: startedMs, endMs: tools.clock.now() };
    addPublishSpans(tools.spans, { ...span, entries, results: events });
  }
  await Promise.all([count(countsOf(entries, events)), tools.spans?.flush()]);
  if (events.every((result) => result.status === 'rejected')) throw allRejected(events);
  return { events };
}

/**
 * Takes parsed events: checks, deduplicates, sends or stores, and traces each. Returns the results in order. Every
 * publisher (a request, the relay of stored events) comes through here.
 * @param application who publishes; undefined where the operator trusts the sources of the events.
 */
export async function takeEntries(
  tools: PublishTools,
  application: string | undefined,
  target: Target,
  opened: Opened,
  entries: readonly Entry[],
): Promise<EntryResult[]> {
  const { topic } = opened;
  const results = new Map<number, EntryResult>();
  const checked = checkEntries(tools, application, entries, target, topic, results);
  const claimed = topic?.dedupSeconds ? await claim(tools, checked, topic, results) : checked;
  rejectOvertaking(checked, results);
  await send(tools, target, claimed, opened, results);
  const taken = claimed.filter(({ index }) => results.get(index)?.status !== 'rejected');
  const mode = topic?.trace ?? tools.trace;
  await Promise.all([
    tracePublished(tools, mode, target, opened.acting, taken),
    keepSome(tools, mode, topic, taken),
  ]);
  answerTwins(checked, results);
  return entries.map((entry) => results.get(entry.index) ?? missing(entry.index));
}

/** A target that a publisher may send to. */
export interface Opened {
  /** Undefined when the target is a receiver. */
  readonly topic: Topic | undefined;
  /** What is recorded with an event that is stored there. */
  readonly acting: Acting;
  /** Whether its quotas refuse what is to be stored; so they do when it is left out. */
  readonly counting?: Counting;
}

/** Opens a target for a caller that may send there. @throws BusbarError unknown_topic, unknown_receiver, forbidden. */
export async function openTarget(
  tools: Pick<PublishTools, 'registry' | 'grants'>,
  principal: Principal,
  target: Target,
): Promise<Opened> {
  requireAllowed(principal, 'topic' in target ? { publish: target.topic } : { invoke: target.receiver });
  if ('topic' in target) {
    const topic = await tools.registry.cachedTopic(target.topic);
    if (topic === undefined) throw unknownTarget(target);
    if (topic.owner === systemOwner) requireNotSystemTopic(target.topic);
    if (!owns(principal, topic.owner)) await requirePublish(tools, principal, topic);
    return { topic, acting: actingOn(actorOf(principal), topic) };
  }
  const receiver = await tools.registry.cachedReceiver(target.receiver);
  if (receiver === undefined) throw unknownTarget(target);
  requireOwner(principal, receiver.owner, `The receiver ${target.receiver}`);
  return { topic: undefined, acting: actingOn(actorOf(principal), receiver) };
}

const unknownTarget = (target: Target): BusbarError =>
  'topic' in target ? unknownTopic(target.topic) : unknownReceiver(target.receiver);

/** The cached target may be a moment old: if it was deleted since, none of its resources takes events. */
async function isGone({ registry }: Pick<PublishTools, 'registry'>, target: Target): Promise<boolean> {
  const standing = 'topic' in target ? registry.topic(target.topic) : registry.receiver(target.receiver);
  return (await standing) === undefined;
}

/** Every check that needs no call: form, source, size, schema, and events that occur twice in the request. */
export function checkEntries(
  tools: Pick<PublishTools, 'schemas' | 'trace' | 'random'>,
  application: string | undefined,
  entries: readonly Entry[],
  target: Target,
  topic: Topic | undefined,
  results: Map<number, EntryResult>,
): Candidate[] {
  const candidates: Candidate[] = [];
  const seen = new Map<string, Candidate>();
  // A message without a trace attribute is traced as `failures`.
  const trace = topic?.trace ?? tools.trace;
  for (const entry of entries) {
    try {
      if ('error' in entry) throw entry.error;
      const { index, dueAtMs } = entry;
      if (application !== undefined) checkSource(entry.event.source, application);
      const order = topic && orderOf(topic, entry.event, dueAtMs);
      const event =
        trace === 'failures' && order === undefined
          ? entry.event
          : { ...entry.event, ...(trace !== 'failures' && { trace }), ...(order !== undefined && { order }) };
      checkMessageSize(messageOf(event, target));
      if (topic?.schema !== undefined) {
        checkSchema(tools.schemas, topic, entry.data(), entry.dataText?.());
      }
      const identity = JSON.stringify([event.source, event.id]);
      const twin = seen.get(identity);
      if (twin !== undefined) {
        if (twin.event.body !== event.body || twin.dueAtMs !== dueAtMs) {
          throw new BusbarError(
            'id_conflict',
            `The event ${twin.index} of this request has the same source and id, but different content. Give each event its own id.`,
          );
        }
        twin.twins.push(index);
        continue;
      }
      const candidate = {
        index,
        event,
        dueAtMs,
        claim: topic?.dedupSeconds
          ? { key: duplicateKey(topic, event), token: tools.random.uuid() }
          : undefined,
        twins: [],
      };
      seen.set(identity, candidate);
      candidates.push(candidate);
    } catch (error) {
      if (!(error instanceof BusbarError)) throw error;
      results.set(entry.index, rejected(entry.index, 'error' in entry ? entry.id : entry.event.id, error));
    }
  }
  return candidates;
}

/** A repeated event is a duplicate of the first one, unless the first was rejected: then both are. */
function answerTwins(candidates: readonly Candidate[], results: Map<number, EntryResult>): void {
  for (const { index, event, twins } of candidates) {
    const first = results.get(index) ?? missing(index);
    for (const twin of twins) {
      results.set(
        twin,
        first.status === 'rejected'
          ? { ...first, index: twin }
          : { index: twin, id: event.id, status: 'duplicate' },
      );
    }
  }
}

/** Takes a claim for each event; events that are already claimed or accepted get their result here. */
async function claim(
  tools: PublishTools,
  candidates: readonly Candidate[],
  topic: Topic,
  results: Map<number, EntryResult>,
): Promise<Candidate[]> {
  const nowMs = tools.clock.now();
  const taken = await Promise.all(
    candidates.map(async (candidate) => {
      const { index, event, claim: ref } = candidate;
      if (ref === undefined) return candidate;
      let standing: Awaited<ReturnType<ClaimStore['take']>>;
      try {
        standing = await tools.claims.take(ref, newClaim(nowMs), nowMs);
      } catch (error) {
        tools.log('error', 'A claim could not be taken', { topic: topic.topic, reason: String(error) });
        results.set(
          index,
          rejected(index, event.id, unavailable('The event could not be checked for duplicates')),
        );
        return undefined;
      }
      if (standing === undefined) return candidate;
      if (standing.state === 'accepted') {
        results.set(index, { index, id: event.id, status: 'duplicate' });
      } else {
        const busy = new BusbarError(
          'claimed',
          'Another request is publishing the same event right now. Try again in a moment to learn the result.',
        );
        results.set(index, rejected(index, event.id, busy));
      }
      return undefined;
    }),
  );
  return taken.filter((candidate) => candidate !== undefined);
}

/** Rejects events that would overtake a rejected event of the same key, which may be accepted when it is sent again. */
function rejectOvertaking(candidates: readonly Candidate[], results: Map<number, EntryResult>): void {
  const rejectedGroups = new Set<string>();
  for (const { index, event, dueAtMs } of candidates) {
    if (event.order === undefined || dueAtMs !== undefined) continue;
    const { group } = event.order;
    const result = results.get(index);
    if (result?.status === 'rejected') rejectedGroups.add(group);
    else if (result === undefined && rejectedGroups.has(group)) {
      results.set(index, rejected(index, event.id, unavailable(overtaking)));
    }
  }
}

/** Sends or holds what is due now and stores what is due later; then resolves the claims by the results. */
async function send(
  tools: PublishTools,
  target: Target,
  candidates: readonly Candidate[],
  { topic, acting, counting = 'refuse' }: Opened,
  results: Map<number, EntryResult>,
): Promise<void> {
  const now = candidates.filter(({ index, dueAtMs }) => dueAtMs === undefined && !results.has(index));
  const later = candidates.flatMap((candidate) =>
    candidate.dueAtMs === undefined ? [] : [{ ...candidate, dueAtMs: candidate.dueAtMs }],
  );

  const sending = routeOrHold(
    tools,
    target,
    now.map(({ event, claim: ref }) => ({ ...event, acting, ...(ref !== undefined && { claim: ref }) })),
    counting,
  ).then(async (outcomes) => {
    const hasFailed = outcomes.some(
      (outcome) => typeof outcome !== 'string' && outcome.refusal === undefined,
    );
    const gone = hasFailed && (await isGone(tools, target));
    for (const [position, { index, event }] of now.entries()) {
      const outcome = outcomes[position] ?? missing(index);
      if (typeof outcome === 'string') {
        const status = outcome === 'held' ? 'held' : 'accepted';
        results.set(index, { index, id: event.id, status });
        continue;
      }
      if (outcome.refusal !== undefined) {
        results.set(index, rejected(index, event.id, outcome.refusal));
        continue;
      }
      tools.log('error', 'An event could not be sent', { ...target, reason: outcome.reason });
      const problem = outcome.overtakes === true ? overtaking : 'The event could not be stored';
      results.set(index, rejected(index, event.id, gone ? unknownTarget(target) : unavailable(problem)));
    }
  });
  const cancellable = topic?.cancellable ?? true;
  const delaying = delay(tools, target, later, { acting, cancellable, counting }).then((problems) => {
    for (const [position, { index, event }] of later.entries()) {
      const problem = problems[position];
      results.set(
        index,
        problem === undefined
          ? { index, id: event.id, status: 'scheduled' }
          : rejected(index, event.id, problem),
      );
    }
  });
  await Promise.all([sending, delaying]);

  if (topic?.dedupSeconds) await resolveClaims(tools, candidates, topic.dedupSeconds, results);
}

async function resolveClaims(
  tools: PublishTools,
  candidates: readonly Candidate[],
  dedupSeconds: number,
  results: ReadonlyMap<number, EntryResult>,
): Promise<void> {
  const claimsWhere = (wasRejected: boolean) =>
    candidates.flatMap(({ index, claim: ref }) =>
      ref !== undefined && (results.get(index)?.status === 'rejected') === wasRejected ? [ref] : [],
    );
  const written = await Promise.allSettled([
    tools.claims.accept(claimsWhere(false), acceptance(tools.clock.now(), dedupSeconds)),
    tools.claims.free(claimsWhere(true), tools.clock.now()),
  ]);
  for (const outcome of written) {
    // The events are sent, and a claim expires by itself: at worst the same event is accepted once more.
    if (outcome.status === 'rejected') {
      tools.log('warn', 'Claims could not be updated', { reason: String(outcome.reason) });
    }
  }
}

function missing(index: number): never {
  throw new Error(`The event ${index} has no result.`);
}

/** A new trace, sampled (W3C Trace Context). */
export function newTrace(random: Random): string {
  const hex = (length: number) => Buffer.from(random.bytes(length)).toString('hex');
  return `00-${hex(16)}-${hex(8)}-01`;
}
