import type { Reply } from '../world/world.ts';
import type { Workbench } from './operations.ts';
import { entryOf } from './put-entry.ts';
import { type OutboxEntry, otherThan, type Tenant, type TenantEvent, type TenantTopic } from './tenancy.ts';

/** What the two applications say to the bus, each with its own key and into its own outbox. */

const forever = Number.POSITIVE_INFINITY;

export const isDone = (reply: Reply): boolean => reply.kind === 'answer' && reply.status < 300;
/** It may have been done, or not; or others were faster, or had the name a moment ago, and it is to be said again. */
export const isOpen = (reply: Reply): boolean =>
  reply.kind === 'lost' ||
  reply.status >= 500 ||
  reply.status === 429 ||
  ['conflict', 'in_use'].includes(String(reply.body?.code));

/** Says the same until the answer is certain. Whether an answer before it left that open is told as well. */
export async function insist(
  bench: Workbench,
  tenant: Tenant | 'ops',
  method: string,
  path: string,
  body?: unknown,
): Promise<{ reply: Reply; wasOpen: boolean }> {
  const { world } = bench;
  const key = tenant === 'ops' ? undefined : bench.model.tenancy.keys.get(tenant);
  for (let wasOpen = false; ; wasOpen = true) {
    world.history.note(`${tenant} ${method}`, path);
    const reply = await world.call(method, path, body, key);
    world.history.note(`${method} answered`, `${path} ${reply.kind === 'lost' ? 'lost' : reply.status}`);
    if (!isOpen(reply)) return { reply, wasOpen };
    await world.sleep(2000);
  }
}

/** A change that nobody may refuse. */
export async function mustBeDone(
  bench: Workbench,
  tenant: Tenant | 'ops',
  method: string,
  path: string,
  body?: unknown,
) {
  const { reply } = await insist(bench, tenant, method, path, body);
  const isGone = method === 'DELETE' && reply.kind === 'answer' && reply.status === 404;
  if (isDone(reply) || isGone) return;
  bench.model.surprises.push(`${method} ${path} of ${tenant} was answered ${JSON.stringify(reply)}.`);
}

export function draft(
  { model, world }: Workbench,
  by: Tenant,
  { name }: TenantTopic,
  kind: TenantEvent['kind'],
  actMs: number,
  entry?: OutboxEntry,
): TenantEvent {
  const { events } = model.tenancy;
  const type = `tenant.${events.size + 1}`;
  const event: TenantEvent = {
    type,
    by,
    topic: name,
    kind,
    startMs: world.clock.now(),
    endMs: forever,
    outcome: 'unknown',
    actMs,
    ...(entry !== undefined && { entry }),
  };
  events.set(type, event);
  world.history.note(`${by} ${kind} to ${name}`, type);
  return event;
}

export async function send(
  bench: Workbench,
  event: TenantEvent,
  method: string,
  path: string,
  body: unknown,
): Promise<void> {
  const { world, model } = bench;
  const reply = await world.call(method, path, body, model.tenancy.keys.get(event.by));
  event.endMs = world.clock.now();
  event.outcome = outcomeOf(reply);
  world.history.note(`${event.kind} answered`, `${event.type} ${event.outcome}`);
}

/** Of one event: what the answer says as a whole, or of the one entry. */
function outcomeOf(reply: Reply): TenantEvent['outcome'] {
  if (isOpen(reply) || reply.kind === 'lost') return 'unknown';
  const entry = reply.body?.events?.[0] as { status?: string; code?: string } | undefined;
  if (entry?.status === 'rejected') return entry.code === 'unavailable' ? 'unknown' : 'refused';
  return isDone(reply) ? 'accepted' : 'refused';
}

/** An event to a topic, by the key of its application. */
export const publishTo = (bench: Workbench, by: Tenant, topic: TenantTopic, delaySeconds?: number) => {
  const nowMs = bench.world.clock.now();
  const kind = delaySeconds === undefined ? 'direct' : 'delayed';
  const event = draft(bench, by, topic, kind, nowMs + (delaySeconds ?? 0) * 1000);
  const { type } = event;
  const body = { id: type, type, source: '/tenants', ...(delaySeconds !== undefined && { delaySeconds }) };
  return send(bench, event, 'POST', `/topics/${topic.name}/events`, [body]);
};

/** Long enough for everybody to have heard of a change: grants are remembered for four seconds, receivers for five. */
const settlesMs = 10_000;

/**
 * An entry of its outbox. IAM lets nobody write into that of another application (test/hostile/outbox.test.ts); what it
 * says of its writer is up to it, and so is its time.
 */
async function putEntry(bench: Workbench, by: Tenant, topic: TenantTopic): Promise<void> {
  const { world, dice } = bench;
  const nowMs = world.clock.now();
  const entry: OutboxEntry = {
    writtenMs: dice.chance(0.3) ? nowMs - dice.between(1, 300) * 1000 : nowMs,
    isForged: dice.chance(0.15),
    isSettled: !topic.busy && nowMs - topic.freeSinceMs >= settlesMs,
  };
  const event = draft(bench, by, topic, 'outbox', nowMs, entry);
  const { type } = event;
  const other = otherThan(by);
  const Put = entryOf(world, {
    application: by,
    topic: topic.name,
    event: { id: type, type, source: entry.isForged ? `/applications/${other}` : '/tenants' },
    ...(dice.chance(0.5) && { key: 'order' }),
    now: () => entry.writtenMs,
  });
  const Item = { ...Put.Item, ...(dice.chance(0.5) && { busbarApplication: { S: other } }) };
  const answer = await world.aws('dynamodb', 'TransactWriteItems', {
    TransactItems: [{ Put: { ...Put, Item } }],
  });
  event.endMs = world.clock.now();
  event.outcome = answer === 'lost' ? 'unknown' : 'accepted';
  world.history.note('outbox answered', `${type} ${event.outcome}`);
}

/** Says something at once, by a call or by its outbox. */
export const speak = (bench: Workbench, by: Tenant, topic: TenantTopic): Promise<void> =>
  bench.dice.chance(0.5) ? putEntry(bench, by, topic) : publishTo(bench, by, topic);
