import type { EpochMs, Host } from '../engine.ts';
import { conflict, invalid, notFound } from './errors.ts';
import { parseExpression } from './expression.ts';
import { schedulerLimits } from './limits.ts';
import type { ClientToken, Definition, Group, Schedule, SchedulerOptions } from './model.ts';
import { defaultGroup, scheduleKey } from './names.ts';

const scheduleTable = 'scheduler.schedules';
const groupTable = 'scheduler.groups';

/** The schedules and groups of the account. */
export interface Schedules {
  get(key: string): Schedule | undefined;
  /** Throws `ResourceNotFoundException`. */
  find(group: string, name: string): Schedule;
  all(): Iterable<Schedule>;
  create(group: string, name: string, definition: Definition, token: ClientToken | undefined): void;
  update(before: Schedule, definition: Definition, token: ClientToken | undefined): void;
  /** Moves a schedule that fired to its next occurrence. Returns whether there is one. */
  advance(schedule: Schedule): boolean;
  delete(key: string): void;
  readonly groups: Groups;
}

interface Groups {
  find(name: string): Group;
  all(): Iterable<Group>;
  create(name: string, tags: Readonly<Record<string, string>>, token: ClientToken | undefined): void;
  put(group: Group): void;
  /** Deletes the group with its schedules. */
  delete(name: string): void;
}

/** What the actions work on. */
export interface Scheduler {
  readonly host: Host;
  readonly schedules: Schedules;
}

/** Receives the time at which each schedule fires next. */
export interface DueTimes {
  plan(key: string, fireMs: EpochMs): void;
  cancel(key: string): void;
}

export function createSchedules(host: Host, options: SchedulerOptions, due: DueTimes): Schedules {
  const byKey = new Map<string, Schedule>();
  let lastNumber = 0;
  const precisionMs = options.precisionMs ?? schedulerLimits.precisionMs;

  for (const [key, row] of host.store.load(scheduleTable)) {
    const schedule = row as Schedule;
    byKey.set(key, schedule);
    lastNumber = Math.max(lastNumber, schedule.number);
    if (schedule.fireMs !== undefined) due.plan(key, schedule.fireMs);
  }

  function put(schedule: Schedule): void {
    const key = scheduleKey(schedule.group, schedule.name);
    byKey.set(key, schedule);
    host.store.put(scheduleTable, key, schedule);
    if (schedule.fireMs === undefined) due.cancel(key);
    else due.plan(key, schedule.fireMs);
  }

  /** Plans the first occurrence at or after an instant, with a randomly drawn moment of firing. */
  function planned(schedule: Schedule, fromMs: number): Schedule {
    const { occurrenceMs: _, fireMs: __, ...rest } = schedule;
    const recurrence = parseExpression(schedule.expression, schedule.timezone);
    const firstMs = recurrence.once ? fromMs : Math.max(fromMs, schedule.startMs ?? fromMs);
    const occurrenceMs = schedule.enabled
      ? recurrence.next(firstMs, schedule.startMs ?? schedule.modifiedMs)
      : undefined;
    if (occurrenceMs === undefined) return rest;
    // The end date does not apply to a one-time schedule.
    if (!recurrence.once && schedule.endMs !== undefined && occurrenceMs > schedule.endMs) return rest;
    const withinMs =
      schedule.flexibleWindowMinutes === undefined ? precisionMs : schedule.flexibleWindowMinutes * 60_000;
    return { ...rest, occurrenceMs, fireMs: occurrenceMs + Math.floor(host.random.next() * withinMs) };
  }

  function get(key: string): Schedule | undefined {
    return byKey.get(key);
  }

  const groups = createGroups(host, (group) => {
    for (const [key, schedule] of byKey) if (schedule.group === group) remove(key);
  });

  function remove(key: string): void {
    byKey.delete(key);
    host.store.delete(scheduleTable, key);
    due.cancel(key);
  }

  /**
   * Rejects start and end dates in the past. Returns the instant from which to look for the first occurrence. A
   * one-time schedule in the past is accepted (recorded in LocalStack's tests). Whether AWS fires it is not known; here
   * it never fires, so that nobody relies on it.
   */
  function startOf(definition: Definition, nowMs: number): number {
    const { once } = parseExpression(definition.expression, definition.timezone);
    // A time within the precision of the service is not in the past.
    if (once) return nowMs - schedulerLimits.precisionMs;
    if (definition.startMs !== undefined && definition.startMs < nowMs - schedulerLimits.startDateAgeMs) {
      throw invalid('The StartDate you specify cannot be earlier than 5 minutes ago.');
    }
    if (definition.endMs !== undefined && definition.endMs <= nowMs) {
      throw invalid('The EndDate you specify must be in the future.');
    }
    return nowMs;
  }

  return {
    get,
    groups,
    all: () => byKey.values(),
    find(group, name) {
      groups.find(group);
      const found = get(scheduleKey(group, name));
      if (found === undefined) throw notFound(`Schedule ${name} does not exist.`);
      return found;
    },
    create(group, name, definition, token) {
      groups.find(group);
      const before = get(scheduleKey(group, name));
      if (before !== undefined) {
        if (isRepetition(token, before.createdBy)) return;
        throw conflict(`Schedule ${name} already exists.`);
      }
      const nowMs = host.clock.now();
      const fromMs = startOf(definition, nowMs);
      lastNumber += 1;
      put(
        planned(
          {
            ...definition,
            group,
            name,
            number: lastNumber,
            createdMs: nowMs,
            modifiedMs: nowMs,
            ...(token === undefined ? {} : { createdBy: token }),
          },
          fromMs,
        ),
      );
    },
    update(before, definition, token) {
      if (isRepetition(token, before.updatedBy)) return;
      const nowMs = host.clock.now();
      put(
        planned(
          {
            ...definition,
            group: before.group,
            name: before.name,
            number: before.number,
            createdMs: before.createdMs,
            modifiedMs: nowMs,
            ...(before.createdBy === undefined ? {} : { createdBy: before.createdBy }),
            ...(token === undefined ? {} : { updatedBy: token }),
          },
          startOf(definition, nowMs),
        ),
      );
    },
    advance(schedule) {
      const nowMs = host.clock.now();
      const windowMs = (schedule.flexibleWindowMinutes ?? 0) * 60_000;
      // What a sleeping machine missed fires once, not once for each missed occurrence. An occurrence that is no
      // later than its window allows is not missed.
      const fromMs = Math.max((schedule.occurrenceMs ?? nowMs) + 1, nowMs - windowMs - precisionMs);
      const next = planned(schedule, fromMs);
      put(next);
      return next.fireMs !== undefined;
    },
    delete: remove,
  };
}

function createGroups(host: Host, onDelete: (name: string) => void): Groups {
  const byName = new Map<string, Group>();
  for (const [name, row] of host.store.load(groupTable)) byName.set(name, row as Group);
  if (!byName.has(defaultGroup)) {
    const nowMs = host.clock.now();
    // The default group always exists, and is stored only once it is tagged.
    byName.set(defaultGroup, { name: defaultGroup, createdMs: nowMs, modifiedMs: nowMs, tags: {} });
  }

  function put(group: Group): void {
    byName.set(group.name, group);
    host.store.put(groupTable, group.name, group);
  }

  function find(name: string): Group {
    const found = byName.get(name);
    if (found === undefined) throw notFound(`Schedule group ${name} does not exist.`);
    return found;
  }

  return {
    find,
    put,
    all: () => byName.values(),
    create(name, tags, token) {
      const before = byName.get(name);
      if (before !== undefined) {
        if (isRepetition(token, before.createdBy)) return;
        throw conflict(`Schedule group ${name} already exists.`);
      }
      if (byName.size >= schedulerLimits.groups) {
        throw invalid(`An account has at most ${schedulerLimits.groups} schedule groups.`);
      }
      const nowMs = host.clock.now();
      put({
        name,
        createdMs: nowMs,
        modifiedMs: nowMs,
        tags,
        ...(token === undefined ? {} : { createdBy: token }),
      });
    },
    delete(name) {
      find(name);
      if (name === defaultGroup) throw invalid('The default schedule group cannot be deleted.');
      byName.delete(name);
      host.store.delete(groupTable, name);
      onDelete(name);
    },
  };
}

/** The same token with the same request is a repetition; with another request it is a conflict. */
function isRepetition(token: ClientToken | undefined, before: ClientToken | undefined): boolean {
  if (token === undefined || before === undefined || token.token !== before.token) return false;
  if (token.digest === before.digest) return true;
  throw conflict('The ClientToken was used before with other parameters.');
}
