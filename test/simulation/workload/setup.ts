import type { World } from '../world/world.ts';
import { drawFilter } from './filters.ts';
import type { Filter, Model, ReceiverModel, TopicModel } from './model.ts';
import { newLife, sinkOf, type Tenant, tenants, watchers } from './tenancy.ts';

/** A call that must succeed, since nothing goes wrong yet. */
async function made(
  world: World,
  method: string,
  path: string,
  body: unknown,
): Promise<Record<string, unknown>> {
  const reply = await world.call(method, path, body);
  if (reply.kind !== 'answer' || reply.status >= 300) {
    throw new Error(`${method} ${path} did not succeed: ${JSON.stringify(reply)}`);
  }
  return reply.body as Record<string, unknown>;
}

/** The topic that anybody may publish to. */
export const openTopic = 'topic-1';

const retryLists: readonly (readonly number[])[] = [[1, 3], [1, 2, 5, 10], [2, 10, 30, 60], [5], []];

/** One of the receivers is not of the operator's. */
const ownerOfReceiver = (name: string) => (name === 'receiver-2' ? 'alpha' : 'ops');

function noteOwner({ tenancy }: Model, receiver: string, owner: Tenant | 'ops'): void {
  tenancy.receivers.set(receiver, [{ owner, fromMs: 0, untilMs: Number.POSITIVE_INFINITY }]);
}

/** Draws the topics, receivers and subscriptions of a run and makes them, before anything goes wrong. */
export async function setUp(world: World, model: Model): Promise<void> {
  const dice = world.dice.fork('setup');
  const receiverCount = dice.between(3, 5);
  for (let number = 1; number <= receiverCount; number++) {
    const name = `receiver-${number}`;
    const delaysSeconds = [...dice.pick(retryLists)];
    const limits = dice.weighted<ReceiverModel['limits']>([
      [3, {}],
      [1, { concurrency: dice.between(1, 5) }],
      [1, { perSecond: dice.pick([1, 2, 5]) }],
    ]);
    const timeoutSeconds = dice.pick([2, 5, 15]);
    const owner = ownerOfReceiver(name);
    noteOwner(model, name, owner);
    const body = await made(world, 'PUT', `/receivers/${name}`, {
      owner,
      endpoint: world.endpoints.open(name),
      format: dice.pick(['structured', 'binary']),
      retry: { delaysSeconds },
      timeoutSeconds,
      ...(Object.keys(limits).length > 0 && { limits }),
    });
    model.receivers.set(name, {
      name,
      secrets: [{ text: String(body.secret), knownFromMs: 0 }],
      delaysSeconds: [delaysSeconds],
      timeoutSeconds,
      limits,
      skippedBeforeMs: 0,
      paused: false,
      redriven: false,
    });
  }
  for (let number = 1; number <= dice.between(2, 4); number++) {
    const ordered = number === 2 && dice.chance(0.7);
    const deduplicates = !ordered && dice.chance(0.3);
    await addTopic(world, model, {
      name: `topic-${number}`,
      ordered,
      deduplicates,
      subscriptions: new Map(),
      holds: [],
      maybeHeld: false,
    });
  }
  for (const topic of model.topics.values()) {
    for (const receiver of model.receivers.keys()) {
      if (!dice.chance(0.6)) continue;
      const filter = drawFilter(dice);
      await made(world, 'PUT', `/topics/${topic.name}/subscriptions/${receiver}`, subscriptionBody(filter));
      topic.subscriptions.set(receiver, [{ startMs: 0, endMs: 0, state: filter }]);
    }
  }
  await addTenants(world, model);
  await addWatchers(world, model);
}

export const subscriptionBody = ({ policy }: Filter) => (policy === undefined ? {} : { filter: policy });

async function addTopic(world: World, model: Model, topic: TopicModel): Promise<void> {
  await made(world, 'PUT', `/topics/${topic.name}`, {
    ...(topic.ordered && { ordered: true }),
    ...(topic.deduplicates && { dedupSeconds: 3600 }),
    ...(topic.name === openTopic && { access: { publish: 'anyone' } }),
    trace: 'failures',
  });
  model.topics.set(topic.name, topic);
}

/** Two applications, each with a key, a receiver and a topic that the other one wants as well. */
async function addTenants(world: World, model: Model): Promise<void> {
  const { tenancy } = model;
  for (const tenant of tenants) {
    await made(world, 'PUT', `/applications/${tenant}`, {});
    const { key } = await made(world, 'POST', `/applications/${tenant}/keys`, {
      name: 'simulation',
      role: 'member',
    });
    tenancy.keys.set(tenant, String(key));
    const receiver = sinkOf(tenant);
    noteOwner(model, receiver, tenant);
    await made(world, 'PUT', `/receivers/${receiver}`, {
      owner: tenant,
      endpoint: world.endpoints.open(receiver),
      format: 'structured',
      retry: { delaysSeconds: [1, 5] },
    });
    const name = `shared-${tenant}`;
    await made(world, 'PUT', `/topics/${name}`, {
      owner: tenant,
      access: { publish: 'request', subscribe: 'request' },
      trace: 'failures',
    });
    await made(world, 'PUT', `/topics/${name}/subscriptions/${receiver}`, {});
    const life = newLife(tenant, 'request', 0);
    life.subscriptions.push({ receiver, by: 'owner', fromMs: 0, untilMs: Number.POSITIVE_INFINITY });
    tenancy.topics.set(name, { name, lives: [life], busy: false, freeSinceMs: 0 });
  }
}

/** Who is told what the bus reports: the receivers of the two applications, and some that do nothing else. */
async function addWatchers(world: World, model: Model): Promise<void> {
  const { tenancy } = model;
  for (const tenant of tenants) await watch(sinkOf(tenant), tenancy.keys.get(tenant));
  for (const [name, owner, trouble] of [
    [watchers.alpha, 'alpha', 0],
    [watchers.ops, 'ops', 0],
    [watchers.unwell, 'ops', 1],
  ] as const) {
    noteOwner(model, name, owner);
    await made(world, 'PUT', `/receivers/${name}`, {
      owner,
      endpoint: world.endpoints.open(name, trouble),
      retry: { delaysSeconds: [1, 5] },
    });
    await watch(name, owner === 'ops' ? undefined : tenancy.keys.get(owner));
  }

  async function watch(receiver: string, key: string | undefined): Promise<void> {
    const reply = await world.call('PUT', `/topics/busbar/subscriptions/${receiver}`, {}, key);
    if (reply.kind === 'answer' && reply.status < 300) return;
    throw new Error(`${receiver} cannot watch: ${JSON.stringify(reply)}`);
  }
}
