import type { Sinks } from '../../connectors/kind.ts';
import { owns, type Principal } from '../../core/access/access.ts';
import { isOfLifetime } from '../../core/access/acting.ts';
import { placeOf } from '../../core/hold/held.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import { orderAttribute } from '../../core/routing/order.ts';
import { traceSeconds } from '../../core/why/limits.ts';
import {
  deliveryIdAt,
  type IsPresent,
  namesIn,
  type Occurrence,
  occurrencesOf,
  type Sighting,
} from '../../core/why/occurrence.ts';
import { timeInId } from '../../core/why/trace.ts';
import {
  type ExplainedEvent,
  type Fate,
  fateOf,
  forProducer,
  receiversOf,
  type Subscribed,
  type Surroundings,
  stateOfEvent,
  type Why,
} from '../../core/why/why.ts';
import type { Tools } from '../../runtime/tools.ts';
import { breakersOf, type Known, readKnown } from './known.ts';
import { notRecorded } from './omitted.ts';

export type WhyTools = Tools<
  'breakers' | 'registry' | 'deliveries' | 'traces' | 'sightings' | 'held' | 'trace'
> & { readonly sinks: Sinks };

export interface WhyQuestion {
  readonly id: string;
  readonly source?: string | undefined;
  /** Epoch milliseconds: traces before are not searched. */
  readonly sinceMs?: number | undefined;
  /** Epoch milliseconds: traces from then on are not searched. */
  readonly untilMs?: number | undefined;
}

/** A producer's clock may be ahead of ours by this much. */
const clockSkewMs = 3600 * 1000;

/**
 * Why an event was delivered, or not: every event with this id, and its fate at every receiver that the caller owns; at
 * every one of its own event for who published it.
 * @throws BusbarError unknown_event when nothing is known about it and the trace is complete.
 */
export async function why(tools: WhyTools, principal: Principal, question: WhyQuestion): Promise<Why> {
  const nowMs = tools.clock.now();
  const oldestMs = nowMs - traceSeconds * 1000;
  const madeMs = timeInId(question.id);
  const sinceMs = Math.min(
    nowMs,
    // A time in the future in an id is ignored.
    Math.max(
      oldestMs,
      madeMs !== undefined && madeMs <= nowMs + clockSkewMs ? madeMs - clockSkewMs : 0,
      question.sinceMs ?? 0,
    ),
  );
  const [found, sightings] = await Promise.all([
    tools.traces.find(question.id, { sinceMs, untilMs: question.untilMs ?? Number.POSITIVE_INFINITY }),
    tools.sightings.find(question.id),
  ]);
  const complete =
    found.searchedSinceMs <= sinceMs &&
    (question.sinceMs ?? 0) <= oldestMs &&
    (question.untilMs ?? nowMs) >= nowMs;
  const seen = sightings.filter((one) => one.kind !== 'refused' || owns(principal, one.by));
  const known = await readKnown(tools, namesIn(question.id, found.rows, seen));
  const stillHeld = await findStillHeld(tools, seen);
  const isPresent: IsPresent = (target, incarnation, atMs) => {
    const standing =
      'topic' in target ? known.topics.get(target.topic) : known.receivers.get(target.receiver);
    return standing === undefined || isOfLifetime({ incarnation }, atMs, standing);
  };
  const occurrences = occurrencesOf(
    question.id,
    question.source,
    found.rows.filter((row) => row.kind === 'published' || isOfPresentReceiver(row)),
    seen.filter((one) => one.kind !== 'failing' || isOfPresentReceiver(one)),
    stillHeld,
    isPresent,
  );

  /** What a receiver got is not shown as what a later receiver of the name got. */
  function isOfPresentReceiver(one: { receiver: string; incarnation?: string | undefined; atMs: number }) {
    const receiver = known.receivers.get(one.receiver);
    return receiver === undefined || isOfLifetime(one, one.atMs, receiver);
  }
  const explained = await Promise.all(
    occurrences.map((occurrence) => explainOne(tools, principal, occurrence, known)),
  );
  const events = explained.filter((event) => event !== undefined);
  const omitted = events.length > 0 ? undefined : await notRecorded(tools);
  if (events.length === 0 && complete && omitted === undefined) {
    throw new BusbarError(
      'unknown_event',
      `Nothing is known about an event ${question.id}${question.source === undefined ? '' : ` of ${question.source}`} at this key's topics and receivers. Traces are kept for ${traceSeconds / 86_400} days.`,
    );
  }
  return {
    id: question.id,
    events,
    searched: { since: new Date(found.searchedSinceMs).toISOString(), complete },
    ...(omitted !== undefined && { notRecorded: omitted }),
  };
}

/** The ids of the held events whose rows still exist: a release deletes them. */
async function findStillHeld(tools: WhyTools, sightings: readonly Sighting[]): Promise<Set<string>> {
  const found = await Promise.all(
    sightings.map(async (sighting) => {
      const place = sighting.kind === 'held' ? placeOf(sighting.heldId) : undefined;
      if (sighting.kind !== 'held' || place === undefined) return [];
      const { topic } = sighting.target;
      const kept = await tools.held.find({ topic, id: sighting.hold }, [place]);
      return kept.length > 0 ? [sighting.heldId] : [];
    }),
  );
  return new Set(found.flat());
}

/**
 * One event as the caller may see it: whole at its own receivers; the state at every receiver for who published it; that
 * there are others for who owns its topic.
 */
async function explainOne(
  tools: WhyTools,
  principal: Principal,
  occurrence: Occurrence,
  known: Known,
): Promise<ExplainedEvent | undefined> {
  const { target } = occurrence;
  const { isFormer, refused } = occurrence;
  const topic = 'topic' in target && !isFormer ? known.topics.get(target.topic) : undefined;
  const subscriptions = (topic && known.subscriptions.get(topic.topic)) ?? [];
  const subscribed = subscriptions.map(
    ({ receiver, filter, createdAt, filterChangedAt = [] }): Subscribed => ({
      receiver,
      filtered: filter !== undefined,
      sinceMs: Date.parse(createdAt),
      changesMs: filterChangedAt.map((at) => Date.parse(at)),
    }),
  );
  const all = receiversOf(occurrence, { subscribed });
  const isOwn = (name: string) => owns(principal, known.receivers.get(name)?.owner);
  const isPublisher = [...occurrence.by].some((application) => owns(principal, application));
  const shown = all.filter(
    (name) => (isPublisher || isOwn(name)) && wasThere(occurrence, known.receivers.get(name)),
  );
  const isOfTopic = topic !== undefined && owns(principal, topic.owner) && reached(occurrence, subscribed);
  if (shown.length === 0 && !isPublisher && !isOfTopic) return undefined;

  const now: Surroundings = {
    nowMs: known.nowMs,
    trace: topic?.trace ?? tools.trace,
    lane: topic !== undefined && orderAttribute(topic) !== undefined ? 'ordered' : 'online',
    subscribed,
    receivers: known.receivers,
    breakers: await breakersOf(
      tools,
      shown.flatMap((name) => known.receivers.get(name) ?? []),
    ),
  };
  const published = occurrence.published.at(-1);
  const found = await tools.deliveries.find(shown.map((receiver) => deliveryIdAt(occurrence, receiver)));
  const records = new Map(
    [...found].filter(([, record]) => {
      const receiver = known.receivers.get(record.receiver);
      return receiver === undefined || isOfLifetime(record, record.firstAttemptAtMs, receiver);
    }),
  );
  const publishedAtMs = published?.atMs ?? occurrence.scheduled?.atMs ?? occurrence.held?.atMs;
  const dueAtMs = occurrence.scheduled?.dueAtMs ?? published?.dueAtMs;
  const state = stateOfEvent(occurrence);
  return {
    id: occurrence.id,
    source: occurrence.source,
    type: occurrence.type,
    ...('topic' in target ? { topic: target.topic } : { invoked: target.receiver }),
    ...(publishedAtMs !== undefined && { publishedAt: new Date(publishedAtMs).toISOString() }),
    ...(occurrence.published.length > 1 && { publishes: occurrence.published.length }),
    ...(dueAtMs !== undefined && { dueAt: new Date(dueAtMs).toISOString() }),
    ...(state !== undefined && { state }),
    ...(occurrence.held?.isStill === true && { heldAt: new Date(occurrence.held.atMs).toISOString() }),
    ...(refused !== undefined && {
      refused: {
        id: refused.refusedId,
        at: new Date(refused.atMs).toISOString(),
        code: refused.code,
        detail: refused.detail,
      },
    }),
    ...(isFormer && { former: true as const }),
    trace: published === undefined ? now.trace : 'all',
    receivers: shown.map((receiver) => {
      const fate = fateOf(occurrence, receiver, records.get(deliveryIdAt(occurrence, receiver)), now);
      return isOwn(receiver)
        ? withRequests(
            tools,
            fate,
            known.receivers.get(receiver),
            'topic' in target ? target.topic : undefined,
          )
        : forProducer(fate);
    }),
    ...(shown.length < all.length && { hiddenReceivers: all.length - shown.length }),
  };
}

/** What each attempt was sent with, where the kind of the receiver has headers. */
function withRequests(
  { sinks }: Pick<WhyTools, 'sinks'>,
  fate: Fate,
  receiver: Receiver | undefined,
  topic: string | undefined,
): Fate {
  if (receiver === undefined) return fate;
  const sink = sinks.of(receiver);
  if (sink.sentHeaders === undefined) return fate;
  const { deliveryId } = fate;
  return {
    ...fate,
    attempts: fate.attempts.map((one) => {
      const atMs = Date.parse(one.at);
      const headers = sink.sentHeaders?.(receiver, { deliveryId, topic, attempt: one.attempt, atMs }) ?? {};
      const isChanged = Date.parse(receiver.updatedAt) > atMs;
      return {
        ...one,
        request: { headers, ...(isChanged && { settingsChangedAt: receiver.updatedAt }) },
      };
    }),
  };
}

/** Whether a receiver is not a later one of the name than that which an event was published for. */
function wasThere({ published, delivered, failing }: Occurrence, receiver: Receiver | undefined): boolean {
  if (receiver === undefined) return true;
  const { receiver: name, createdAt } = receiver;
  if (failing.has(name) || delivered.some((one) => one.receiver === name)) return true;
  const last = published.at(-1);
  return last === undefined || last.atMs >= Date.parse(createdAt);
}

/** Whether an event is known to have come through the topic as it is now: a delivery may be of an earlier topic. */
function reached(
  { published, scheduled, held, refused, delivered, failing }: Occurrence,
  subscriptions: Surroundings['subscribed'],
) {
  if (published.length > 0 || [scheduled, held, refused].some((one) => one !== undefined)) return true;
  const subscribed = new Set(subscriptions.map(({ receiver }) => receiver));
  return [...failing, ...delivered.map(({ receiver }) => receiver)].some((name) => subscribed.has(name));
}
