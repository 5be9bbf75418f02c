import { nameSchema } from '../kernel/spec.ts';
export const ownerSchema = nameSchema.optional();

/** What the registry keeps in addition to a team's settings. Times are RFC 3339. */
export interface Owned {
  readonly owner: string;
  /** Which lifetime of its name it is (core/access/acting.ts); absent for one from before there were any. */
  readonly incarnation?: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** True for what busbar.config.ts declares: the stack owns its AWS resources. */
  readonly declared: boolean;
}
