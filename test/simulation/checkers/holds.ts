import { firstStartMs } from '../workload/model.ts';
import type { Checker } from './checker.ts';

/** What was published while its topic was on hold for certain stays there until somebody releases it. */
export const holds: Checker = {
  name: 'holds',
  *check({ model, attempts }) {
    for (const { eventId, receiver, startMs } of attempts) {
      const publication = model.publications.get(eventId);
      if (publication === undefined || !('topic' in publication.target)) continue;
      const topic = model.topics.get(publication.target.topic);
      const publishedMs = firstStartMs(publication);
      for (const { fromMs, untilMs } of topic?.holds ?? []) {
        if (publishedMs <= fromMs || publishedMs >= untilMs || startMs >= untilMs) continue;
        yield {
          message: `${receiver} got ${eventId} while ${topic?.name} was on hold.`,
          about: [eventId, topic?.name ?? ''],
        };
      }
    }
  },
};
