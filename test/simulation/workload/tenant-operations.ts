import { incarnationAttribute, topicAttribute } from '../../../lib/core/routing/routing.ts';
import type { Operation, Workbench } from './operations.ts';
import {
  type Decision,
  type Life,
  newLife,
  otherThan,
  ownerOf,
  presentLife,
  type Revocation,
  sinkOf,
  type Tenant,
  type TenantRequest,
  type TenantTopic,
  tenants,
} from './tenancy.ts';

import { draft, insist, isDone, mustBeDone, publishTo, send, speak } from './tenant-calls.ts';

const forever = Number.POSITIVE_INFINITY;

/** A topic that nobody changes now. */
function freeTopic({ model, dice }: Workbench): TenantTopic | undefined {
  const free = [...model.tenancy.topics.values()].filter(
    (topic) => !topic.busy && presentLife(topic) !== undefined,
  );
  return free.length === 0 ? undefined : dice.pick(free);
}

function release({ world }: Workbench, topic: TenantTopic): void {
  topic.busy = false;
  topic.freeSinceMs = world.clock.now();
}

/** Does something with a topic and its lifetime, while nobody else changes it. */
const alone =
  (change: (bench: Workbench, topic: TenantTopic, life: Life) => Promise<void>): Operation =>
  async (bench) => {
    const topic = freeTopic(bench);
    const life = topic && presentLife(topic);
    if (topic === undefined || life === undefined) return;
    topic.busy = true;
    await change(bench, topic, life);
    release(bench, topic);
  };

/** Anybody tries to publish, whether it may or not. */
export const publishShared: Operation = async (bench) => {
  const topic = bench.dice.pick([...bench.model.tenancy.topics.values()]);
  const by = bench.dice.pick(tenants);
  if (bench.dice.chance(0.6)) await speak(bench, by, topic);
  else await publishTo(bench, by, topic, bench.dice.between(1, 120));
};

/** What acts later than it is stored, each in its way. The returned call lets go what waits for a word. */
async function leaveBehind(bench: Workbench, by: Tenant, topic: TenantTopic): Promise<() => Promise<void>> {
  const { world, dice, model } = bench;
  for (let count = dice.between(1, 2); count > 0; count--)
    await publishTo(bench, by, topic, dice.between(20, 200));
  const schedule = draft(bench, by, topic, 'schedule', world.clock.now());
  const name = schedule.type.replace('.', '-');
  const path = `/schedules/${name}`;
  await send(bench, schedule, 'PUT', path, {
    topic: topic.name,
    everySeconds: dice.between(15, 40),
    misfire: 'skip',
    event: { type: schedule.type },
  });
  const begun = draft(bench, by, topic, 'transaction', forever);
  const id = `shared-${name}`;
  await send(bench, begun, 'POST', '/transactions', {
    id,
    events: [{ topic: topic.name, id: begun.type, type: begun.type, source: '/tenants' }],
    checkAfterSeconds: 600,
  });
  return async () => {
    begun.actMs = world.clock.now();
    await world.call('POST', `/transactions/${id}/commit`, undefined, model.tenancy.keys.get(by));
    await world.sleep(dice.between(30_000, 60_000));
    await mustBeDone(bench, by, 'DELETE', path);
  };
}

/** The sink of a tenant has no right by ownership any more: its subscription ended with it. */
function endOwn(bench: Workbench, owner: Tenant, life: Life): void {
  for (const span of life.subscriptions)
    if (span.by === 'owner' && span.receiver === sinkOf(owner))
      span.untilMs = Math.min(span.untilMs, bench.world.clock.now());
}

async function subscribeOwn(bench: Workbench, owner: Tenant, topic: TenantTopic, life: Life): Promise<void> {
  const receiver = sinkOf(owner);
  life.subscriptions.push({ receiver, by: 'owner', fromMs: bench.world.clock.now(), untilMs: forever });
  await mustBeDone(bench, owner, 'PUT', `/topics/${topic.name}/subscriptions/${receiver}`, {});
}

async function create(bench: Workbench, owner: Tenant, topic: TenantTopic): Promise<Life> {
  const access = bench.dice.pick<Life['access']>(['owner', 'request', 'request', 'anyone']);
  const life = newLife(owner, access, bench.world.clock.now());
  topic.lives.push(life);
  // For a minute after another application deleted it, this is refused.
  await mustBeDone(bench, owner, 'PUT', `/topics/${topic.name}`, {
    access: { publish: access, subscribe: 'request' },
    trace: 'failures',
  });
  await subscribeOwn(bench, owner, topic, life);
  return life;
}

async function remove(bench: Workbench, owner: Tenant, topic: TenantTopic, life: Life): Promise<void> {
  await mustBeDone(bench, owner, 'DELETE', `/topics/${topic.name}?force=true`);
  life.untilMs = bench.world.clock.now();
}

/** One deletes its topic while something of it waits, and the name goes to another, or begins anew. */
export const recreate = alone(async (bench, topic, life) => {
  const owner = ownerOf(life);
  const letGo = await leaveBehind(bench, owner, topic);
  await remove(bench, owner, topic, life);
  if (bench.dice.chance(0.5)) await speak(bench, owner, topic);
  const next = bench.dice.chance(0.7) ? otherThan(owner) : owner;
  await create(bench, next, topic);
  await speak(bench, owner, topic);
  await speak(bench, next, topic);
  await letGo();
});

/** A topic goes to another application while something of its owner waits. */
export const transfer = alone(async (bench, topic, life) => {
  const owner = ownerOf(life);
  const next = otherThan(owner);
  const letGo = await leaveBehind(bench, owner, topic);
  life.owners.push({ tenant: next, fromMs: bench.world.clock.now(), untilMs: forever });
  await mustBeDone(bench, 'ops', 'PATCH', `/topics/${topic.name}`, { owner: next });
  const before = life.owners.at(-2);
  if (before !== undefined) before.untilMs = bench.world.clock.now();
  endOwn(bench, owner, life);
  await subscribeOwn(bench, next, topic, life);
  await bench.world.sleep(bench.dice.between(0, 15_000));
  await speak(bench, owner, topic);
  await speak(bench, next, topic);
  await letGo();
});

/** The sink of one goes to the other, and back, while both publish. */
export const lend: Operation = async (bench) => {
  const { model, dice, world } = bench;
  const topics = [...model.tenancy.topics.values()];
  if (topics.some((topic) => topic.busy || presentLife(topic) === undefined)) return;
  for (const topic of topics) topic.busy = true;
  const owner = dice.pick(tenants);
  const own = topics.flatMap((topic) => {
    const life = presentLife(topic);
    return life !== undefined && ownerOf(life) === owner ? [{ topic, life }] : [];
  });
  const spans = model.tenancy.receivers.get(sinkOf(owner)) ?? [];
  async function give(to: Tenant): Promise<void> {
    const before = spans.at(-1);
    spans.push({ owner: to, fromMs: world.clock.now(), untilMs: forever });
    await mustBeDone(bench, 'ops', 'PATCH', `/receivers/${sinkOf(owner)}`, { owner: to });
    if (before !== undefined) before.untilMs = world.clock.now();
  }
  await give(otherThan(owner));
  for (const { life } of own) endOwn(bench, owner, life);
  await world.sleep(dice.between(7000, 15_000));
  for (const { topic } of own) await speak(bench, owner, topic);
  await world.sleep(dice.between(1000, 5000));
  await give(owner);
  for (const { topic, life } of own) await subscribeOwn(bench, owner, topic, life);
  for (const topic of topics) release(bench, topic);
};

/**
 * A publisher ran on for minutes: it has read the topic of an earlier lifetime, and sends to SNS only now. Nobody may get
 * that, so it counts as refused.
 */
export const runOn = alone(async (bench, topic, life) => {
  const { world } = bench;
  const by = ownerOf(life);
  const { reply } = await insist(bench, by, 'GET', `/topics/${topic.name}`);
  const incarnation = reply.kind === 'answer' ? String(reply.body?.incarnation) : '';
  await remove(bench, by, topic, life);
  await create(bench, otherThan(by), topic);
  const event = draft(bench, by, topic, 'direct', world.clock.now());
  event.outcome = 'refused';
  event.endMs = world.clock.now();
  const { type } = event;
  const text = (StringValue: string) => ({ DataType: 'String', StringValue });
  const listed = await world.aws('sns', 'ListTopics', {});
  const arns = listed === 'lost' ? [] : ((listed as { Topics?: { TopicArn: string }[] }).Topics ?? []);
  const TopicArn = arns.map((each) => each.TopicArn).find((arn) => arn.endsWith(`-${topic.name}`));
  if (TopicArn === undefined) return;
  const body = { specversion: '1.0', id: type, type, source: '/tenants', busbarpublisher: by };
  await world.aws('sns', 'Publish', {
    TopicArn,
    Message: JSON.stringify(body),
    MessageAttributes: {
      type: text(type),
      source: text('/tenants'),
      [topicAttribute]: text(topic.name),
      [incarnationAttribute]: text(incarnation),
    },
  });
  await world.sleep(30_000);
});

/** One asks, and several decide at once; the topic may go meanwhile. What was granted may be revoked later. */
export const ask = alone(async (bench, topic, life) => {
  const { world, dice, model } = bench;
  const owner = ownerOf(life);
  const by = otherThan(owner);
  const kind = life.access === 'request' && dice.chance(0.4) ? 'publish' : 'subscribe';
  const spec = { kind, topic: topic.name, ...(kind === 'subscribe' && { receiver: sinkOf(by) }) };
  const asked = await world.call('POST', '/requests', spec, model.tenancy.keys.get(by));
  if (asked.kind === 'lost' || asked.status !== 201) return;
  const request: TenantRequest = { id: asked.body.id, kind, by, topic: topic.name, life, decisions: {} };
  model.tenancy.requests.push(request);
  world.history.note(`${by} asks to ${kind}`, `${topic.name} ${request.id}`);
  const isDeleted = dice.chance(0.15);
  const pause = () => world.sleep(dice.between(0, 300));
  const works: Promise<unknown>[] = [approve(bench, owner, request)];
  if (dice.chance(0.5)) works.push(pause().then(() => decide(bench, by, request, 'withdraw')));
  if (dice.chance(0.3)) works.push(pause().then(() => decide(bench, owner, request, 'reject')));
  if (dice.chance(0.3)) works.push(pause().then(() => revoke(bench, owner, topic, by, life)));
  if (isDeleted) works.push(pause().then(() => remove(bench, owner, topic, life)));
  await Promise.all(works);
  if (isDeleted) {
    await create(bench, owner, topic);
    return;
  }
  if (kind === 'publish')
    await publishTo(bench, by, topic, dice.chance(0.5) ? dice.between(5, 90) : undefined);
  else await speak(bench, owner, topic);
  if (dice.chance(0.4)) {
    await revoke(bench, owner, topic, by, life);
    await world.sleep(dice.between(0, 12_000));
    await speak(bench, kind === 'publish' ? by : owner, topic);
  }
});

async function approve(bench: Workbench, owner: Tenant, request: TenantRequest) {
  const { kind, by, life } = request;
  const span = { fromMs: bench.world.clock.now(), untilMs: forever };
  if (kind === 'publish') life.publishers.push({ tenant: by, ...span });
  else life.subscriptions.push({ receiver: sinkOf(by), by: 'approval', ...span });
  await decide(bench, owner, request, 'approve');
}

/** Has one decide, until it knows what became of it. */
async function decide(
  bench: Workbench,
  tenant: Tenant,
  request: TenantRequest,
  message: keyof TenantRequest['decisions'],
): Promise<void> {
  const decision: Decision = {
    startMs: bench.world.clock.now(),
    endMs: forever,
    isDone: false,
    maybeDone: true,
  };
  request.decisions[message] = decision;
  const { reply, wasOpen } = await insist(bench, tenant, 'POST', `/requests/${request.id}/${message}`, {});
  decision.endMs = bench.world.clock.now();
  decision.isDone = isDone(reply);
  decision.maybeDone = decision.isDone || wasOpen;
}

async function revoke(
  bench: Workbench,
  owner: Tenant,
  topic: TenantTopic,
  of: Tenant,
  life: Life,
): Promise<void> {
  const startMs = bench.world.clock.now();
  const revocation: Revocation = { of, life, startMs, endMs: forever, isDone: false, maybeDone: true };
  bench.model.tenancy.revocations.push(revocation);
  const { reply, wasOpen } = await insist(bench, owner, 'DELETE', `/topics/${topic.name}/grants/${of}`);
  revocation.endMs = bench.world.clock.now();
  // That there is no grant any more is an answer as well.
  revocation.isDone = isDone(reply) || (wasOpen && reply.kind === 'answer' && reply.status === 404);
  revocation.maybeDone = revocation.isDone || wasOpen;
  if (revocation.isDone) end(bench, life, of, revocation);
}

/** What was granted for certain before the revocation began has ended with it. */
function end({ model }: Workbench, life: Life, of: Tenant, { startMs, endMs }: Revocation): void {
  const approvals = model.tenancy.requests.filter((request) => request.life === life && request.by === of);
  for (const { kind, decisions } of approvals) {
    const { approve: approval } = decisions;
    if (approval === undefined || approval.endMs > startMs) continue;
    const spans = kind === 'publish' ? life.publishers : life.subscriptions;
    for (const span of spans)
      if (span.fromMs === approval.startMs) span.untilMs = Math.min(span.untilMs, endMs);
  }
}
