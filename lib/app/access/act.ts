import { type Acting, type Actor, mayAct, mayUse } from '../../core/access/acting.ts';
import { dataTextOf } from '../../core/event/data.ts';
import type { Target } from '../../core/event/target.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import type { Refusal } from '../../core/refused/refused.ts';
import type { Receiver } from '../../core/registry/receiver.ts';
import type { Topic } from '../../core/registry/topic.ts';
import type { Tools } from '../../runtime/tools.ts';
import { checkSchema } from '../event/check-schema.ts';
import { rightsToPublish } from '../grant/may-use.ts';

export type ActTools = Tools<'applications' | 'registry' | 'schemas' | 'grants'>;

/** An event that was stored, as far as it decides whether it may still go. */
export interface Waiting {
  /** What its row recorded of for whom it acts. */
  readonly acting?: Acting | undefined;
  /** Who publishes it, where its row cannot say for whom it acts. */
  readonly by?: string;
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
  const rights = await rightsOf(tools, events, standing);
  return events.map((event) => {
    const { acting, atMs, body } = event;
    const decision = mayAct(acting, atMs, standing, target, rights.get(applicationOf(event)));
    if (decision.kind === 'refuse') return { code: decision.code, detail: decision.detail, errors: [] };
    if (!decision.checkAnew || standing === undefined || !('topic' in standing)) return undefined;
    try {
      checkSchema(tools.schemas, standing, JSON.parse(body).data, dataTextOf(body));
      return undefined;
    } catch (error) {
      if (!(error instanceof BusbarError)) throw error;
      return { code: error.code, detail: error.message, errors: error.fields };
    }
  });
}

const applicationOf = ({ acting, by }: Waiting) => acting?.actor.application ?? by;

/** Whether an actor may use what an application owns now. */
export async function mayActorUse(
  { applications }: Pick<ActTools, 'applications'>,
  actor: Actor,
  owner: string,
): Promise<boolean> {
  return (
    mayUse(actor, owner) || mayUse(actor, owner, (await applications.cached(actor.application))?.children)
  );
}

/** What applications may do with a target of another one; the owner is decided without it. */
async function rightsOf(
  tools: ActTools,
  events: readonly Waiting[],
  standing: Topic | Receiver | undefined,
): Promise<
  ReadonlyMap<
    string | undefined,
    { children?: readonly string[] | undefined; isGranted: boolean; droppedBeforeMs?: number | undefined }
  >
> {
  const names = new Set(events.map(applicationOf).filter((name) => name !== undefined));
  const others = [...names].filter((name) => name !== standing?.owner);
  const found = await Promise.all(
    others.map(async (name) => {
      const [application, rights] = await Promise.all([
        tools.applications.cached(name),
        standing !== undefined && 'topic' in standing
          ? rightsToPublish(tools, name, standing)
          : { isGranted: false },
      ]);
      return { children: application?.children, ...rights };
    }),
  );
  return new Map(others.map((name, at) => [name, found[at] ?? { isGranted: false }]));
}
