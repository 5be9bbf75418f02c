import { firstStartMs, type Publication } from '../workload/model.ts';
import { byDelivery, type Checker, isSuccess } from './checker.ts';

/**
 * Events of one key of an ordered topic, of which one was published after the other was accepted: no receiver sees
 * the later one before it has the earlier one, or that one is dead.
 */
export const order: Checker = {
  name: 'order',
  *check({ model, attempts, deadLetters }) {
    const groups = byDelivery(attempts);
    const dead = new Set(deadLetters.map(({ receiver, eventId }) => `${receiver} ${eventId}`));
    for (const [key, publications] of orderedByKey([...model.publications.values()], model)) {
      for (const [index, later] of publications.entries()) {
        for (const earlier of publications.slice(0, index)) {
          if (acceptedMs(earlier) > firstStartMs(later)) continue;
          for (const { name, redriven, skippedBeforeMs } of model.receivers.values()) {
            // What was skipped holds nothing back.
            if (firstStartMs(earlier) <= skippedBeforeMs) continue;
            const ofEarlier = groups.get(`${name} ${earlier.id}`);
            const ofLater = groups.get(`${name} ${later.id}`);
            // Who redrives gives the order up.
            if (ofEarlier === undefined || ofLater === undefined || redriven) continue;
            if (dead.has(`${name} ${earlier.id}`)) continue;
            const laterMs = Math.min(...ofLater.map(({ startMs }) => startMs));
            if (
              ofEarlier.some(
                (attempt) => isSuccess(attempt) && (attempt.endMs ?? Number.POSITIVE_INFINITY) <= laterMs,
              )
            )
              continue;
            yield {
              message: `${name} got ${later.id} before ${earlier.id}, which came first for ${key}.`,
              about: [earlier.id, later.id, name],
            };
          }
        }
      }
    }
  },
};

const acceptedMs = ({ submissions }: Publication) =>
  Math.min(
    ...submissions.map(({ outcome, endMs }) =>
      outcome === 'accepted' ? (endMs ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY,
    ),
  );

/** Only what one call published at once: delayed, held and transactional events enter the order when they are let go. */
function orderedByKey(publications: readonly Publication[], model: Parameters<Checker['check']>[0]['model']) {
  const keys = new Map<string, Publication[]>();
  for (const publication of publications) {
    const { target, event, via, dueMs, submissions } = publication;
    if (!('topic' in target) || model.topics.get(target.topic)?.ordered !== true) continue;
    if (event.subject === undefined || dueMs.length > 0 || via === 'outbox' || via === 'transaction')
      continue;
    // What was said twice has two places.
    if (submissions.length !== 1 || submissions[0]?.outcome !== 'accepted') continue;
    const key = `${target.topic} ${event.subject}`;
    const found = keys.get(key) ?? [];
    keys.set(key, [...found, publication]);
  }
  return keys;
}
