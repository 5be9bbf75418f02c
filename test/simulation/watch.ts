import { topicAttribute } from '../../lib/core/routing/routing.ts';
import type { BreakerState, SystemSend, SystemTruth } from './checkers/checker.ts';
import type { ServiceCall, World } from './world/world.ts';

interface SentMessage {
  readonly MessageBody?: string;
  readonly MessageAttributes?: Readonly<Record<string, { readonly StringValue?: string }>>;
}

type Item = Readonly<Record<string, { readonly S?: string }>>;

/** Follows what is written of breakers, what dies, and what the bus sends of itself. */
export function createWatch(world: World) {
  const breakerStates = new Map<string, BreakerState[]>();
  const deaths = new Map<string, number>();
  const letters: SystemTruth['deaths'][number][] = [];
  const systemSends: SystemSend[] = [];
  /** A transaction that is made again under its token does nothing. */
  const tokens = new Set<unknown>();

  world.onServiceCall(({ service, action, input, output }: ServiceCall) => {
    if (service === 'sqs' && /^SendMessage/.test(action)) {
      const queue = String(input.QueueUrl).split('/').at(-1) ?? '';
      for (const entry of [input.Entries ?? input].flat() as SentMessage[]) noteMessage(queue, entry);
    }
    if (service !== 'dynamodb' || output === undefined) return;
    if (action === 'PutItem') noteRow(input.Item as Item | undefined);
    if (action !== 'TransactWriteItems') return;
    const { ClientRequestToken: token, TransactItems = [] } = input;
    if (token !== undefined && tokens.has(token)) return;
    tokens.add(token);
    for (const { Put } of TransactItems as { Put?: { Item?: Item } }[]) noteRow(Put?.Item);
  });

  function noteMessage(
    queue: string,
    { MessageBody = '', MessageAttributes: attributes }: SentMessage,
  ): void {
    const [, receiver = '', role] = /^busbar-(.+)-(online|offline|dead-letters)$/.exec(queue) ?? [];
    const topic = attributes?.[topicAttribute]?.StringValue ?? '';
    const atMs = world.clock.now();
    if (role === 'online' && topic === 'busbar') {
      const { id, type, subject } = JSON.parse(MessageBody);
      systemSends.push({ receiver, id, type, subject, atMs });
    }
    if (role !== 'dead-letters') return;
    const id = attributes?.['busbar-delivery-id']?.StringValue ?? '';
    if (!deaths.has(id)) deaths.set(id, atMs);
    letters.push({ receiver, topic, atMs });
  }

  function noteRow(item: Item | undefined): void {
    const receiver = /^breaker#(.*)$/.exec(item?.pk?.S ?? '')?.[1];
    if (receiver === undefined || item?.sk?.S !== 'state') return;
    const { kind = '', isQuiet = false } = JSON.parse(item.document?.S ?? '{}') as Partial<BreakerState>;
    const states = breakerStates.get(receiver) ?? [];
    states.push({ kind, isQuiet, atMs: world.clock.now() });
    breakerStates.set(receiver, states);
  }

  return { breakerStates, deaths, letters, systemSends };
}

export type Watch = ReturnType<typeof createWatch>;
