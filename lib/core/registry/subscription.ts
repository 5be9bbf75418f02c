import * as z from 'zod';
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
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly declared: boolean;
}
