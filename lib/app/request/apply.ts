import type { Principal } from '../../core/access/access.ts';
import { lifetimeOf } from '../../core/access/acting.ts';
import { type Application, requireFreeName } from '../../core/access/application.ts';
import { checkWithinParent, type Quotas } from '../../core/access/quotas.ts';
import { grantsSubscription, withApproval } from '../../core/grant/grant.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import type { AccessRequest, RequestSpec } from '../../core/request/request.ts';
import type { Write } from '../../runtime/aws/table/transact.ts';
import type { Tools } from '../../runtime/tools.ts';
import { type ApplicationTools, patchApplication } from '../access/applications.ts';
import { unknownReceiver } from '../registry/admin.ts';
import { takeBackSubscription, writeSubscription } from '../registry/subscriptions.ts';
import { getTopic, putTopic, type TopicTools } from '../registry/topics.ts';

export type ApplyTools = TopicTools & ApplicationTools & Tools<'grants' | 'requests'>;

/**
 * Whether an approval can take effect: what it needs exists.
 * @throws BusbarError unknown_topic, unknown_receiver, topic_exists, forbidden.
 */
export async function checkApprovable(
  tools: ApplyTools,
  request: RequestSpec & { readonly application: string },
): Promise<void> {
  const application = await tools.applications.find(request.application);
  if (application === undefined) await requireNotDeleted(tools, request.application);
  if (request.kind === 'quotas') await requireWithinParent(tools, application, request.quotas);
  if (request.kind === 'topic') {
    requireFreeName(request.topic);
    const existing = await tools.registry.topic(request.topic);
    if (existing !== undefined) {
      throw new BusbarError(
        'topic_exists',
        `There is already a topic ${request.topic}, of the application ${existing.owner}. Ask for another name, or for access to it.`,
      );
    }
    if (request.spec?.schema !== undefined) tools.schemas.check(request.spec.schema);
  } else if (request.kind !== 'quotas') {
    await getTopic(tools, request.topic);
  }
  if (request.kind !== 'subscribe') return;
  const receiver = await tools.registry.receiver(request.receiver);
  if (receiver === undefined) throw unknownReceiver(request.receiver);
  if (receiver.owner === request.application) return;
  throw new BusbarError(
    'forbidden',
    `The receiver ${request.receiver} belongs to the application ${receiver.owner}, not to ${request.application}, which asks for it.`,
  );
}

/** One without a row, of an earlier release, gets it with the approval; one that was deleted is not brought back by that. */
async function requireNotDeleted({ applications }: ApplyTools, name: string): Promise<void> {
  if ((await applications.former(name)) === undefined) return;
  throw new BusbarError(
    'unknown_application',
    `The application ${name}, which asks for it, was deleted. Reject the request, or make the application again.`,
  );
}

/** @throws BusbarError invalid_request, for more than the parent of the application has. */
async function requireWithinParent(
  { applications }: ApplyTools,
  application: Application | undefined,
  quotas: Quotas,
): Promise<void> {
  const parent = application?.parent === undefined ? undefined : await applications.find(application.parent);
  if (parent !== undefined) checkWithinParent({ ...application?.quotas, ...quotas }, parent);
}

/** The write that grants what a request asks for, in the same transaction as the decision; undefined where there is none. */
export async function grantOf(tools: ApplyTools, request: AccessRequest): Promise<Write | undefined> {
  if (request.kind !== 'publish' && request.kind !== 'subscribe') return undefined;
  const { id, topic, application, topicLifetime = '', decidedAt: at = '' } = request;
  const was = await tools.grants.find(topic, application);
  const approved =
    request.kind === 'publish'
      ? ({ kind: 'publish', request: id, at } as const)
      : ({ kind: 'subscribe', request: id, at, receiver: request.receiver, filter: request.filter } as const);
  return tools.grants.writeOf(withApproval(was, { topic, application, topicLifetime }, approved), was);
}

/** Makes an approval take effect, once: what was undone since is not done again. */
export async function applyApproval(
  tools: ApplyTools,
  principal: Principal,
  request: AccessRequest,
): Promise<void> {
  if (request.applied === true) return;
  if (request.kind === 'subscribe') await subscribe(tools, request);
  if (request.kind === 'topic') {
    await checkApprovable(tools, request);
    await putTopic(tools, principal, request.topic, { ...request.spec, owner: request.application });
  }
  if (request.kind === 'quotas') {
    await tools.applications.ensure(request.application);
    await patchApplication(tools, principal, request.application, { quotas: request.quotas });
  }
  // Where it is another by now, somebody else has completed it.
  await tools.requests.change({ ...request, applied: true }, request);
}

/** The grant may be revoked, and the receiver be given away, while the subscription is made: then it goes again. */
async function subscribe(tools: ApplyTools, request: AccessRequest & { kind: 'subscribe' }): Promise<void> {
  const { topic: name, receiver, application, filter } = request;
  const isStill = async () => {
    const [topic, sink, grant] = await Promise.all([
      tools.registry.topic(name),
      tools.registry.receiver(receiver),
      tools.grants.find(name, application),
    ]);
    const isGranted =
      topic !== undefined &&
      lifetimeOf(topic) === request.topicLifetime &&
      sink?.owner === application &&
      grantsSubscription(grant, topic, receiver, filter);
    return isGranted ? { topic, sink } : undefined;
  };
  const ends = await isStill();
  if (ends === undefined) return;
  await writeSubscription(tools, ends.topic, ends.sink, filter);
  if ((await isStill()) === undefined) await takeBackSubscription(tools, ends.topic, receiver);
}
