import { createHash } from 'node:crypto';
import { type BusEvent, createEvent } from '../event/event.ts';
import { busSource } from '../event/publisher.ts';
import { countedFields, type SystemEventData, type SystemEventName, systemEventTypes } from './types.ts';

/** Something that the bus reports about itself, before it is known who receives it. */
export interface SystemEvent {
  readonly type: SystemEventName;
  /** Such as `receivers/shop`. */
  readonly subject: string;
  /** The applications that it is about; of a receiver or topic whose `about` is empty it is the present owner. */
  readonly about: readonly string[];
  readonly data: Readonly<Record<string, unknown>>;
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** The lifetime of the receiver or topic that is meant, where `about` does not name its owner. */
  readonly of?: string;
  /** Of a counted type: how many of each kind happened. */
  readonly counts?: Readonly<Record<string, number>>;
  /** The only receiver that gets it, if it is a test of that one's alert. */
  readonly testOf?: string;
}

/** A counted type gets its counts when it is sent, since others of its minute are added. */
export type CountedName = keyof typeof countedFields;
type Given<Name extends SystemEventName> = Name extends CountedName
  ? Omit<SystemEventData<Name>, 'count' | 'since' | (typeof countedFields)[Name]>
  : SystemEventData<Name>;

const textMax = 1000;

/** A system event about a resource, by its name. Texts that are too long are cut. */
export function systemEvent<Name extends SystemEventName>(
  type: Name,
  name: string,
  about: readonly string[],
  data: Given<Name>,
  atMs: number,
  counts?: Name extends CountedName ? Readonly<Record<string, number>> : never,
): SystemEvent {
  const cut = Object.entries(data).map(([field, value]) => [
    field,
    typeof value === 'string' && value.length > textMax ? `${value.slice(0, textMax)}…` : value,
  ]);
  return {
    type,
    subject: `${systemEventTypes[type].subject}/${name}`,
    about: [...new Set(about)],
    data: Object.fromEntries(cut),
    atMs,
    ...(counts !== undefined && { counts }),
  };
}

/** A system event as it is sent: with an id that stays when it is sent again, and all that was counted. */
export interface Reported extends SystemEvent {
  readonly id: string;
  /** Epoch milliseconds of the first that is counted in it. */
  readonly sinceMs: number;
}

/** The application for whose receiver a copy was made; delivery compares it with the receiver's present owner. */
const recipientAttribute = 'busbarrecipient';
/** Set on what `busbar alerts test` sends. */
export const testAttribute = 'busbartest';

/** The CloudEvent of a system event, for the receivers of one application. */
export function eventOf(reported: Reported, recipient: string): BusEvent {
  const { id, type, subject, atMs, testOf } = reported;
  return createEvent({
    attributes: {
      id,
      source: busSource,
      type,
      subject,
      time: new Date(atMs).toISOString(),
      datacontenttype: 'application/json',
      [recipientAttribute]: recipient,
      ...(testOf !== undefined && { [testAttribute]: true }),
    },
    data: { text: JSON.stringify(dataOf(reported)), binary: false },
  });
}

function dataOf({ type, data, counts, sinceMs }: Reported): Readonly<Record<string, unknown>> {
  if (counts === undefined || !(type in countedFields)) return data;
  const count = Object.values(counts).reduce((sum, each) => sum + each, 0);
  const field = countedFields[type as CountedName];
  return { ...data, count, since: new Date(sinceMs).toISOString(), [field]: counts };
}

/** An id that is the same for the same system event, whoever reports it. */
export const idOf = (...parts: readonly (string | number)[]): string =>
  `sys_${createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 24)}`;

/** Who a subscription of the system topic acts for. */
export interface Subscriber {
  readonly application: string;
  readonly role: 'admin' | 'member' | 'viewer';
}

/**
 * Whether a receiver may get a system event: one of an application that the event is about, or of the parent of one; or
 * one that an admin subscribed for its own application.
 * @param owner of the receiver, now.
 * @param parents of the applications that it is about, now.
 */
export function concerns(
  about: readonly string[],
  parents: readonly string[],
  owner: string,
  by: Subscriber | undefined,
): boolean {
  if (by?.role === 'admin' && by.application === owner) return true;
  return about.includes(owner) || parents.includes(owner);
}

/**
 * Whether a message of the system topic is for somebody else: its receiver changed hands since it was sent, or somebody
 * sent it again to another receiver.
 */
export function isForAnother(body: Readonly<Record<string, unknown>>, owner: string): boolean {
  return body[recipientAttribute] !== owner;
}

/** At most one of a type about a subject is sent within this time. */
export const reportSeconds = 60;

/** Whether one that waits may be sent: the last one of its type and subject is long enough ago. */
export const isReportDue = (sentAtMs: number | undefined, nowMs: number): boolean =>
  sentAtMs === undefined || nowMs - sentAtMs >= reportSeconds * 1000;
