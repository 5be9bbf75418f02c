import * as z from 'zod';
import { checkFilter } from '../filter/filter.ts';
import { BusbarError } from '../kernel/errors.ts';
import { nameSchema, parseSpec } from '../kernel/spec.ts';
import type { Kinds, Named } from '../registry/kinds.ts';
import { receiverFields } from '../registry/receiver.ts';
import { topicSchema } from '../registry/topic.ts';
import { recurrenceSchema } from '../schedule/recurrence.ts';

/** What `busbar export` writes and `busbar apply` brings about: the settings of what a bus has, without secrets. */
export interface Manifest {
  readonly topics?: Sections;
  readonly receivers?: Sections;
  /** Topic to receiver to `{filter?}`. */
  readonly subscriptions?: Readonly<Record<string, Sections>>;
  readonly schedules?: Sections;
}

/** Settings by name, each as the body of a PUT. */
type Sections = Readonly<Record<string, Named>>;

/** What a bus has, as its API shows it, as far as it was read. */
export interface Live {
  readonly topics: readonly Named[];
  readonly receivers: readonly Named[];
  readonly subscriptions: readonly Named[];
  readonly schedules: readonly Named[];
}

const schemaOf = (kinds: Kinds) =>
  z.strictObject({
    topics: z.record(nameSchema, topicSchema).optional(),
    receivers: z.record(nameSchema, kinds.receiverSchema).optional(),
    subscriptions: z
      .record(nameSchema, z.record(nameSchema, z.strictObject({ filter: z.unknown().optional() })))
      .optional(),
    schedules: z.record(nameSchema, recurrenceSchema).optional(),
  });

/** @throws BusbarError invalid_request, naming every wrong field by its path; invalid_filter. */
export function parseManifest(kinds: Kinds, value: unknown): Manifest {
  const filled = withEmpty(value);
  const { subscriptions = {} } = parseSpec(schemaOf(kinds), filled);
  for (const [topic, receivers] of Object.entries(subscriptions)) {
    for (const [receiver, { filter }] of Object.entries(receivers)) {
      if (filter !== undefined) requireFilter(filter, `subscriptions.${topic}.${receiver}`);
    }
  }
  // As it was written: what a schema would add is for the bus to add.
  return filled as Manifest;
}

function requireFilter(filter: unknown, path: string): void {
  try {
    checkFilter(filter);
  } catch (error) {
    if (!(error instanceof BusbarError)) throw error;
    throw new BusbarError(error.code, `${path}: ${error.message}`);
  }
}

/** In YAML, a name with nothing below it has the value null: it has no settings. */
function withEmpty(value: unknown): unknown {
  if (!isObject(value)) return value;
  return mapValues(value, (section, name) =>
    mapValues(section ?? {}, (entry) =>
      name === 'subscriptions' ? mapValues(entry ?? {}, (one) => one ?? {}) : (entry ?? {}),
    ),
  );
}

function mapValues(value: unknown, change: (member: unknown, name: string) => unknown): unknown {
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, change(member, name)]));
}

export const isObject = (value: unknown): value is Named =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const topicFields = Object.keys(topicSchema.shape);
const scheduleFields = Object.keys(recurrenceSchema.shape);
const sharedReceiverFields = Object.keys(receiverFields.shape).filter((name) => name !== 'secret');

/** The settings of what the API shows, as a PUT takes them. */
export const settingsOf = {
  topic: (shown: Named): Named => pick(shown, topicFields),
  schedule: (shown: Named): Named => pick(shown, scheduleFields),
  subscription: (shown: Named): Named => pick(shown, ['filter']),
  receiver: (kinds: Kinds, shown: Named): Named =>
    pick(shown, [...Object.keys(kinds.of(shown).fields), ...sharedReceiverFields]),
} as const;

const pick = (from: Named, names: readonly string[]): Named =>
  Object.fromEntries(names.flatMap((name) => (from[name] === undefined ? [] : [[name, from[name]]])));

/** The manifest of what a bus has. What busbar.config.ts declares is there already, and left out. */
export function manifestOf(kinds: Kinds, live: Live): Manifest {
  const made = (all: readonly Named[]) => all.filter(({ declared }) => declared !== true);
  const subscriptions: Record<string, Record<string, Named>> = {};
  for (const one of made(live.subscriptions)) {
    const topic = String(one.topic);
    subscriptions[topic] = { ...subscriptions[topic], [String(one.receiver)]: settingsOf.subscription(one) };
  }
  return {
    topics: byName(made(live.topics), 'topic', settingsOf.topic),
    receivers: byName(made(live.receivers), 'receiver', (shown) => settingsOf.receiver(kinds, shown)),
    subscriptions: Object.fromEntries(
      sorted(subscriptions).map(([topic, receivers]) => [topic, Object.fromEntries(sorted(receivers))]),
    ),
    schedules: byName(live.schedules, 'schedule', settingsOf.schedule),
  };
}

const byName = (all: readonly Named[], field: string, settings: (shown: Named) => Named): Sections =>
  Object.fromEntries(sorted(Object.fromEntries(all.map((shown) => [String(shown[field]), settings(shown)]))));

const sorted = <Value>(record: Readonly<Record<string, Value>>): [string, Value][] =>
  Object.entries(record).sort(([one], [other]) => (one < other ? -1 : 1));
