import { systemEventsPk } from '../../lib/core/system-event/stored.ts';
import type { Attempt, DeadLetter } from './checkers/checker.ts';
import type { Model } from './workload/model.ts';
import type { Refusal, Standing } from './workload/tenancy.ts';
import type { Receipt } from './world/endpoints.ts';
import { type Counts, plus } from './world/tallies.ts';
import type { World } from './world/world.ts';

/** The attempts that the endpoints saw. */
export const attemptsOf = (receipts: readonly Receipt[]): Attempt[] =>
  receipts.map(({ receiver, eventId, request, startMs, endMs, status, heard }) => ({
    receiver,
    request,
    startMs,
    endMs,
    status,
    heard,
    eventId,
    deliveryId: request.headers['webhook-id'] ?? '',
    number: Number(request.headers['busbar-attempt']),
    topic: request.headers['busbar-topic'],
  }));

/** What the bus shows of dead letters, page by page. */
export async function deadLettersOf(world: World, receivers: Iterable<string>): Promise<DeadLetter[]> {
  const found: DeadLetter[] = [];
  for (const receiver of receivers) {
    let cursor: string | undefined;
    do {
      const query = `?limit=500${cursor === undefined ? '' : `&cursor=${cursor}`}`;
      const reply = await world.call('GET', `/receivers/${receiver}/dead-letters${query}`);
      if (reply.kind === 'lost' || reply.status !== 200) {
        throw new Error(`The dead letters of ${receiver} cannot be read: ${JSON.stringify(reply)}`);
      }
      for (const letter of reply.body.deadLetters) {
        found.push({ id: letter.id, receiver, eventId: letter.eventId ?? letter.id, cause: letter.cause });
      }
      cursor = reply.body.cursor;
    } while (cursor !== undefined);
  }
  return found;
}

/** What the bus shows of the topics that two applications share. */
export async function standingsOf(world: World, model: Model): Promise<Standing[]> {
  const found: Standing[] = [];
  for (const topic of model.tenancy.topics.keys()) {
    const [grants, subscriptions] = [
      await world.call('GET', `/topics/${topic}/grants?limit=500`),
      await world.call('GET', `/topics/${topic}/subscriptions?limit=500`),
    ];
    if (grants.kind === 'lost' || subscriptions.kind === 'lost') throw new Error('The bus is not there.');
    if (grants.status === 404) continue;
    found.push({ topic, grants: grants.body.grants, subscriptions: subscriptions.body.subscriptions });
  }
  return found;
}

/** What the bus shows to the two applications of what it refused. */
export async function refusalsOf(world: World, { tenancy }: Model): Promise<Refusal[]> {
  const found: Refusal[] = [];
  for (const [of, key] of tenancy.keys) {
    let cursor: string | undefined;
    do {
      const query = `?limit=1000${cursor === undefined ? '' : `&cursor=${cursor}`}`;
      const reply = await world.call('GET', `/refused${query}`, undefined, key);
      if (reply.kind === 'lost' || reply.status !== 200)
        throw new Error(`What was refused of ${of} cannot be read: ${JSON.stringify(reply)}`);
      for (const { from, eventId, code } of reply.body.refused) found.push({ of, from, eventId, code });
      cursor = reply.body.cursor;
    } while (cursor !== undefined);
  }
  return found;
}

/** Messages in queues of work, and not of dead letters. */
export async function leftInQueues(world: World): Promise<string[]> {
  const left: string[] = [];
  const listed = await world.aws('sqs', 'ListQueues', {});
  if (listed === 'lost') throw new Error('The bus is not there.');
  for (const url of (listed?.QueueUrls ?? []) as string[]) {
    const name = url.split('/').at(-1) ?? '';
    if (/dead-letters|dlq/i.test(name)) continue;
    const answer = await world.aws('sqs', 'GetQueueAttributes', { QueueUrl: url, AttributeNames: ['All'] });
    if (answer === 'lost') throw new Error('The bus is not there.');
    const attributes = (answer?.Attributes ?? {}) as Record<string, string>;
    const count =
      Number(attributes.ApproximateNumberOfMessages) +
      Number(attributes.ApproximateNumberOfMessagesNotVisible) +
      Number(attributes.ApproximateNumberOfMessagesDelayed);
    if (count > 0) left.push(`${name}: ${count}`);
  }
  return left;
}

/** Rows that stand for work to be done: whoever made them expects that somebody takes them away. */
const rowsOfWork: readonly RegExp[] = [/^outbox#/, /^held#/];

export async function leftInTable(world: World): Promise<string[]> {
  const left = new Map<string, number>();
  for (const table of [world.outputs.TableName, 'busbar-outbox']) {
    let from: unknown;
    do {
      const page = await world.aws('dynamodb', 'Scan', {
        TableName: table,
        ...(from !== undefined && { ExclusiveStartKey: from }),
      });
      if (page === 'lost') throw new Error('The bus is not there.');
      for (const item of (page?.Items ?? []) as Record<string, { S?: string }>[]) {
        const key = `${item.pk?.S} ${item.sk?.S}`;
        // A system event that was sent stays for a while without this.
        const isReport = item.pk?.S === systemEventsPk && item.wakes !== undefined;
        if (!isReport && !rowsOfWork.some((pattern) => pattern.test(key))) continue;
        const kind = key.replace(/[A-Za-z0-9_-]{16,}/g, '…');
        left.set(kind, (left.get(kind) ?? 0) + 1);
      }
      from = page?.LastEvaluatedKey;
    } while (from !== undefined);
  }
  return [...left].map(([kind, count]) => `${kind}: ${count}`);
}

export async function transactionStatesOf(world: World, model: Model): Promise<Map<string, string>> {
  const states = new Map<string, string>();
  for (const { id } of model.transactions.values()) {
    const reply = await world.call('GET', `/transactions/${id}`);
    if (reply.kind === 'answer' && reply.status === 200) states.set(id, reply.body.state);
  }
  return states;
}

/** The last redrive of each receiver. */
export async function redrivesOf(world: World, { receivers }: Model) {
  const found = new Map<string, { id: string; state: string }>();
  for (const { name, redriven } of receivers.values()) {
    const reply = redriven ? await world.call('GET', `/receivers/${name}/redrive`) : undefined;
    if (reply?.kind === 'answer' && reply.status === 200)
      found.set(name, { id: reply.body.id, state: reply.body.state });
  }
  return found;
}

/** What statistics say of every receiver and topic over the whole run. */
export async function statisticsOf(world: World, { receivers, topics, tenancy }: Model, startMs: number) {
  const things = [
    ...[...receivers.keys(), ...tenancy.receivers.keys()].map((name) => ['receiver', name] as const),
    ...[...topics.keys()].map((name) => ['topic', name] as const),
  ];
  const shown = new Map<string, Counts>();
  for (const [kind, name] of things) {
    const since = encodeURIComponent(new Date(startMs).toISOString());
    const reply = await world.call('GET', `/${kind}s/${name}/statistics?step=3600&since=${since}`);
    if (reply.kind === 'lost' || reply.status !== 200)
      throw new Error(`The statistics of ${name} cannot be read: ${JSON.stringify(reply)}`);
    const points = reply.body.points as Record<string, unknown>[];
    const counts = points.map((point) =>
      Object.fromEntries(
        Object.entries(point).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
      ),
    );
    shown.set(`${kind}#${name}`, counts.reduce<Counts>(plus, {}));
  }
  return shown;
}
