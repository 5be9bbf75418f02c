import { type Checker, mayLoseReports, type Run } from './checker.ts';

/**
 * Statistics say what happened, but for what an instance kept to itself that died, or was not called again: no more than
 * happened, and no less than was written (decision 171).
 */
export const statistics: Checker = {
  name: 'statistics',
  *check(run) {
    const { happened, unwritten, shown } = run.statistics;
    for (const [thing, counts] of shown) {
      const [kind, name = ''] = thing.split('#');
      const names = kind === 'receiver' ? ['delivered', 'failed'] : ['accepted', 'duplicate', 'rejected'];
      for (const what of names) {
        const count = counts[what] ?? 0;
        const most = (happened.get(thing)?.[what] ?? 0) + unseen(run, kind ?? '', name, what);
        const least = (happened.get(thing)?.[what] ?? 0) - (unwritten.get(thing)?.[what] ?? 0);
        if (count < least)
          yield {
            message: `Statistics of ${thing} lost ${least - count} of ${least} ${what}.`,
            about: [name],
          };
        if (count > most)
          yield {
            message: `Statistics of ${thing} say ${count} ${what}, where ${most} were.`,
            about: [name],
          };
      }
      if (kind === 'receiver') yield* deadLetters(run, name, counts.deadLettered ?? 0);
    }
  },
};

/**
 * What is counted that no endpoint and no publisher has seen: attempts that failed within the bus, and what the relay
 * publishes. That is published, and counted, again where the relay dies.
 */
function unseen({ model, profile }: Run, kind: string, topic: string, what: string): number {
  if (what === 'delivered') return 0;
  if (mayLoseReports(profile)) return Number.POSITIVE_INFINITY;
  if (kind === 'receiver') return 0;
  const stored = [...model.publications.values()].filter(
    ({ target, via }) =>
      'topic' in target && target.topic === topic && ['outbox', 'transaction'].includes(via),
  );
  return stored.length;
}

/** A letter that the queue took and called failed is sent, and counts, once more. */
function* deadLetters({ system, profile, statistics: { unwritten } }: Run, receiver: string, count: number) {
  const dead = system.deaths.filter((death) => death.receiver === receiver).length;
  const about = [receiver];
  if (count > dead)
    yield { message: `Statistics of ${receiver} say ${count} dead letters, where ${dead} were sent.`, about };
  // Whoever keeps attempts to itself keeps their letters as well.
  const isWritten = Object.values(unwritten.get(`receiver#${receiver}`) ?? {}).every((kept) => kept === 0);
  const isExact = isWritten && !mayLoseReports(profile) && profile.rates.failedEntry === 0;
  if (isExact && count < dead)
    yield { message: `Statistics of ${receiver} say ${count} dead letters, where ${dead} died.`, about };
}
