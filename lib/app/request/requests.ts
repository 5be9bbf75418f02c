import { owns, type Principal, scopeName } from '../../core/access/access.ts';
import { lifetimeOf } from '../../core/access/acting.ts';
import type { Quotas } from '../../core/access/quotas.ts';
import { publishMode, subscribeMode } from '../../core/access/topic-access.ts';
import { type DryRun, withoutData } from '../../core/catalog/dry-run.ts';
import type { Filter } from '../../core/filter/filter.ts';
import { checkOperands } from '../../core/filter/operands.ts';
import { BusbarError } from '../../core/kernel/errors.ts';
import type { Topic, TopicSpec } from '../../core/registry/topic.ts';
import { openRequestsMax } from '../../core/request/limits.ts';
import {
  type AccessRequest,
  decide,
  type Message,
  type RequestSpec,
  type RequestState,
  topicToDecide,
} from '../../core/request/request.ts';
import { requireNotSystemTopic } from '../../core/system-event/topic.ts';
import type { Tools } from '../../runtime/tools.ts';
import { tryFilter } from '../catalog/kept.ts';
import { type PageQuery, pageOf } from '../list/page.ts';
import { getTopic } from '../registry/topics.ts';
import { type ApplyTools, applyApproval, checkApprovable, grantOf } from './apply.ts';

export type RequestTools = ApplyTools & Tools<'requests' | 'kept'>;

/** A request as a party to it sees it. */
export interface ShownRequest {
  readonly id: string;
  readonly kind: AccessRequest['kind'];
  readonly application: string;
  readonly state: RequestState;
  readonly createdAt: string;
  readonly topic?: string;
  readonly receiver?: string;
  readonly filter?: Filter | undefined;
  readonly spec?: Omit<TopicSpec, 'owner'> | undefined;
  readonly quotas?: Quotas;
  readonly reason?: string | undefined;
  readonly decidedAt?: string;
  readonly decidedBy?: AccessRequest['decidedBy'];
  readonly note?: string;
  /** Of a request to subscribe, while it is open. */
  readonly dryRun?: DryRun;
}

/** A list shows neither schemas nor events. */
export type ListedRequest = Omit<ShownRequest, 'spec' | 'dryRun'>;

function show({ applied: _1, topicLifetime: _2, ...request }: AccessRequest): ShownRequest {
  return request;
}

/**
 * Asks for access, a topic or quotas. Who may decide about it gets what it asks for at once.
 * @throws BusbarError unknown_topic, unknown_receiver, topic_exists, forbidden, quota_exceeded.
 */
export async function createRequest(
  tools: RequestTools,
  principal: Principal,
  spec: RequestSpec,
): Promise<ShownRequest> {
  const nowMs = tools.clock.now();
  const topic = await requireAskable(tools, principal, spec);
  await requireFewOpen(tools, principal);
  const request: AccessRequest = {
    ...spec,
    // In the order of time, and not to be guessed.
    id: `req_${nowMs.toString(36).padStart(9, '0')}${Buffer.from(tools.random.bytes(9)).toString('hex')}`,
    application: principal.application,
    state: 'open',
    createdAt: new Date(nowMs).toISOString(),
    ...(topic !== undefined && { topicLifetime: lifetimeOf(topic) }),
  };
  if (!(await tools.requests.change(request, undefined))) throw changedByOthers(request.id);
  const isOwn = topic === undefined ? principal.role === 'admin' : owns(principal, topic.owner);
  const isFree = spec.kind === 'subscribe' && topic !== undefined && subscribeMode(topic) === 'anyone';
  if (
    isOwn ||
    isFree ||
    (spec.kind === 'publish' && topic !== undefined && publishMode(topic) === 'anyone')
  ) {
    return await carryOut(tools, principal, request.id, 'approve', undefined, () => undefined);
  }
  return await shown(tools, principal, request);
}

/** The topic that the request is about, when that exists and takes requests. */
async function requireAskable(
  tools: RequestTools,
  principal: Principal,
  spec: RequestSpec,
): Promise<Topic | undefined> {
  await checkApprovable(tools, { ...spec, application: principal.application });
  const name = topicToDecide(spec);
  if (name === undefined) return undefined;
  requireNotSystemTopic(name);
  // SNS sees the filter when it is approved; its author learns now what is wrong with it.
  if (spec.kind === 'subscribe' && spec.filter !== undefined) checkOperands(spec.filter);
  const topic = await getTopic(tools, name);
  const mode = spec.kind === 'publish' ? publishMode(topic) : subscribeMode(topic);
  if (mode === 'owner' && !owns(principal, topic.owner)) {
    throw new BusbarError(
      'forbidden',
      `The topic ${name} takes no requests to ${spec.kind}. Ask its owner, ${topic.owner}, or an admin.`,
    );
  }
  return topic;
}

async function requireFewOpen(tools: RequestTools, { application }: Principal): Promise<void> {
  if ((await tools.requests.countOpen(application, openRequestsMax)) < openRequestsMax) return;
  throw new BusbarError(
    'quota_exceeded',
    `${application} has ${openRequestsMax} open requests, which is the most. Withdraw some, or wait for decisions.`,
    { retryAfterSeconds: 3600 },
  );
}

/** The parties to a request are who made it and who may decide about it now. @throws BusbarError unknown_request. */
async function findAsParty(
  tools: RequestTools,
  principal: Principal,
  id: string,
): Promise<{ request: AccessRequest; topic: Topic | undefined }> {
  const request = await tools.requests.find(id);
  const topic = request === undefined ? undefined : await topicOf(tools, request);
  if (request !== undefined && isParty(principal, request, topic)) return { request, topic };
  throw new BusbarError('unknown_request', `There is no request ${id}, or none that this key may see.`);
}

/** The topic that is meant: not another that was created under its name since. */
async function topicOf(
  tools: Pick<RequestTools, 'registry'>,
  request: AccessRequest,
): Promise<Topic | undefined> {
  const name = topicToDecide(request);
  const topic = name === undefined ? undefined : await tools.registry.topic(name);
  return topic !== undefined && lifetimeOf(topic) === request.topicLifetime ? topic : undefined;
}

const isParty = (principal: Principal, request: AccessRequest, topic: Topic | undefined) =>
  owns(principal, request.application) || (topic !== undefined && owns(principal, topic.owner));

export async function getRequest(
  tools: RequestTools,
  principal: Principal,
  id: string,
): Promise<ShownRequest> {
  const { request } = await findAsParty(tools, principal, id);
  return await shown(tools, principal, request);
}

/** A request with what its filter matches now, while it is open. Who may not read the topic sees no data of events. */
async function shown(
  tools: RequestTools,
  principal: Principal,
  request: AccessRequest,
): Promise<ShownRequest> {
  const visible = show(request);
  if (request.kind !== 'subscribe' || request.state !== 'open') return visible;
  const topic = await topicOf(tools, request);
  if (topic === undefined) return visible;
  const run = await tryFilter(tools, topic, request.filter);
  return { ...visible, dryRun: owns(principal, topic.owner) ? run : withoutData(run) };
}

export interface RequestQuery extends PageQuery {
  readonly state?: RequestState | undefined;
  readonly topic?: string | undefined;
  readonly application?: string | undefined;
}

/** The requests that the caller made or may decide about, the oldest first. */
export async function listRequests(
  tools: RequestTools,
  principal: Principal,
  query: RequestQuery,
): Promise<{ requests: ListedRequest[]; cursor?: string }> {
  const { state, topic: name, application } = query;
  const { items: requests, ...rest } = await pageOf(
    ['requests', scopeName(principal), JSON.stringify([state, name, application])],
    query,
    async (after, limit) => {
      const { items, last } = await tools.requests.after(after, limit);
      const found = await Promise.all(
        items.map(async ({ key, item }) => ({
          key,
          item: { request: item, topic: await knownTopicOf(tools, item) },
        })),
      );
      return { items: found, last };
    },
    ({ request, topic }): ListedRequest | undefined => {
      if (!isParty(principal, request, topic)) return undefined;
      if (state !== undefined && request.state !== state) return undefined;
      if (application !== undefined && request.application !== application) return undefined;
      if (name !== undefined && !('topic' in request && request.topic === name)) return undefined;
      const { spec: _, ...listed } = show(request);
      return listed;
    },
  );
  return { requests, ...rest };
}

/** What is a moment old will do for a list. */
async function knownTopicOf(tools: Pick<RequestTools, 'registry'>, request: AccessRequest) {
  const name = topicToDecide(request);
  const topic = name === undefined ? undefined : await tools.registry.cachedTopic(name);
  return topic !== undefined && lifetimeOf(topic) === request.topicLifetime ? topic : undefined;
}

/**
 * Decides about a request: the topic's owner for its topic, an admin for the rest; who made it withdraws it. What is
 * approved has taken effect when this returns; it may be repeated, which completes an approval that was interrupted.
 * @throws BusbarError unknown_request, forbidden, request_decided, and what keeps an approval from taking effect.
 */
export async function decideRequest(
  tools: RequestTools,
  principal: Principal,
  id: string,
  message: Message,
  note: string | undefined,
): Promise<ShownRequest> {
  return await carryOut(tools, principal, id, message, note, (request, topic) =>
    requireDecider(principal, request, topic, message),
  );
}

const roundsMax = 10;

async function carryOut(
  tools: RequestTools,
  principal: Principal,
  id: string,
  message: Message,
  note: string | undefined,
  check: (request: AccessRequest, topic: Topic | undefined) => void,
): Promise<ShownRequest> {
  const { application, keyId } = principal;
  const by = { application, ...(keyId !== undefined && { keyId }) };
  for (let round = 1; round <= roundsMax; round++) {
    const { request: was, topic } = await findAsParty(tools, principal, id);
    check(was, topic);
    const now = decide(was, message, { by, note, nowMs: tools.clock.now() });
    if (now !== was) {
      if (message === 'approve') await checkApprovable(tools, now);
      const grant = message === 'approve' ? await grantOf(tools, now) : undefined;
      if (!(await tools.requests.change(now, was, grant === undefined ? [] : [grant]))) continue;
    }
    if (message === 'approve') await applyApproval(tools, principal, now);
    return await shown(tools, principal, (await tools.requests.find(id)) ?? now);
  }
  throw changedByOthers(id);
}

function requireDecider(
  principal: Principal,
  request: AccessRequest,
  topic: Topic | undefined,
  message: Message,
): void {
  if (message === 'withdraw') {
    if (owns(principal, request.application)) return;
    throw new BusbarError(
      'forbidden',
      `The request ${request.id} was made by ${request.application}, which alone withdraws it. Reject it instead.`,
    );
  }
  const name = topicToDecide(request);
  if (name === undefined) {
    if (principal.role === 'admin') return;
    throw new BusbarError(
      'forbidden',
      `An admin decides about requests for ${request.kind === 'topic' ? 'topics' : 'quotas'}.`,
    );
  }
  if (topic === undefined) {
    throw new BusbarError(
      'unknown_topic',
      `The topic ${name}, which the request is about, was deleted. The request can only be withdrawn.`,
    );
  }
  if (owns(principal, topic.owner)) return;
  throw new BusbarError(
    'forbidden',
    `The owner of ${name}, ${topic.owner}, decides about this request, or an admin.`,
  );
}

const changedByOthers = (id: string) =>
  new BusbarError(
    'conflict',
    `The request ${id} is changed by others faster than this change could be written. Try again.`,
    { retryAfterSeconds: 1 },
  );
