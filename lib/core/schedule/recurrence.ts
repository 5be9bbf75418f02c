import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { Acting } from '../access/acting.ts';
import { type BusEvent, createEvent } from '../event/event.ts';
import { publisherAttribute } from '../event/publisher.ts';
import type { Target } from '../event/target.ts';
import { BusbarError } from '../kernel/errors.ts';
import { parseVerbatim } from '../kernel/exact-numbers.ts';
import { bus } from '../kernel/limits.ts';
import { nameSchema } from '../kernel/spec.ts';
import { CronError, parseCron } from './cron.ts';
import { timeZone, timeZoneCharactersMax } from './time-zone.ts';

/** A time of a recurring schedule that fires later than this is a misfire. */
const misfireSeconds = 60;

/** At most this many events are fired at one look at a schedule. */
export const firesMax = 100;

/** What to do with times that passed while the bus could not fire: one event for all of them, none, or one for each. */
export const misfires = ['fire-once', 'skip', 'all'] as const;

/** A recurring schedule, as PUT takes it. */
export const recurrenceSchema = z
  .strictObject({
    topic: nameSchema.optional(),
    receiver: nameSchema.optional(),
    owner: nameSchema.optional(),
    description: z.string().max(1024).optional(),
    cron: z.string().superRefine(checkCron).optional(),
    everySeconds: z.int().min(1).max(bus.scheduleLegSeconds).optional(),
    timezone: z
      .string()
      // What is longer is not even looked up.
      .max(timeZoneCharactersMax, { abort: true })
      .refine((name) => timeZone(name) !== undefined, 'is not an IANA time zone such as Europe/Berlin')
      .optional(),
    misfire: z.enum(misfires).optional(),
    event: z.strictObject({
      type: z.string(),
      source: z.string().optional(),
      subject: z.string().optional(),
      data: z.unknown().optional(),
    }),
  })
  .refine(
    (spec) => (spec.topic === undefined) !== (spec.receiver === undefined),
    'must have either topic or receiver',
  )
  .refine(
    (spec) => (spec.cron === undefined) !== (spec.everySeconds === undefined),
    'must have either cron or everySeconds',
  )
  .refine((spec) => spec.timezone === undefined || spec.everySeconds === undefined, {
    path: ['timezone'],
    message: 'is only for cron. Leave it out: an interval is the same in every time zone',
  });

type SpecOfPut = z.infer<typeof recurrenceSchema>;

export interface RecurrenceSpec extends Omit<SpecOfPut, 'event'> {
  readonly event: SpecOfPut['event'] & {
    /** The data as it was written, of which numbers are kept exactly. It is kept in place of the data if it says more. */
    readonly dataText?: string;
  };
}

/** A recurring schedule as it is kept. Times are RFC 3339. */
export interface Recurrence extends Omit<RecurrenceSpec, 'owner'> {
  readonly schedule: string;
  readonly owner: string;
  readonly state: 'active' | 'paused';
  /** For whom it fires; absent in rows from before this was recorded. */
  readonly acting?: Acting;
  /** The start from which intervals are counted. */
  readonly anchorMs: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

function checkCron(text: string, context: z.RefinementCtx): void {
  try {
    if (parseCron(text).next(0, zoneOf(undefined)) === undefined) {
      context.addIssue({ code: 'custom', message: 'never fires: there is no such day' });
    }
  } catch (error) {
    if (!(error instanceof CronError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
  }
}

function zoneOf(name: string | undefined) {
  const zone = timeZone(name ?? 'UTC');
  if (zone === undefined) throw new Error(`There is no time zone ${name}.`);
  return zone;
}

export const targetOf = (spec: Pick<RecurrenceSpec, 'topic' | 'receiver'>): Target =>
  spec.topic === undefined ? { receiver: spec.receiver ?? '' } : { topic: spec.topic };

type Times = Pick<Recurrence, 'cron' | 'everySeconds' | 'timezone' | 'anchorMs'>;

/** The first time after an instant; undefined when there is none left. */
export function nextTime(spec: Times, afterMs: number): number | undefined {
  if (spec.cron !== undefined) return parseCron(spec.cron).next(afterMs, zoneOf(spec.timezone));
  const everyMs = (spec.everySeconds ?? 0) * 1000;
  return spec.anchorMs + Math.max(1, Math.floor((afterMs - spec.anchorMs) / everyMs) + 1) * everyMs;
}

/** The next times after an instant, the nearest first. */
export function nextTimes(spec: Times, afterMs: number, count: number): readonly number[] {
  const times: number[] = [];
  let lastMs: number | undefined = afterMs;
  while (times.length < count) {
    lastMs = nextTime(spec, lastMs);
    if (lastMs === undefined) break;
    times.push(lastMs);
  }
  return times;
}

/** What one look at a schedule does: it fires events for these times and sets the next look. */
export interface Firing {
  readonly fireMs: readonly number[];
  readonly nextMs: number | undefined;
}

/**
 * Which times fire now. A time that is late by up to a minute is not missed: each of those fires. Older ones are
 * missed, and the policy decides: `fire-once` fires the first of them, `skip` none, `all` each of them, up to a limit
 * at each look. A time that waited for the rate of its application was not missed.
 * @param waitsSinceMs since when times wait for the rate; 0 when none does.
 */
export function planFiring(
  spec: Times & Pick<Recurrence, 'misfire'>,
  plannedMs: number,
  nowMs: number,
  waitsSinceMs = 0,
): Firing {
  if (plannedMs > nowMs) return { fireMs: [], nextMs: plannedMs };
  const missedBeforeMs = (waitsSinceMs === 0 ? nowMs : waitsSinceMs) - misfireSeconds * 1000;
  const fireMs: number[] = [];
  let timeMs: number | undefined = plannedMs;
  if (plannedMs < missedBeforeMs && spec.misfire !== 'all') {
    if (spec.misfire !== 'skip') fireMs.push(plannedMs);
    timeMs = nextTime(spec, missedBeforeMs - 1);
  }
  while (timeMs !== undefined && timeMs <= nowMs && fireMs.length < firesMax) {
    fireMs.push(timeMs);
    timeMs = nextTime(spec, timeMs);
  }
  return { fireMs, nextMs: timeMs };
}

/**
 * Since when times wait for the rate, after a look: until all that waited have fired, however many looks that takes.
 * @param isOver whether the rate let some of this look's times not go.
 */
export function waitsSince(
  earlierMs: number,
  isOver: boolean,
  nextMs: number | undefined,
  nowMs: number,
): number {
  if (isOver) return earlierMs === 0 ? nowMs : earlierMs;
  return nextMs !== undefined && nextMs <= nowMs ? earlierMs : 0;
}

/** How many seconds until a schedule over its rate is looked at again: the longer it waits, the more rarely. */
export const overRateSeconds = (waitSeconds: number, waitsSinceMs: number, nowMs: number): number =>
  Math.min(60, Math.max(1, waitSeconds, Math.floor((nowMs - waitsSinceMs) / 4000)));

/**
 * The event of one time. Its id consists of the schedule's name and that time, so it is one event however often the
 * time fires. @throws BusbarError invalid_event.
 */
export function eventOf(
  { schedule, event, owner }: Pick<Recurrence, 'schedule' | 'event' | 'owner'>,
  plannedMs: number,
): BusEvent {
  const time = new Date(plannedMs).toISOString();
  const id = `${schedule}@${time.replace('.000Z', 'Z')}`;
  const trace = createHash('sha256').update(id).digest('hex');
  const { type, source, subject, data } = event;
  const text = event.dataText ?? (data === undefined ? undefined : JSON.stringify(data));
  return createEvent({
    attributes: {
      id,
      source: source ?? `/schedules/${schedule}`,
      type,
      ...(subject !== undefined && { subject }),
      time,
      ...(text !== undefined && { datacontenttype: 'application/json' }),
      traceparent: `00-${trace.slice(0, 32)}-${trace.slice(32, 48)}-01`,
      [publisherAttribute]: owner,
    },
    data: text === undefined ? undefined : { text, binary: false },
  });
}

/** The event as it is kept: its data once, as text where parsing and printing would change it. */
export function keptEvent({ data, dataText, ...event }: RecurrenceSpec['event']): RecurrenceSpec['event'] {
  if (dataText === undefined) return { ...event, ...(data !== undefined && { data }) };
  return dataText === JSON.stringify(data) ? { ...event, data } : { ...event, dataText };
}

/** The event as it is shown: numbers of its data are printed as they were given. */
export function shownEvent({ dataText, ...event }: RecurrenceSpec['event']): SpecOfPut['event'] {
  return dataText === undefined ? event : { ...event, data: parseVerbatim(dataText) };
}

export const unknownSchedule = (name: string) =>
  new BusbarError(
    'unknown_schedule',
    `There is no schedule ${name}. Create it with PUT /v1/schedules/${name}.`,
  );
