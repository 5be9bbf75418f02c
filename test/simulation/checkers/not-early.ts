import type { Checker } from './checker.ts';

/** No delivery before its time, by the clock of whichever function decided, and none after a cancel that was granted. */
export const notEarly: Checker = {
  name: 'not-early',
  *check({ model, attempts, profile }) {
    for (const { eventId, receiver, startMs } of attempts) {
      const publication = model.publications.get(eventId);
      if (publication === undefined) continue;
      const about = [eventId, receiver];
      if (publication.cancelledMs !== undefined) {
        yield { message: `${receiver} got ${eventId}, whose cancel was answered by a 2xx.`, about };
      }
      if (publication.dueMs.length === 0) continue;
      // A re-time that was not yet answered counts from its call; whichever time is the earliest is allowed until then.
      const dueMs = Math.min(...publication.dueMs.slice(-3));
      if (startMs + 2 * profile.clockSkewMsMax < dueMs) {
        yield { message: `${receiver} got ${eventId} ${dueMs - startMs} ms early.`, about };
      }
    }
  },
};
