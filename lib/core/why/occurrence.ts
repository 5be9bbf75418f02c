import type { DelayedState } from '../delay/delayed.ts';
import { deliveryIdOf } from '../deliver/delivery.ts';
import type { Target } from '../event/target.ts';
import type { ErrorCode } from '../kernel/errors.ts';
import { type DeliveredEvent, deliveredIn } from './attempted.ts';
import { type PublishedEvent, publishedIn, type TraceRow } from './trace.ts';

/**
 * A row under an event's id alone: a delivery of it failed, it was delayed, its topic held it, or it was refused. Its
 * incarnation is that of its target, and `by` the application that published it, where they are recorded.
 */
export type Sighting =
  | {
      readonly kind: 'failing';
      readonly id: string;
      readonly source: string;
      readonly type: string;
      readonly topic: string | undefined;
      readonly receiver: string;
      /** Of the receiver. */
      readonly incarnation?: string | undefined;
      readonly deliveryId: string;
      readonly atMs: number;
      /** The application that published it; absent in older rows. */
      readonly by?: string;
    }
  | {
      readonly kind: 'scheduled';
      readonly id: string;
      readonly source: string;
      readonly type: string;
      readonly target: Target;
      readonly incarnation?: string | undefined;
      readonly by?: string | undefined;
      readonly atMs: number;
      readonly dueAtMs: number;
      readonly state: DelayedState['state'];
    }
  | {
      /** It was listed as refused. */
      readonly kind: 'refused';
      readonly id: string;
      readonly source: string;
      readonly type: string;
      readonly target: Target;
      readonly incarnation?: string | undefined;
      /** Whose list it is in; only that application is told. */
      readonly by: string;
      readonly atMs: number;
      readonly refusedId: string;
      readonly code: ErrorCode;
      readonly detail: string;
    }
  | {
      readonly kind: 'held';
      readonly id: string;
      readonly source: string;
      readonly type: string;
      readonly target: { readonly topic: string };
      readonly incarnation?: string | undefined;
      readonly by?: string | undefined;
      readonly atMs: number;
      /** The hold, and the id of the event in it. */
      readonly hold: string;
      readonly heldId: string;
    };

/** One event at one target, in one lifetime of that, with everything that is known about it. */
export interface Occurrence {
  readonly id: string;
  readonly source: string;
  readonly target: Target;
  /** Whether its target was deleted, and created again. */
  readonly isFormer: boolean;
  /** The applications that are known to have published it. */
  readonly by: Set<string>;
  type: string;
  /** The publishes that were traced, the oldest first. */
  readonly published: (PublishedEvent & { readonly atMs: number; readonly receivers: readonly string[] })[];
  readonly delivered: (DeliveredEvent & { readonly receiver: string; readonly lane: string })[];
  readonly failing: Set<string>;
  /** The row of a delayed event: its current due time, and whether it was cancelled. */
  scheduled:
    | { readonly atMs: number; readonly dueAtMs: number; readonly state: DelayedState['state'] }
    | undefined;
  /** When its topic last held it, and whether it still does. */
  held: { readonly atMs: number; readonly isStill: boolean } | undefined;
  /** When it was last refused, and why. */
  refused: Extract<Sighting, { kind: 'refused' }> | undefined;
}

/** The topics and receivers that what is stored of an event names. */
export interface Names {
  readonly topics: ReadonlySet<string>;
  readonly receivers: ReadonlySet<string>;
}

export function namesIn(id: string, rows: readonly TraceRow[], sightings: readonly Sighting[]): Names {
  const topics = new Set<string>();
  const receivers = new Set<string>();
  const add = (target: Target) =>
    'topic' in target ? topics.add(target.topic) : receivers.add(target.receiver);
  for (const row of rows) {
    if (row.kind === 'published') {
      if (publishedIn(row, id).length > 0) add(row.target);
      for (const receiver of row.receivers) receivers.add(receiver);
    } else {
      receivers.add(row.receiver);
      for (const { topic } of deliveredIn(row, id)) if (topic !== undefined) topics.add(topic);
    }
  }
  for (const sighting of sightings) {
    if (sighting.kind !== 'failing') add(sighting.target);
    else {
      receivers.add(sighting.receiver);
      if (sighting.topic !== undefined) topics.add(sighting.topic);
    }
  }
  return { topics, receivers };
}

/** Whether what was stored at a time belongs to the present lifetime of a target. */
export type IsPresent = (target: Target, incarnation: string | undefined, atMs: number) => boolean;

/**
 * Combines the rows and sightings of an event id. There are several occurrences when events of different sources have
 * the same id, or when one was sent to several targets.
 * @param source restricts the result to this source.
 * @param stillHeld the ids of the held events that still exist.
 * @param isPresent tells the lifetimes of targets apart.
 */
export function occurrencesOf(
  id: string,
  source: string | undefined,
  rows: readonly TraceRow[],
  sightings: readonly Sighting[],
  stillHeld: ReadonlySet<string> = new Set(),
  isPresent: IsPresent = () => true,
): readonly Occurrence[] {
  const all = new Map<string, Occurrence>();
  const at = (
    event: {
      source: string;
      type: string;
      atMs: number;
      incarnation?: string | undefined;
      by?: string | undefined;
    },
    target: Target,
  ): Occurrence => {
    const isFormer = !isPresent(target, event.incarnation, event.atMs);
    const one = find(event, target, isFormer);
    if (event.by !== undefined) one.by.add(event.by);
    return one;
  };
  const find = (event: { source: string; type: string }, target: Target, isFormer: boolean): Occurrence => {
    const key = JSON.stringify([event.source, target, isFormer]);
    const known = all.get(key);
    if (known !== undefined) return known;
    const made = {
      id,
      source: event.source,
      target,
      isFormer,
      by: new Set<string>(),
      type: event.type,
      published: [],
      delivered: [],
      failing: new Set<string>(),
      scheduled: undefined,
      held: undefined,
      refused: undefined,
    };
    all.set(key, made);
    return made;
  };
  for (const row of [...rows].sort((one, other) => one.atMs - other.atMs)) {
    if (row.kind === 'published') {
      for (const event of publishedIn(row, id)) {
        const { incarnation, by, atMs } = row;
        at({ ...event, incarnation, by, atMs }, row.target).published.push({
          ...event,
          atMs: row.atMs,
          receivers: row.receivers,
        });
      }
    } else {
      for (const event of deliveredIn(row, id)) {
        // Whose incarnation it records is the receiver, which is the target only of an invoked event.
        const incarnation = event.topic === undefined ? row.incarnation : undefined;
        const seen = { ...event, incarnation, atMs: event.startedAtMs };
        at(seen, targetOf(event.topic, row.receiver)).delivered.push({
          ...event,
          receiver: row.receiver,
          lane: row.lane,
        });
      }
    }
  }
  for (const sighting of sightings.filter((one) => one.id === id)) {
    if (sighting.kind === 'failing') {
      const incarnation = sighting.topic === undefined ? sighting.incarnation : undefined;
      at({ ...sighting, incarnation }, targetOf(sighting.topic, sighting.receiver)).failing.add(
        sighting.receiver,
      );
    } else if (sighting.kind === 'refused') {
      const occurrence = at(sighting, sighting.target);
      if ((occurrence.refused?.atMs ?? 0) < sighting.atMs) occurrence.refused = sighting;
    } else if (sighting.kind === 'held') {
      const occurrence = at(sighting, sighting.target);
      const { atMs, heldId } = sighting;
      const held = { atMs, isStill: stillHeld.has(heldId) };
      // Of several holds, the one that still has the event counts, otherwise the last.
      const before = occurrence.held;
      if (before === undefined || (held.isStill ? !before.isStill : !before.isStill && before.atMs < atMs)) {
        occurrence.held = held;
      }
    } else {
      at(sighting, sighting.target).scheduled = sighting;
    }
  }
  return [...all.values()].filter((one) => source === undefined || one.source === source);
}

const targetOf = (topic: string | undefined, receiver: string): Target =>
  topic === undefined ? { receiver } : { topic };

export function deliveryIdAt(occurrence: Occurrence, receiver: string): string {
  const topic = 'topic' in occurrence.target ? occurrence.target.topic : undefined;
  return deliveryIdOf(occurrence, topic, receiver);
}
