import type { Application } from '../../api/types.ts';

export type QuotaName = keyof NonNullable<Application['quotas']>;

/** The quotas by their names in the API, and what is so where none is set. */
export const quotaDefaults: Readonly<Record<QuotaName, number>> = {
  topics: 1000,
  receivers: 1000,
  schedules: 1000,
  keys: 100,
  concurrency: 100_000,
  publishPerSecond: 10_000,
  delayedEvents: 10_000_000,
  storedBytes: 100_000_000_000,
};

export const quotaNames = Object.keys(quotaDefaults) as QuotaName[];
