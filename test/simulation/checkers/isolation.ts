import type { Checker } from './checker.ts';

/** While one receiver is down and nothing else fails, the others get their events as if it were not there. */
export const isolation: Checker = {
  name: 'isolation',
  *check({ profile, model, attempts }) {
    if (!profile.outage) return;
    for (const attempt of attempts) {
      const { receiver, eventId, number, startMs } = attempt;
      const own = model.receivers.get(receiver);
      const publication = model.publications.get(eventId);
      if (receiver === outageReceiver || own === undefined || publication === undefined) continue;
      const [submission] = publication.submissions;
      const isPlain =
        publication.dueMs.length === 0 &&
        ['publish', 'invoke', 'lambda'].includes(publication.via) &&
        submission?.outcome === 'accepted';
      if (!isPlain || own.limits.perSecond !== undefined || own.limits.concurrency !== undefined) continue;
      if (number > 1)
        yield {
          message: `${receiver}, which was well, needed attempt ${number} for ${eventId}.`,
          about: [eventId, receiver],
        };
      const waitedMs = startMs - (submission.endMs ?? startMs);
      if (waitedMs > 2000)
        yield {
          message: `${receiver} waited ${waitedMs} ms for ${eventId} while another one was down.`,
          about: [eventId, receiver],
        };
    }
  },
};

/** The receiver that is down in such a run. */
export const outageReceiver = 'receiver-1';
