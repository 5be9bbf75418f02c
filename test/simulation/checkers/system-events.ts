import { overlaps, type Tenancy, watchers } from '../workload/tenancy.ts';
import {
  type Attempt,
  type Checker,
  isSuccess,
  mayLoseReports,
  type Run,
  rightsMs,
  type Violation,
} from './checker.ts';

type Found = Iterable<Omit<Violation, 'checker'>>;

/** Who is told what of the bus itself (decision 162): what is one's own, seldom, of what happened, and in no circle. */
export const systemEvents: Checker = {
  name: 'system-events',
  *check(run) {
    yield* onlyOwn(run);
    yield* inNoCircle(run);
    yield* seldom(run);
    yield* everything(run);
  },
};

/** A system event as a receiver got it. */
interface Told {
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly busbarrecipient: string;
}

const toldBy = ({ request }: Attempt): Told => JSON.parse(Buffer.from(request.body ?? '').toString('utf8'));
const isOfAdmin = (receiver: string) => receiver === watchers.ops || receiver === watchers.unwell;

/** An application is told what is about its own; the receivers of an admin are told everything. */
function* onlyOwn({ profile, model: { tenancy }, systemAttempts }: Run): Found {
  const slackMs = rightsMs + 2 * profile.clockSkewMsMax;
  for (const attempt of systemAttempts) {
    const { receiver, startMs, eventId } = attempt;
    const told = toldBy(attempt);
    const { type, subject, busbarrecipient: recipient } = told;
    const about = [eventId, receiver, subject];
    const owners = tenancy.receivers.get(receiver) ?? [];
    if (!owners.some((span) => span.owner === recipient && overlaps(span, startMs - slackMs, startMs)))
      yield { message: `${receiver} got ${type} (${eventId}), which was sent to ${recipient}.`, about };
    if (isOfAdmin(receiver)) continue;
    if (!concerned(tenancy, told, Date.parse(told.time) - slackMs, startMs).has(recipient))
      yield { message: `${receiver} of ${recipient} was told ${type} about ${subject}.`, about };
  }
}

/** The applications that something may have been about at some time from `fromMs` until `untilMs`. */
function concerned(tenancy: Tenancy, { subject, data }: Told, fromMs: number, untilMs: number): Set<string> {
  const [kind, name = ''] = subject.split('/');
  const ownersOf = (topic: string): string[] =>
    (tenancy.topics.get(topic)?.lives ?? []).flatMap(({ owners }) =>
      owners.filter((span) => overlaps(span, fromMs, untilMs)).map(({ tenant }) => tenant),
    );
  switch (kind) {
    case 'receivers':
      return new Set(
        (tenancy.receivers.get(name) ?? [])
          .filter((span) => overlaps(span, fromMs, untilMs))
          .map(({ owner }) => owner),
      );
    case 'topics':
      return new Set(ownersOf(name));
    case 'requests': {
      const known = tenancy.requests.find(({ id }) => id === name);
      return new Set([known?.by ?? String(data.application), ...ownersOf(String(data.topic))]);
    }
    case 'applications':
      return new Set([name]);
    case 'keys':
    case 'transactions':
      return new Set([String(data.application)]);
    default:
      return new Set();
  }
}

/** Whoever gets nothing but system events is never what one is about, however its deliveries fail. */
function* inNoCircle({ profile, model: { tenancy }, system, systemAttempts }: Run): Found {
  const onlyWatching: ReadonlySet<string> = new Set(Object.values(watchers));
  const told = systemAttempts.map((attempt) => ({ ...toldBy(attempt), id: attempt.eventId }));
  for (const { id, type, subject } of told)
    if (onlyWatching.has(subject.replace('receivers/', '')))
      yield { message: `Deliveries of system events caused ${type} about ${subject}.`, about: [id, subject] };
  // A counter that is added to again, because nobody heard that it was, says too much.
  if (profile.rates.lostAnswer > 0) return;
  const counts = new Map<string, Map<string, number>>();
  for (const { id, type, subject, data } of told) {
    if (type !== 'busbar.dead-letters') continue;
    const ofSubject = counts.get(subject) ?? new Map<string, number>();
    counts.set(subject, ofSubject);
    ofSubject.set(id, Math.max(ofSubject.get(id) ?? 0, Number(data.count)));
  }
  for (const receiver of tenancy.receivers.keys()) {
    const subject = `receivers/${receiver}`;
    const reported = [...(counts.get(subject) ?? new Map()).values()].reduce((sum, each) => sum + each, 0);
    const dead = deathsOf(system, receiver).length;
    if (reported > dead)
      yield {
        message: `${reported} dead letters of ${receiver} were told, where ${dead} of others than the bus died.`,
        about: [subject, receiver],
      };
  }
}

const deathsOf = ({ deaths }: Run['system'], receiver: string) =>
  deaths.filter((death) => death.receiver === receiver && death.topic !== 'busbar');

const reportMs = 60_000;
/** The relay counts from when it began, and its calls may be slow. */
const relayMs = 15_000;

/** At most one of a type about a subject in a minute. */
function* seldom({ profile, system }: Run): Found {
  const groups = Map.groupBy(system.sends, ({ receiver, type, subject }) => `${receiver} ${type} ${subject}`);
  const leastMs = reportMs - 2 * profile.clockSkewMsMax - relayMs;
  for (const [what, sends] of groups) {
    const first = new Map<string, number>();
    for (const { id, atMs } of sends) if (!first.has(id)) first.set(id, atMs);
    const ids = [...first];
    for (const [at, [id, atMs]] of ids.entries()) {
      const [beforeId, beforeMs] = ids[at - 1] ?? [];
      if (beforeMs === undefined || atMs - beforeMs >= leastMs) continue;
      yield {
        message: `${id} was sent ${atMs - beforeMs} ms after ${beforeId}: ${what}.`,
        about: [id, String(beforeId)],
      };
    }
  }
}

/** Something that has to be told. */
interface News {
  readonly type: string;
  readonly subject: string;
  /** It says a time from then on: what happened within the same minute is told with what came after it. */
  readonly fromMs: number;
  /** Whose steady receivers are told, beside the admin. */
  readonly isOfAlpha: boolean;
}

/** From when a function decides until its write is made: three attempts of up to five seconds, and pauses. */
const writeMs = 20_000;
/** A minute between two, two minutes until the sweep has seen what the stream missed, and back-offs of streams. */
const toldMs = 10 * 60_000;

function* everything(run: Run): Found {
  const { systemAttempts, healedMs, profile } = run;
  const arrived = Map.groupBy(
    systemAttempts
      .filter(isSuccess)
      .map((attempt) => ({ told: toldBy(attempt), receiver: attempt.receiver, atMs: attempt.startMs })),
    ({ receiver, told: { type, subject } }) => `${receiver} ${type} ${subject}`,
  );
  const skewMs = 2 * profile.clockSkewMsMax;
  for (const { type, subject, fromMs, isOfAlpha } of newsOf(run)) {
    for (const receiver of isOfAlpha ? [watchers.ops, watchers.alpha] : [watchers.ops]) {
      const untilMs = Math.max(fromMs, healedMs) + toldMs;
      const isTold = arrived
        .get(`${receiver} ${type} ${subject}`)
        ?.some(({ told, atMs }) => Date.parse(told.time) >= fromMs - skewMs && atMs <= untilMs);
      if (isTold !== true)
        yield {
          message: `${receiver} was not told ${type} about ${subject}.`,
          about: [subject, subject.slice(subject.indexOf('/') + 1), receiver],
        };
    }
  }
}

/** What the simulation saw happen, and what it was answered. */
function* newsOf({ profile, model, system }: Run): Iterable<News> {
  const { tenancy } = model;
  const isOfAlpha = (receiver: string) => {
    const owners = tenancy.receivers.get(receiver) ?? [];
    return owners.length === 1 && owners[0]?.owner === 'alpha';
  };
  for (const [receiver, states] of system.breakers) {
    let was = false;
    for (const { kind, isQuiet, atMs } of states) {
      const is = (kind === 'open' || kind === 'half-open') && !isQuiet;
      const type = `busbar.breaker.${is ? 'opened' : 'closed'}`;
      const subject = `receivers/${receiver}`;
      if (is !== was) yield { type, subject, fromMs: atMs - writeMs, isOfAlpha: isOfAlpha(receiver) };
      was = is;
    }
  }
  for (const receiver of tenancy.receivers.keys()) {
    const last = deathsOf(system, receiver).at(-1);
    // The queue of dead letters takes no part in a transaction: a report that cannot be written is logged (decision 162).
    if (last === undefined || mayLoseReports(profile)) continue;
    const type = 'busbar.dead-letters';
    const fromMs = last.atMs - writeMs;
    yield { type, subject: `receivers/${receiver}`, fromMs, isOfAlpha: isOfAlpha(receiver) };
  }
  for (const { id, by, decisions } of tenancy.requests) {
    const subject = `requests/${id}`;
    yield { type: 'busbar.request.opened', subject, fromMs: 0, isOfAlpha: by === 'alpha' };
    for (const [message, type] of [
      ['approve', 'busbar.request.approved'],
      ['reject', 'busbar.request.rejected'],
    ] as const)
      if (decisions[message]?.isDone === true) yield { type, subject, fromMs: 0, isOfAlpha: by === 'alpha' };
  }
  for (const [receiver, { state }] of system.redrives) {
    if (state !== 'done' && state !== 'halted') continue;
    const subject = `receivers/${receiver}`;
    yield { type: `busbar.redrive.${state}`, subject, fromMs: 0, isOfAlpha: isOfAlpha(receiver) };
  }
  for (const { name, holds } of model.topics.values()) {
    const [first, last] = [holds[0], holds.at(-1)];
    if (first === undefined || last === undefined) continue;
    const subject = `topics/${name}`;
    // A call that was answered by a failure may have put it on hold before.
    yield { type: 'busbar.topic.held', subject, fromMs: 0, isOfAlpha: false };
    yield { type: 'busbar.topic.released', subject, fromMs: last.fromMs - writeMs, isOfAlpha: false };
  }
}
