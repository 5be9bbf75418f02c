import {
  livesOfEntry,
  mayHavePublished,
  type OutboxEntry,
  ownerOf,
  presentLife,
  sinkOf,
  type TenantEvent,
  type TenantTopic,
} from '../workload/tenancy.ts';
import { type Checker, rightsMs } from './checker.ts';

/**
 * What is written into an outbox is for the application of that outbox: what it may not do is refused where it sees it,
 * and what it may do is done. That nobody gets what may not act is for `permissions`.
 */
export const outbox: Checker = {
  name: 'outbox',
  *check({ profile, model: { tenancy }, tenantAttempts, tenantDeadLetters, refusals }) {
    const slackMs = rightsMs + 2 * profile.clockSkewMsMax;
    const arrived = new Set(tenantAttempts.map(({ receiver, eventId }) => `${receiver} ${eventId}`));
    for (const { receiver, eventId } of tenantDeadLetters) arrived.add(`${receiver} ${eventId}`);
    const refused = Map.groupBy(refusals, ({ eventId }) => eventId);
    for (const event of tenancy.events.values()) {
      const { entry, type, by } = event;
      const topic = tenancy.topics.get(event.topic);
      if (entry === undefined || topic === undefined) continue;
      const about = [type, topic.name];
      const lists = refused.get(type) ?? [];
      for (const { of } of lists)
        if (of !== by) yield { message: `${type} is of ${by}, and ${of} sees that it was refused.`, about };
      if (event.outcome !== 'accepted') continue;
      const isRefused = lists.some(({ of }) => of === by);
      if (!mayHaveActed(event, entry, topic, slackMs) && !isRefused)
        yield {
          message: `${type} of ${by} must not act on ${topic.name}, and ${by} is not told that it was refused.`,
          about,
        };
      const receiver = mustReach(event, entry, topic);
      if (receiver === undefined) continue;
      if (isRefused)
        yield {
          message: `${type} of ${by} was refused (${lists[0]?.code}), which may act on ${topic.name}.`,
          about,
        };
      else if (!arrived.has(`${receiver} ${type}`))
        yield {
          message: `${type} was written into the outbox of ${by}, and ${receiver} never got it.`,
          about,
        };
    }
  },
};

const mayHaveActed = (event: TenantEvent, entry: OutboxEntry, topic: TenantTopic, slackMs: number): boolean =>
  !entry.isForged &&
  livesOfEntry(topic, event, entry, slackMs).some((life) =>
    mayHavePublished(life, event.by, event.startMs - slackMs, Number.POSITIVE_INFINITY),
  );

/** The receiver that has to get it: that of its writer, who owned the topic for all the time and is its subscriber. */
function mustReach(
  { by, startMs }: TenantEvent,
  { writtenMs, isForged, isSettled }: OutboxEntry,
  topic: TenantTopic,
): string | undefined {
  const life = presentLife(topic);
  if (isForged || !isSettled || writtenMs !== startMs || life === undefined) return undefined;
  const owned = life.owners.at(-1);
  const isOwn = ownerOf(life) === by && owned !== undefined && owned.fromMs < startMs;
  const receiver = sinkOf(by);
  const isSubscribed = life.subscriptions.some(
    (span) =>
      span.receiver === receiver &&
      span.by === 'owner' &&
      span.fromMs < startMs &&
      span.untilMs === Number.POSITIVE_INFINITY,
  );
  return isOwn && isSubscribed ? receiver : undefined;
}
