import * as z from 'zod';
import { BusbarError, invalidField } from '../kernel/errors.ts';

/** How much an application may have and use. What a quota leaves out has its default. */
export const quotasSchema = z.strictObject({
  topics: z.int().min(0).max(100_000).optional(),
  receivers: z.int().min(0).max(100_000).optional(),
  schedules: z.int().min(0).max(100_000).optional(),
  keys: z.int().min(0).max(10_000).optional(),
  publishPerSecond: z.int().min(0).max(1_000_000).optional(),
  concurrency: z.int().min(0).max(1_000_000).optional(),
  delayedEvents: z.int().min(0).max(1_000_000_000).optional(),
  storedBytes: z.int().min(0).max(1_000_000_000_000_000).optional(),
});
export type Quotas = z.output<typeof quotasSchema>;

/** What an application has of something that it keeps: each is a place, or several, as a receiver's concurrency is. */
export const placeKinds = ['topics', 'receivers', 'schedules', 'keys', 'concurrency'] as const;
export type PlaceKind = (typeof placeKinds)[number];

/** The quotas that are enforced, for an application that has none of its own. */
export const quotaDefaults = {
  topics: 1000,
  receivers: 1000,
  schedules: 1000,
  keys: 100,
  concurrency: 100_000,
  publishPerSecond: 10_000,
  delayedEvents: 10_000_000,
  storedBytes: 100_000_000_000,
} as const;
export type EnforcedQuota = keyof typeof quotaDefaults;

export const quotaOf = (
  application: { readonly quotas?: Quotas | undefined } | undefined,
  name: EnforcedQuota,
) => application?.quotas?.[name] ?? quotaDefaults[name];

/** @throws BusbarError invalid_request, when a child is given more than its parent has. */
export function checkWithinParent(
  quotas: Quotas | undefined,
  parent: { readonly quotas?: Quotas | undefined },
): void {
  for (const [name, value] of Object.entries(quotas ?? {})) {
    const most = parent.quotas?.[name as keyof Quotas] ?? (quotaDefaults as Quotas)[name as keyof Quotas];
    if (value !== undefined && most !== undefined && value > most) {
      throw invalidField(`quotas.${name}`, `is ${value}, and its parent has ${most}`);
    }
  }
}

/** What the refusal of a quota tells programs. */
export function quotaExceeded(
  quota: EnforcedQuota,
  application: string,
  limit: number,
  retryAfterSeconds: number,
): BusbarError {
  const remedy =
    quota === 'publishPerSecond'
      ? 'Publish more slowly, or ask an admin for more.'
      : quota === 'delayedEvents' || quota === 'storedBytes'
        ? 'Wait until some of its events have left, cancel some, or ask an admin for more.'
        : 'Delete what is no longer used, or ask an admin for more.';
  return new BusbarError(
    'quota_exceeded',
    `The application ${application} has used up its quota ${quota} of ${limit}. ${remedy}`,
    { members: { quota, application, limit }, retryAfterSeconds },
  );
}

/** The window within which a rate is counted, over all instances of all functions. */
export const rateWindowSeconds = 5;

/** How a rate is shared out within a window. */
export interface RateShares {
  /** All that may be published in the window. */
  readonly all: number;
  /** What each instance may publish without asking the others: a hundredth, and none of less than a hundred. */
  readonly free: number;
  /** How much an instance takes of the rest at a time: a twentieth. */
  readonly lease: number;
}

/**
 * A count that all instances share costs a write for each lease, and none for an instance that publishes little. So an
 * application may exceed its rate by a hundredth for each instance that is at work, and by one request.
 */
export function sharesOf(perSecond: number): RateShares {
  const all = perSecond * rateWindowSeconds;
  return { all, free: Math.floor(all / 100), lease: Math.ceil(all / 20) };
}
