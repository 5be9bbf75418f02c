import type { Attempt, DeadLetter } from './checkers/checker.ts';
import type { Model } from './workload/model.ts';
import type { Standing } from './workload/tenancy.ts';
import type { Receipt } from './world/endpoints.ts';
import type { ServiceCall, World } from './world/world.ts';

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
export async function deadLettersOf(world: World, model: Model): Promise<DeadLetter[]> {
  const found: DeadLetter[] = [];
  for (const receiver of model.receivers.keys()) {
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
        if (!rowsOfWork.some((pattern) => pattern.test(key))) continue;
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

interface SentMessage {
  readonly MessageAttributes?: Readonly<Record<string, { readonly StringValue?: string }>>;
}

/** Follows what is written of breakers, and what dies. */
export function createWatch(world: World) {
  const breakerStates = new Map<string, { kind: string; atMs: number }[]>();
  const deaths = new Map<string, number>();

  world.onServiceCall(({ service, action, input, output }: ServiceCall) => {
    if (service === 'sqs' && /^SendMessage/.test(action) && /dead-letters/.test(String(input.QueueUrl))) {
      for (const entry of [input.Entries ?? input].flat() as SentMessage[]) {
        const id = entry.MessageAttributes?.['busbar-delivery-id']?.StringValue ?? '';
        if (!deaths.has(id)) deaths.set(id, world.clock.now());
      }
    }
    if (service !== 'dynamodb' || action !== 'PutItem') return;
    const item = input.Item as Record<string, { S?: string }> | undefined;
    const receiver = /^breaker#(.*)$/.exec(item?.pk?.S ?? '')?.[1];
    if (receiver === undefined || item?.sk?.S !== 'state' || output === undefined) return;
    const document = JSON.parse(item.document?.S ?? '{}') as { kind?: string };
    const states = breakerStates.get(receiver) ?? [];
    states.push({ kind: document.kind ?? '', atMs: world.clock.now() });
    breakerStates.set(receiver, states);
  });
  return { breakerStates, deaths };
}

export type Watch = ReturnType<typeof createWatch>;
