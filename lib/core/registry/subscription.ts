import * as z from 'zod';
import type { Role } from '../access/access.ts';
import { checkFilter } from '../filter/filter.ts';
export const subscriptionSchema = z.strictObject({
  /** An SNS filter policy over the event's attributes and `data`; every event when left out. */
  filter: z
    .unknown()
    .transform((filter) => (filter === undefined ? undefined : checkFilter(filter)))
    .optional(),
});

export type SubscriptionSpec = z.infer<typeof subscriptionSchema>;

export interface Subscription {
  readonly topic: string;
  readonly receiver: string;
  readonly filter?: SubscriptionSpec['filter'];
  /** When its filter was changed: the last few times. Around these, an event may have gone by either filter. */
  readonly filterChangedAt?: readonly string[];
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly declared: boolean;
  /** Of the topic of the system events: who subscribed, since an admin's receiver gets all of them. */
  readonly by?: { readonly application: string; readonly role: Role };
}

const filterChangesMax = 10;

/** The times at which the filter of a subscription was changed, this time included; empty when it never was. */
export function filterChanges(
  existing: Subscription | undefined,
  filter: SubscriptionSpec['filter'],
  now: string,
): Pick<Subscription, 'filterChangedAt'> {
  const before = existing?.filterChangedAt ?? [];
  const isSame = existing === undefined || JSON.stringify(existing.filter) === JSON.stringify(filter);
  const changes = isSame ? before : [...before, now].slice(-filterChangesMax);
  return changes.length === 0 ? {} : { filterChangedAt: changes };
}
