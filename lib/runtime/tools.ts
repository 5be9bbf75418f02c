import type { Config } from './config.ts';
import type { Made } from './open.ts';
import type { Runtime } from './runtime.ts';
import type * as stores from './stores.ts';
import {
  applications,
  audit,
  breakers,
  checkSecrets,
  claims,
  deadLetterQueues,
  deadLetters,
  delayed,
  deliveries,
  grants,
  held,
  holds,
  holdWatches,
  kept,
  keys,
  lookup,
  mappings,
  offloads,
  offloadWatches,
  outbox,
  pace,
  pauseWatches,
  places,
  probes,
  provision,
  queues,
  rates,
  recurrences,
  redrives,
  refused,
  registry,
  requests,
  schedules,
  schemas,
  secrets,
  sightings,
  skips,
  slots,
  topics,
  traces,
  transactions,
  validations,
  waiting,
  wake,
  wrongKeys,
} from './stores.ts';

type Everything = Runtime & Config & Made<typeof stores>;

/** The named stores, settings and parts of the runtime. */
export type Parts<Name extends keyof Everything> = Pick<Everything, Name>;

/** What a use case is called with: the clock, randomness, the log, and the parts that it names. */
export type Tools<Name extends keyof Everything = never> = Parts<'clock' | 'random' | 'log' | Name>;

/** The stores of the functions that send events on their way. */
export const publishing = {
  applications,
  claims,
  delayed,
  grants,
  held,
  holds,
  kept,
  queues,
  registry,
  schedules,
  schemas,
  sightings,
  topics,
  traces,
};

/** The stores of the functions that deliver. */
export const delivering = {
  breakers,
  deliveries,
  mappings,
  offloads,
  offloadWatches,
  pace,
  probes,
  queues,
  registry,
  secrets,
  sightings,
  skips,
  slots,
  traces,
  /** What an instance remembers of the load of its receivers. */
  observed: () => new Map(),
  /** What an instance remembers of lanes that are polled although they should not be. */
  stillPolled: () => new Map(),
};

/** The stores of the API. */
export const administering = {
  applications,
  audit,
  breakers,
  checkSecrets,
  deadLetterQueues,
  deadLetters,
  delayed,
  deliveries,
  grants,
  held,
  holds,
  holdWatches,
  kept,
  keys,
  lookup,
  mappings,
  offloads,
  outbox,
  pauseWatches,
  places,
  probes,
  provision,
  queues,
  rates,
  recurrences,
  redrives,
  refused,
  registry,
  schedules,
  schemas,
  requests,
  secrets,
  sightings,
  skips,
  topics,
  traces,
  transactions,
  validations,
  waiting,
  wake,
  wrongKeys,
};
