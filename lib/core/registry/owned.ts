import { nameSchema } from '../kernel/spec.ts';
export const ownerSchema = nameSchema.optional();

/** What the registry keeps in addition to a team's settings. Times are RFC 3339. */
export interface Owned {
  readonly owner: string;
  /** Which lifetime of its name it is (core/access/acting.ts); absent for one from before there were any. */
  readonly incarnation?: string;
  /** Since when it has another owner, while its subscriptions may still rest on the rights of the former one. */
  readonly handedOverAt?: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** True for what busbar.config.ts declares: the stack owns its AWS resources. */
  readonly declared: boolean;
}

/**
 * Marks what gets another owner. The mark stays until its subscriptions were compared with the new owner's rights; of
 * several changes the first counts, whose comparison was not completed.
 */
export function handedOver(
  existing: Pick<Owned, 'owner' | 'handedOverAt'> | undefined,
  owner: string,
  now: string,
): { readonly handedOverAt?: string } {
  if (existing?.handedOverAt !== undefined) return { handedOverAt: existing.handedOverAt };
  return existing === undefined || existing.owner === owner ? {} : { handedOverAt: now };
}

/** A subscription that ended because an end of it has another owner. */
export interface EndedSubscription {
  readonly topic: string;
  readonly receiver: string;
}
