import { owns, type Principal, requireOwner, scopeName } from '../../core/access/access.ts';
import { requireFreeName } from '../../core/access/application.ts';
import { writeTimer } from '../../core/delay/timer.ts';
import { checkSource } from '../../core/event/publisher.ts';
import { BusbarError, invalidField } from '../../core/kernel/errors.ts';
import { guardName } from '../../core/kernel/place.ts';
import { checkMessageSize, messageOf } from '../../core/routing/routing.ts';
import {
  eventOf,
  keptEvent,
  nextTime,
  nextTimes,
  type Recurrence,
  type RecurrenceSpec,
  shownEvent,
  targetOf,
  unknownSchedule,
} from '../../core/schedule/recurrence.ts';
import type { KeptRecurrence, RecurrenceState } from '../../runtime/stores/recurrences.ts';
import type { Tools } from '../../runtime/tools.ts';
import { leavePlace, type PlaceTools } from '../access/places.ts';
import { newRevision } from '../delay/schedule.ts';
import { dropTimer, setTimers, type TimerTools } from '../delay/timers.ts';
import { type PageQuery, pageOf } from '../list/page.ts';
import { openTarget } from '../publish/publish.ts';
import { type AdminTools, ownerOf, type Put, takeOwned } from '../registry/admin.ts';
import { tickTimer } from './fire.ts';

export type RecurrenceTools = AdminTools & TimerTools & PlaceTools & Tools<'schemas' | 'grants'>;

/** A recurring schedule as the API shows it: with its next five times, and the result of the last. */
export interface ShownRecurrence extends Omit<Recurrence, 'anchorMs' | 'acting' | 'event'> {
  readonly event: Omit<Recurrence['event'], 'dataText'>;
  /** RFC 3339; none while it is paused. */
  readonly next: readonly string[];
  readonly lastFiredAt?: string;
  /** Why the last time fired nothing. */
  readonly problem?: string;
}

const timesShown = 5;
const iso = (ms: number) => new Date(ms).toISOString();

function show({ recurrence, state }: KeptRecurrence): ShownRecurrence {
  const { anchorMs: _1, acting: _2, ...shown } = recurrence;
  const next =
    recurrence.state === 'paused'
      ? []
      : [state.nextMs, ...nextTimes(recurrence, state.nextMs, timesShown - 1)].map(iso);
  return {
    ...shown,
    event: shownEvent(shown.event),
    next,
    ...(state.firedMs > 0 && { lastFiredAt: iso(state.firedMs) }),
    ...(state.problem !== '' && { problem: state.problem }),
  };
}

/** @throws BusbarError unknown_schedule, forbidden. */
async function own(tools: RecurrenceTools, principal: Principal, name: string): Promise<KeptRecurrence> {
  const kept = await tools.recurrences.find(name);
  if (kept === undefined) throw unknownSchedule(name);
  requireOwner(principal, kept.recurrence.owner, `The schedule ${name}`);
  return kept;
}

export async function getRecurrence(
  tools: RecurrenceTools,
  principal: Principal,
  name: string,
): Promise<ShownRecurrence> {
  return show(await own(tools, principal, name));
}

/** A recurring schedule in a list, without its event. */
export type ListedRecurrence = Omit<ShownRecurrence, 'event'>;

/** The schedules that the caller owns; an admin sees all. */
export async function listRecurrences(
  tools: RecurrenceTools,
  principal: Principal,
  query: PageQuery,
): Promise<{ schedules: ListedRecurrence[]; cursor?: string }> {
  const { items: schedules, ...rest } = await pageOf(
    ['schedules', scopeName(principal)],
    query,
    tools.recurrences.after,
    (kept) => (owns(principal, kept.recurrence.owner) ? withoutEvent(show(kept)) : undefined),
  );
  return { schedules, ...rest };
}

const withoutEvent = ({ event: _, ...shown }: ShownRecurrence): ListedRecurrence => shown;

/**
 * Creates a recurring schedule, or replaces its settings. A paused one stays paused. An interval counts from now, and
 * keeps its start when it is put again unchanged.
 */
export async function putRecurrence(
  tools: RecurrenceTools,
  principal: Principal,
  name: string,
  { owner: namedOwner, ...spec }: RecurrenceSpec,
): Promise<Put<ShownRecurrence>> {
  const target = targetOf(spec);
  const earlier = await tools.recurrences.find(name);
  if (earlier === undefined) requireFreeName(name);
  else requireOwner(principal, earlier.recurrence.owner, `The schedule ${name}`);
  const nowMs = tools.clock.now();
  const { topic, acting } = await openTarget(tools, principal, target);
  const owner = ownerOf(principal, namedOwner, earlier?.recurrence, `The schedule ${name}`);
  if (spec.event.source !== undefined) checkSource(spec.event.source, owner);
  checkMessageSize(messageOf(eventOf({ schedule: name, event: spec.event, owner }, nowMs), target));
  const wrong =
    topic?.schema === undefined
      ? []
      : tools.schemas.errorsOf(topic.schema, spec.event.data ?? null, spec.event.dataText);
  if (wrong.length > 0) {
    const detail = wrong.map((error) => `${error.path} ${error.detail}`).join('; ');
    throw new BusbarError(
      'schema_mismatch',
      `The event's data does not match the schema of its topic: ${detail}.`,
      {
        fields: wrong,
      },
    );
  }
  const goesOn = earlier !== undefined && earlier.recurrence.everySeconds === spec.everySeconds;
  const recurrence: Recurrence = {
    schedule: name,
    ...spec,
    event: keptEvent(spec.event),
    owner,
    state: earlier?.recurrence.state ?? 'active',
    acting,
    anchorMs: goesOn ? earlier.recurrence.anchorMs : nowMs,
    createdAt: earlier?.recurrence.createdAt ?? iso(nowMs),
    updatedAt: iso(nowMs),
  };
  const before = earlier?.recurrence.owner;
  if (before !== owner) await takeOwned(tools, principal, 'schedules', name, { before, after: owner });
  const kept = await put(tools, recurrence, earlier);
  if (before !== undefined && before !== owner) await leavePlace(tools, before, 'schedules', name);
  return { created: earlier === undefined, document: show(kept) };
}

/** Stops firing; times that pass meanwhile are not made up for. */
export async function pauseRecurrence(
  tools: RecurrenceTools,
  principal: Principal,
  name: string,
): Promise<ShownRecurrence> {
  const earlier = await own(tools, principal, name);
  if (earlier.recurrence.state === 'paused') return show(earlier);
  const paused = { ...earlier.recurrence, state: 'paused', updatedAt: iso(tools.clock.now()) } as const;
  return show(await put(tools, paused, earlier));
}

/** Resumes firing, from the next time. */
export async function resumeRecurrence(
  tools: RecurrenceTools,
  principal: Principal,
  name: string,
): Promise<ShownRecurrence> {
  const earlier = await own(tools, principal, name);
  if (earlier.recurrence.state === 'active') return show(earlier);
  const active = { ...earlier.recurrence, state: 'active', updatedAt: iso(tools.clock.now()) } as const;
  return show(await put(tools, active, earlier));
}

/** Deletes a schedule; whoever owns its target may do so as well. */
export async function deleteRecurrence(
  tools: RecurrenceTools,
  principal: Principal,
  name: string,
): Promise<void> {
  const kept = await tools.recurrences.find(name);
  if (kept === undefined) throw unknownSchedule(name);
  const { state, recurrence } = kept;
  const target = targetOf(recurrence);
  const standing =
    'topic' in target
      ? await tools.registry.topic(target.topic)
      : await tools.registry.receiver(target.receiver);
  if (!owns(principal, standing?.owner)) requireOwner(principal, recurrence.owner, `The schedule ${name}`);
  // The guard first: without the row it could not be found any more.
  await tools.schedules.delete(guardName(name));
  await tools.recurrences.remove(name);
  await dropTimer(tools, state.revision);
  await leavePlace(tools, recurrence.owner, 'schedules', name);
}

/**
 * The guard, then the row, then the timer: after a crash, the guard has the row looked at within the hour.
 * @throws BusbarError conflict, unavailable.
 */
async function put(
  tools: RecurrenceTools,
  recurrence: Recurrence,
  earlier: KeptRecurrence | undefined,
): Promise<KeptRecurrence> {
  const { schedule } = recurrence;
  const nowMs = tools.clock.now();
  const nextMs = nextTime(recurrence, nowMs);
  if (nextMs === undefined) {
    throw invalidField('cron', 'never fires again. Give one with a time in the future');
  }
  const state: RecurrenceState = {
    nextMs,
    revision: newRevision(tools.random),
    firedMs: earlier?.state.firedMs ?? 0,
    problem: '',
    waitsSinceMs: 0,
  };
  const isActive = recurrence.state === 'active';
  if (isActive) {
    await tools.schedules.repeat(guardName(schedule), writeTimer({ schedule, revision: '', dueAtMs: 0 }));
  }
  if (!(await tools.recurrences.write({ recurrence, state }, earlier?.recurrence))) {
    throw new BusbarError(
      'conflict',
      `Another request changed the schedule ${schedule} at the same time. Try again.`,
    );
  }
  if (isActive) {
    const [problem] = await setTimers(tools, [tickTimer(schedule, state)]);
    if (problem !== undefined) {
      tools.log('error', 'A recurring schedule has no timer', { schedule, reason: problem });
      throw new BusbarError(
        'unavailable',
        'The schedule is saved, but its timer could not be set, so it may begin an hour late. Send the request again.',
        { retryAfterSeconds: 1 },
      );
    }
  } else await dropTimer(tools, guardName(schedule));
  if (earlier !== undefined) await dropTimer(tools, earlier.state.revision);
  return { recurrence, state };
}
