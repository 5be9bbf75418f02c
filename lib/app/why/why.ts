import type { Principal } from '../../core/access/access.ts';
import type { TraceMode } from '../../core/event/trace-mode.ts';
import { placeOf } from '../../core/hold/held.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import type { Topic } from '../../core/registry/topic.ts';
import { orderAttribute } from '../../core/routing/order.ts';
import { traceSeconds } from '../../core/why/limits.ts';
import { deliveryIdAt, type Occurrence, occurrencesOf, type Sighting } from '../../core/why/occurrence.ts';
import { timeInId } from '../../core/why/trace.ts';
import { type ExplainedEvent, fateOf, receiversOf, type Surroundings, type Why } from '../../core/why/why.ts';
import type { Tools } from '../../runtime/tools.ts';

export type WhyTools = Tools<'registry' | 'deliveries' | 'traces' | 'sightings' | 'held' | 'trace'>;

export interface WhyQuestion {
  readonly id: string;
  readonly source?: string | undefined;
  /** Epoch milliseconds: traces before are not searched. */
  readonly sinceMs?: number | undefined;
}

/** A producer's clock may be ahead of ours by this much. */
const clockSkewMs = 3600 * 1000;

/**
 * Why an event was delivered, or not: every event with this id, and its fate at every receiver that the caller owns.
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
  const [found, sightings, topics, receivers] = await Promise.all([
    tools.traces.find(question.id, sinceMs),
    tools.sightings.find(question.id),
    tools.registry.topics(),
    tools.registry.receivers(),
  ]);
  const complete = found.searchedSinceMs <= sinceMs && (question.sinceMs ?? 0) <= oldestMs;
  const known = {
    nowMs,
    topics: new Map(topics.map((topic) => [topic.topic, topic])),
    receivers: new Map(receivers.map((receiver) => [receiver.receiver, receiver])),
  };
  const stillHeld = await findStillHeld(tools, sightings);
  const occurrences = occurrencesOf(question.id, question.source, found.rows, sightings, stillHeld);
  const explained = await Promise.all(
    occurrences.map((occurrence) => explainOne(tools, principal, occurrence, known)),
  );
  const events = explained.filter((event) => event !== undefined);
  const omitted = omittedBy(tools.trace, topics);
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
    ...(events.length === 0 && omitted !== undefined && { notRecorded: omitted }),
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

async function explainOne(
  tools: WhyTools,
  principal: Principal,
  occurrence: Occurrence,
  known: { nowMs: number; topics: ReadonlyMap<string, Topic>; receivers: Surroundings['receivers'] },
): Promise<ExplainedEvent | undefined> {
  const { target } = occurrence;
  const topic = 'topic' in target ? known.topics.get(target.topic) : undefined;
  const subscriptions = 'topic' in target ? await tools.registry.subscriptions(target.topic) : [];
  const now: Surroundings = {
    nowMs: known.nowMs,
    trace: topic?.trace ?? tools.trace,
    lane: topic !== undefined && orderAttribute(topic) !== undefined ? 'ordered' : 'online',
    subscribed: subscriptions.map(({ receiver, filter }) => ({ receiver, filtered: filter !== undefined })),
    receivers: known.receivers,
  };
  const isOwn = (owner: string | undefined) => principal.role === 'admin' || principal.application === owner;
  const all = receiversOf(occurrence, now);
  const shown = all.filter((receiver) => isOwn(known.receivers.get(receiver)?.owner));
  if (shown.length === 0 && !isOwn(topic?.owner)) return undefined;

  const records = await tools.deliveries.find(shown.map((receiver) => deliveryIdAt(occurrence, receiver)));
  const published = occurrence.published.at(-1);
  const publishedAtMs = published?.atMs ?? occurrence.scheduled?.atMs ?? occurrence.held?.atMs;
  const dueAtMs = occurrence.scheduled?.dueAtMs ?? published?.dueAtMs;
  return {
    id: occurrence.id,
    source: occurrence.source,
    type: occurrence.type,
    ...('topic' in target ? { topic: target.topic } : { invoked: target.receiver }),
    ...(publishedAtMs !== undefined && { publishedAt: new Date(publishedAtMs).toISOString() }),
    ...(occurrence.published.length > 1 && { publishes: occurrence.published.length }),
    ...(dueAtMs !== undefined && { dueAt: new Date(dueAtMs).toISOString() }),
    ...(occurrence.held?.isStill === true && { heldAt: new Date(occurrence.held.atMs).toISOString() }),
    trace: published === undefined ? now.trace : 'all',
    receivers: shown.map((receiver) =>
      fateOf(occurrence, receiver, records.get(deliveryIdAt(occurrence, receiver)), now),
    ),
    ...(shown.length < all.length && { hiddenReceivers: all.length - shown.length }),
  };
}

/** At most this many topics are named. */
const namedMax = 10;

/** A sentence that says what is delivered without a trace; undefined when everything is traced. */
function omittedBy(trace: TraceMode, topics: readonly Topic[]): string | undefined {
  const parts: string[] = [];
  for (const mode of ['failures', 'none'] as const) {
    const names = topics.filter((topic) => (topic.trace ?? trace) === mode).map(({ topic }) => topic);
    const more = names.length > namedMax ? ` and ${names.length - namedMax} more` : '';
    const what =
      mode === 'failures' ? 'events that were delivered at once' : 'single events, failing or not,';
    if (names.length > 0) {
      const whose = `of ${names.length === 1 ? 'the topic' : 'the topics'} ${names.slice(0, namedMax).join(', ')}${more}`;
      parts.push(`${what} ${whose} (trace: ${mode})`);
    }
    if (trace === mode) parts.push(`${what} that were invoked (trace: ${mode})`);
  }
  return parts.length === 0
    ? undefined
    : `not recorded: ${parts.join('; ')}; there is no record of a failed attempt`;
}
