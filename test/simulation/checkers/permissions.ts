import {
  type Life,
  livesOfEntry,
  type MadeKey,
  mayHavePublished,
  overlaps,
  ownerOf,
  type TenantEvent,
  type TenantTopic,
} from '../workload/tenancy.ts';
import { type Checker, rightsMs } from './checker.ts';

/** A key that was revoked is refused everywhere from then on; that of an admin at once. */
const revokedMs = { member: 5000, admin: 0 } as const;
/** A call that was given up may go on for so long. */
const lingerMs = 30_000;

/** Nothing acts for anyone without permission: not when it is stored, not when it acts, and not on another lifetime. */
export const permissions: Checker = {
  name: 'permissions',
  *check({ profile, model: { tenancy }, tenantAttempts }) {
    const slackMs = rightsMs + 2 * profile.clockSkewMsMax;
    for (const event of tenancy.events.values()) {
      // What is written into an outbox is decided about later.
      if (event.outcome !== 'accepted' || event.entry !== undefined) continue;
      const lives = tenancy.topics.get(event.topic)?.lives ?? [];
      if (lives.some((life) => mayHavePublished(life, event.by, event.startMs - slackMs, event.endMs)))
        continue;
      yield {
        message: `${event.by} was not allowed to publish to ${event.topic}, and ${event.type} (${event.kind}) was accepted.`,
        about: [event.type, event.topic],
      };
    }
    for (const { receiver, startMs, request } of tenantAttempts) {
      const body = JSON.parse(Buffer.from(request.body ?? '').toString('utf8'));
      const event = tenancy.events.get(body.type);
      const topic = tenancy.topics.get(event?.topic ?? '');
      const about = [body.type, event?.topic ?? receiver, receiver];
      if (event === undefined || topic === undefined) {
        yield { message: `${receiver} got ${body.type}, which nobody published.`, about };
        continue;
      }
      if (body.busbarpublisher !== event.by) {
        yield {
          message: `${receiver} got ${event.type} of ${event.by} in the name of ${body.busbarpublisher}.`,
          about,
        };
      }
      const actMs = event.kind === 'schedule' ? Date.parse(body.time) : event.actMs;
      const isAllowed = livesOf(topic, event, actMs, slackMs).some(
        (life) =>
          mayHavePublished(life, event.by, actMs - slackMs, startMs) &&
          life.subscriptions.some(
            (span) => span.receiver === receiver && overlaps(span, actMs - slackMs, startMs),
          ),
      );
      if (event.outcome !== 'refused' && startMs >= event.startMs && isAllowed) continue;
      yield {
        message: `${receiver} got ${event.type} (${event.kind}) by ${event.by}, which was not allowed to act on ${event.topic} then.`,
        about,
      };
    }
    for (const key of tenancy.madeKeys) yield* usesOf(key);
  },
};

/** A key opens the door until it is revoked, and not after that. What was accepted by then is for `nothing-lost`. */
function* usesOf({ keyId, by, role, uses, revocation }: MadeKey) {
  const revokedAtMs = revocation?.isDone === true ? revocation.endMs : Number.POSITIVE_INFINITY;
  for (const { what, startMs, endMs, outcome } of uses) {
    const about = [keyId, what];
    const lateMs = startMs - revokedAtMs;
    if (outcome === 'accepted' && lateMs > revokedMs[role])
      yield {
        message: `The key ${keyId} of ${by} (${role}) was accepted ${lateMs} ms after it was revoked: ${what}.`,
        about,
      };
    if (outcome === 'refused' && endMs < (revocation?.startMs ?? Number.POSITIVE_INFINITY))
      yield { message: `The key ${keyId} of ${by} was refused before anybody revoked it: ${what}.`, about };
  }
}

/**
 * The lifetimes of its topic that an event may have been accepted for. One that acts while its own application makes the
 * topic anew may meet either.
 */
function livesOf(topic: TenantTopic, event: TenantEvent, actMs: number, slackMs: number): Life[] {
  if (event.entry !== undefined)
    return event.entry.isForged ? [] : livesOfEntry(topic, event, event.entry, slackMs);
  const { lives } = topic;
  const endMs = event.outcome === 'unknown' ? event.endMs + lingerMs : event.endMs;
  return lives.filter((life, index) => {
    if (overlaps(life, event.startMs - slackMs, endMs)) return true;
    const before = lives[index - 1];
    return before !== undefined && ownerOf(before) === ownerOf(life) && actMs <= life.fromMs + lingerMs;
  });
}
