import { type Acting, mayAct } from '../../core/access/acting.ts';
import type { Target } from '../../core/event/target.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import type { Refusal } from '../../core/refused/refused.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { Topic } from '../../core/registry/topic.ts';
import type { Tools } from '../../runtime/tools.ts';
import { checkSchema } from '../event/check-schema.ts';

export type ActTools = Tools<'applications' | 'registry' | 'schemas'>;

/** An event that was stored, as far as it decides whether it may still go. */
export interface Waiting {
  /** What its row recorded of for whom it acts. */
  readonly acting?: Acting | undefined;
  /** When it was stored, if the row says so. */
  readonly atMs?: number | undefined;
  /** Its structured form. */
  readonly body: string;
}

/** The target as the registry has it, at most as old as the cache of a publisher. */
export const standingTarget = (
  { registry }: Pick<ActTools, 'registry'>,
  target: Target,
): Promise<Topic | Receiver | undefined> =>
  'topic' in target ? registry.cachedTopic(target.topic) : registry.cachedReceiver(target.receiver);

/**
 * Whether stored events may still go to their target, now that their time has come. Returns, in order, why one must
 * not, or undefined for one that may.
 */
export async function refusalsOf(
  tools: ActTools,
  target: Target,
  events: readonly Waiting[],
): Promise<(Refusal | undefined)[]> {
  const standing = await standingTarget(tools, target);
  const children = await childrenOf(tools, events, standing?.owner);
  return events.map(({ acting, atMs, body }) => {
    const of = children.get(acting?.actor.application);
    const decision = mayAct(acting, atMs, standing, target, of);
    if (decision.kind === 'refuse') return { code: decision.code, detail: decision.detail, errors: [] };
    if (!decision.checkAnew || standing === undefined || !('topic' in standing)) return undefined;
    try {
      checkSchema(tools.schemas, standing, JSON.parse(body).data);
      return undefined;
    } catch (error) {
      if (!(error instanceof BusbarError)) throw error;
      return { code: error.code, detail: error.message, errors: error.fields };
    }
  });
}

/** The children of applications that act on what another one owns; all others are decided without them. */
async function childrenOf(
  { applications }: ActTools,
  events: readonly Waiting[],
  owner: string | undefined,
): Promise<ReadonlyMap<string | undefined, readonly string[] | undefined>> {
  const names = events.flatMap(({ acting }) => (acting === undefined ? [] : [acting.actor.application]));
  const others = [...new Set(names)].filter((name) => name !== owner);
  const found = await Promise.all(others.map((name) => applications.cached(name)));
  return new Map(others.map((name, at) => [name, found[at]?.children]));
}
