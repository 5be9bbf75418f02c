import { setTimeout as sleep } from 'node:timers/promises';
import { DynamoDBClient, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { outboxEntry } from '../../lib/client/index.ts';
import type { Random } from '../../lib/stand-in/engines/engine.ts';
import type { AcceptanceBus, Answer } from '../acceptance/bus.ts';
import type { Promised } from './ledger.ts';
import type { Lives } from './lives.ts';

const receiversOf = { orders: ['billing', 'crm'], ledger: ['billing'] } as const;

/** What the producers share. */
export interface Market {
  readonly lives: Lives;
  readonly promised: Map<string, Promised>;
  /** The outcome of each transaction, for the check endpoint. */
  readonly verdicts: Map<string, 'commit' | 'rollback'>;
  readonly checkUrl: string;
  /** True when the producers should stop. */
  done(): boolean;
}

interface Accepted {
  readonly events: readonly { readonly id: string; readonly status: string; readonly code?: string }[];
}

/**
 * A producer that sends events in every possible way, one request after the other, until it should stop. Some requests
 * are repeated with the same ids if there is no response, others are not.
 */
export async function produce(market: Market, name: string, random: Random): Promise<void> {
  const { lives, promised } = market;
  let count = 0;
  let places = 0;
  const below = (limit: number) => Math.floor(random.next() * limit);
  const newId = (kind: string) => `${name}-${kind}-${count++}`;
  const keep = (event: Omit<Promised, 'atMs'>) => promised.set(event.id, { ...event, atMs: Date.now() });

  /** Repeats a request until the bus responds, and responds with something other than 429 or 503. */
  async function insist(request: () => Promise<Answer | undefined>): Promise<Answer> {
    for (;;) {
      const answer = await request();
      if (answer === undefined) continue;
      if (answer.status !== 429 && answer.status !== 503) return answer;
      await sleep(Number(answer.headers.get('retry-after') ?? 1) * 1000);
    }
  }

  /** Sends events. Resolves to undefined if there was no usable response and the request is not repeated. */
  async function handOver(
    path: string,
    events: readonly (Omit<Promised, 'atMs' | 'fate'> & { fate?: Promised['fate'] })[],
    more: object,
    repeats: boolean,
  ): Promise<Answer | undefined> {
    for (const event of events) keep({ ...event, fate: 'open' });
    const body = events.map(({ id, place }) => ({
      id,
      type: 'kills.sent',
      data: { text: 'x'.repeat(200) },
      ...(place && { subject: place.key }),
      ...more,
    }));
    const request = () => lives.call('POST', path, body.length === 1 ? body[0] : body);
    const answer = repeats ? await insist(request) : await request();
    if (answer === undefined || answer.status === 429 || answer.status === 503) return undefined;
    expectStatus(answer, 202);
    const results = new Map((answer.body as Accepted).events.map((result) => [result.id, result]));
    for (const event of events) {
      const status = results.get(event.id)?.status;
      if (status === 'accepted' || status === 'scheduled' || status === 'duplicate') {
        keep({ fate: 'delivered', ...event });
      } else if (results.get(event.id)?.code !== 'unavailable') {
        throw new Error(`Unexpected result for ${event.id}: ${JSON.stringify(results.get(event.id))}.`);
      }
    }
    return answer;
  }

  const several = (kind: string, most: number, by: string, receivers: readonly string[], more = {}) =>
    Array.from({ length: 1 + below(most) }, () => ({ id: newId(kind), by, receivers, ...more }));

  async function transaction(): Promise<void> {
    const id = `${name}-${count++}`;
    const by = `transaction ${id}`;
    const events = [
      { id: newId('tx'), by, receivers: receiversOf.orders, topic: 'orders' },
      { id: newId('tx'), by, receivers: ['crm'], receiver: 'crm' },
    ];
    const end = (['commit', 'commit', 'rollback', 'check'] as const)[below(4)];
    const verdict = end === 'check' ? (below(2) === 0 ? 'commit' : 'rollback') : end;
    if (end === 'check') market.verdicts.set(id, verdict === 'commit' ? 'commit' : 'rollback');
    const request = {
      id,
      events: events.map(({ receivers: _, by: __, ...event }) => ({
        ...event,
        type: 'kills.half',
        data: {},
      })),
      ...(end === 'check' && { checkUrl: market.checkUrl, checkAfterSeconds: 1 }),
    };
    const isChecked = end === 'check' && verdict === 'commit';
    const fate = (to: Promised['fate'], more: Partial<Promised> = {}) => {
      for (const { id: eventId, receivers } of events)
        keep({ id: eventId, by, receivers, fate: to, ...more });
    };
    // The check may commit before this call has a response. Otherwise nothing is delivered before the commit.
    fate(isChecked ? 'open' : 'nowhere');
    expectStatus(await insist(() => lives.call('POST', '/v1/transactions', request)), 201, 200);
    if (isChecked) fate('delivered');
    if (end !== 'check') {
      const committed = { notBeforeMs: Date.now() };
      if (end === 'commit') fate('open', committed);
      expectStatus(await insist(() => lives.call('POST', `/v1/transactions/${id}/${end}`)), 200);
      if (end === 'commit') fate('delivered', committed);
    }
  }

  async function cancelled(): Promise<void> {
    const [event] = several('cancelled', 1, 'delayed and cancelled', ['crm'], {
      notBeforeMs: Date.now() + 2000,
    });
    if (event === undefined) return;
    // Not repeated, because a second publish would create a second delayed event.
    if ((await handOver('/v1/receivers/crm/events', [event], { delaySeconds: 2 }, false)) === undefined)
      return;
    keep({ ...event, fate: 'open' });
    let unanswered = 0;
    const answer = await insist(async () => {
      const once = await lives.call('DELETE', `/v1/events/${event.id}`);
      if (once === undefined) unanswered++;
      return once;
    });
    expectStatus(answer, 200, 204, 404, 409);
    if (answer.status < 300) keep({ ...event, fate: 'nowhere' });
    // The event had already been sent, unless an earlier request without a response has cancelled it.
    else if (unanswered === 0) keep({ ...event, fate: 'delivered' });
  }

  async function outbox(): Promise<void> {
    const id = newId('outbox');
    const place = { key: `${name}-outbox`, sequence: places++ };
    const event = { id, by: 'outbox', receivers: receiversOf.orders };
    const entry = outboxEntry({
      application: 'admin',
      topic: 'orders',
      key: place.key,
      sequence: place.sequence,
      event: { type: 'kills.written', id, data: {} },
    });
    keep({ ...event, fate: 'open' });
    for (;;) {
      const bus = await lives.current();
      const written = await lives.unlessKilled(bus, async () => {
        const client = dynamodbOf(bus);
        await client.send(new TransactWriteItemsCommand({ TransactItems: [entry] }));
        return true;
      });
      if (written) break;
    }
    keep({ ...event, fate: 'delivered' });
  }

  const ways: readonly (() => Promise<unknown>)[] = [
    () => handOver('/v1/topics/orders/events', several('one', 1, 'publish', receiversOf.orders), {}, false),
    () => handOver('/v1/topics/orders/events', several('batch', 20, 'batch', receiversOf.orders), {}, true),
    () => handOver('/v1/receivers/billing/events', several('invoke', 3, 'invoke', ['billing']), {}, true),
    () => {
      const delaySeconds = 1 + below(3);
      const notBeforeMs = Date.now() + delaySeconds * 1000;
      const events = several('later', 3, 'delayed publish', receiversOf.orders, { notBeforeMs });
      return handOver('/v1/topics/orders/events', events, { delaySeconds }, below(2) === 0);
    },
    () => {
      const events = several('refused', 1, 'invoke', ['refusing'], { fate: 'dead-letter' });
      return handOver('/v1/receivers/refusing/events', events, {}, true);
    },
    () => {
      const place = () => ({ key: name, sequence: places++ });
      const events = Array.from({ length: 1 + below(3) }, () => ({
        id: newId('ordered'),
        by: 'ordered publish',
        receivers: receiversOf.ledger,
        place: place(),
      }));
      return handOver('/v1/topics/ledger/events', events, {}, true);
    },
    transaction,
    cancelled,
    outbox,
  ];
  while (!market.done()) {
    await ways[below(ways.length)]?.();
    // A pause, which gives the bus some time to deliver.
    await sleep(below(30));
  }
}

const clients = new WeakMap<AcceptanceBus, DynamoDBClient>();

function dynamodbOf(bus: AcceptanceBus): DynamoDBClient {
  const known = clients.get(bus);
  if (known !== undefined) return known;
  const made = new DynamoDBClient({
    region: 'us-east-1',
    endpoint: bus.awsUrl,
    credentials: bus.awsCredentials,
    maxAttempts: 1,
  });
  clients.set(bus, made);
  return made;
}

function expectStatus(answer: Answer, ...expected: number[]): void {
  if (expected.includes(answer.status)) return;
  throw new Error(
    `The bus responded with ${answer.status} instead of ${expected.join(' or ')}: ${JSON.stringify(answer.body)}`,
  );
}
