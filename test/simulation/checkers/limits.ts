import type { Attempt, Checker } from './checker.ts';

/** How many posts are under way at an endpoint, and how many begin a second, stay within its limits. */
export const limits: Checker = {
  name: 'limits',
  *check({ model, attempts, profile }) {
    for (const { name, limits: own } of model.receivers.values()) {
      const received = attempts.filter(({ receiver }) => receiver === name);
      // A post whose function died is nobody's any more, and still under way at the endpoint: then it is not counted.
      const isCut =
        profile.restarts > 0 ||
        ['crash', 'crashAtCall', 'hang', 'lostAnswer', 'slowCall'].some(
          (kind) => profile.rates[kind as 'crash'] > 0,
        );
      if (own.concurrency !== undefined && !isCut) {
        const most = mostAtOnce(received);
        // The ordered lane has a count of its own.
        const allowed = own.concurrency * ([...model.topics.values()].some(({ ordered }) => ordered) ? 2 : 1);
        if (most > allowed)
          yield {
            message: `${most} posts were under way at ${name}, which allows ${allowed}.`,
            about: [name],
          };
      }
      if (own.perSecond === undefined) continue;
      const windowMs = 10_000;
      const allowed = Math.ceil(own.perSecond * ((windowMs + 2 * profile.clockSkewMsMax) / 1000) * 1.05) + 1;
      const most = mostWithin(received, windowMs);
      if (most > allowed) {
        yield {
          message: `${most} posts began at ${name} within ten seconds, where ${allowed} are allowed.`,
          about: [name],
        };
      }
    }
  },
};

function mostAtOnce(attempts: readonly Attempt[]): number {
  const changes = attempts.flatMap(({ startMs, endMs }): [number, number][] => [
    [startMs, 1],
    ...(endMs === undefined ? [] : ([[endMs, -1]] as [number, number][])),
  ]);
  changes.sort(([left, up], [right, down]) => left - right || up - down);
  let now = 0;
  let most = 0;
  for (const [, change] of changes) {
    now += change;
    most = Math.max(most, now);
  }
  return most;
}

function mostWithin(attempts: readonly Attempt[], windowMs: number): number {
  const starts = attempts.map(({ startMs }) => startMs).sort((left, right) => left - right);
  let most = 0;
  let first = 0;
  for (const [index, startMs] of starts.entries()) {
    while ((starts[first] ?? startMs) <= startMs - windowMs) first += 1;
    most = Math.max(most, index - first + 1);
  }
  return most;
}
