import { describe, expect, it } from 'vitest';
import { publish } from '../../../lib/app/publish/publish.ts';
import { BusbarError } from '../../../lib/core/kernel/errors.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { admin, member, shorthand, type TestBus, testBus } from '../bus.ts';

const shop = member('shop');
const orders = { topic: 'orders' };

async function busWithTopic(fields: object = {}): Promise<TestBus> {
  const bus = await testBus();
  await bus.topic('orders', fields);
  await bus.receiver('shop');
  await bus.subscription('orders', 'shop');
  return bus;
}

/** The refusal of a whole request. */
async function refusal(answer: Promise<unknown>): Promise<BusbarError> {
  const error = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof BusbarError) return error;
  throw error ?? new Error('The request was not refused.');
}

const statuses = ({ events }: Awaited<ReturnType<typeof publish>>) => events.map(({ status }) => status);
const batchCalls = (bus: TestBus, call: string) => bus.calls.filter((line) => line.startsWith(call)).length;

describe('publishing to a topic', () => {
  it('answers when AWS has every event, and reaches the queues of subscribed receivers', async () => {
    const bus = await busWithTopic();
    const answer = await publish(
      bus.tools,
      shop,
      orders,
      shorthand([
        { type: 'a', id: '1' },
        { type: 'b', id: '2' },
      ]),
    );
    expect(answer).toEqual({
      events: [
        { index: 0, id: '1', status: 'accepted' },
        { index: 1, id: '2', status: 'accepted' },
      ],
    });
    await bus.clock.until(async () => (await bus.count(bus.urlOf('shop', 'online'))).ready === 2, 10_000);
    const messages = await bus.receive(bus.urlOf('shop', 'online'));
    expect(messages.map(({ body }) => JSON.parse(body).id).sort()).toEqual(['1', '2']);
    expect(messages[0]?.attributes).toMatchObject({ 'busbar-topic': 'orders', source: '/applications/shop' });
  });

  it('makes one call for ten events', async () => {
    const bus = await busWithTopic();
    const events = Array.from({ length: 95 }, (_, at) => ({ type: 'a', id: String(at) }));
    expect(statuses(await publish(bus.tools, shop, orders, shorthand(events)))).toEqual(
      Array(95).fill('accepted'),
    );
    expect(batchCalls(bus, 'sqs.SendMessageBatch')).toBe(10);
  });

  it('rejects the events alone that AWS did not take out of a batch it answered with 200', async () => {
    const bus = await busWithTopic();
    bus.intercept('sqs.SendMessageBatch', async (input, next) => {
      const entries = [input.Entries].flat() as { Id: string }[];
      const output = await next({
        ...input,
        Entries: entries.filter(({ Id }) => Id !== '1'),
      });
      return {
        ...output,
        Failed: [{ Id: '1', Code: 'InternalError', Message: 'later', SenderFault: false }],
      };
    });
    const request = shorthand(['1', '2', '3'].map((id) => ({ type: 'a', id })));
    const { events } = await publish(bus.tools, shop, orders, request);
    expect(events).toEqual([
      { index: 0, id: '1', status: 'accepted' },
      {
        index: 1,
        id: '2',
        status: 'rejected',
        code: 'unavailable',
        detail: expect.stringContaining('Send it again'),
      },
      { index: 2, id: '3', status: 'accepted' },
    ]);
    expect(bus.lines.join()).toContain('InternalError: later');
  });

  it('is unavailable when AWS takes nothing, and says when to try again', async () => {
    const bus = await busWithTopic();
    bus.intercept('sqs.SendMessageBatch', () => {
      throw new AwsError('Throttled', 'Rate exceeded');
    });
    const error = await refusal(publish(bus.tools, shop, orders, shorthand([{ type: 'a' }, { type: 'b' }])));
    expect(error).toMatchObject({ code: 'unavailable', status: 503, retryAfterSeconds: 1 });
    expect(error.members.events).toHaveLength(2);
  });

  it('lists what became of each, wrong ones beside right ones', async () => {
    const bus = await busWithTopic({ schema: { type: 'object', required: ['a'] } });
    const { events } = await publish(
      bus.tools,
      shop,
      orders,
      shorthand([
        { type: 'a', data: { a: 1 } },
        { type: 'b', data: {} },
        { data: { a: 1 } },
        { type: 'c', data: { a: 1 }, delaySeconds: 60 },
      ]),
    );
    expect(events.map(({ status, code }) => code ?? status)).toEqual([
      'accepted',
      'schema_mismatch',
      'invalid_event',
      'scheduled',
    ]);
  });

  it('refuses the request when no event of it was taken', async () => {
    const bus = await busWithTopic();
    const one = await refusal(publish(bus.tools, shop, orders, shorthand({ data: 1 })));
    expect(one).toMatchObject({ code: 'invalid_event', status: 400 });
    const many = await refusal(publish(bus.tools, shop, orders, shorthand([{ data: 1 }, { type: '' }])));
    expect(many).toMatchObject({ code: 'all_rejected', status: 400 });
    expect(many.members.events).toHaveLength(2);
    expect(batchCalls(bus, 'sqs.SendMessageBatch')).toBe(0);
  });

  it('takes an event up to the limit with its attributes and refuses a larger one', async () => {
    const bus = await busWithTopic();
    const size = async (length: number) => {
      const request = shorthand({
        type: 'a',
        id: '1',
        time: '2026-01-01T00:00:00Z',
        data: 'x'.repeat(length),
      });
      return publish(bus.tools, shop, orders, request).then(statuses, (error: BusbarError) => error);
    };
    const tooLarge = await size(256 * 1024);
    const bytes = Number(/has (\d+) bytes/.exec(String(tooLarge))?.[1]);
    const room = 256 * 1024 - (bytes - 256 * 1024);
    expect(await size(room)).toEqual(['accepted']);
    expect(await size(room + 1)).toMatchObject({ code: 'event_too_large' });
  });
});

describe('the target', () => {
  it('must exist', async () => {
    const bus = await busWithTopic();
    const to = (target: Parameters<typeof publish>[2]) =>
      refusal(publish(bus.tools, admin, target, shorthand({ type: 'a' })));
    expect(await to({ topic: 'nothing' })).toMatchObject({ code: 'unknown_topic', status: 404 });
    expect(await to({ receiver: 'nobody' })).toMatchObject({ code: 'unknown_receiver', status: 404 });
  });

  it('is open only to its owner and to admins', async () => {
    const bus = await busWithTopic();
    const as = (principal: Parameters<typeof publish>[1], target: Parameters<typeof publish>[2]) =>
      publish(bus.tools, principal, target, shorthand({ type: 'a' })).then(
        statuses,
        (error: BusbarError) => error.code,
      );
    for (const target of [orders, { receiver: 'shop' }]) {
      expect(await as(shop, target)).toEqual(['accepted']);
      expect(await as(admin, target)).toEqual(['accepted']);
      expect(await as(member('crm'), target)).toBe('forbidden');
    }
  });

  it('is found right after it was made, also by who just missed it', async () => {
    const bus = await testBus();
    const attempt = () =>
      publish(bus.tools, shop, orders, shorthand({ type: 'a' })).then(
        statuses,
        (error: BusbarError) => error.code,
      );
    expect(await attempt()).toBe('unknown_topic');
    await bus.topic('orders');
    expect(await attempt()).toEqual(['accepted']);
  });

  it('may be one receiver, whose queue is written without SNS', async () => {
    const bus = await busWithTopic();
    await publish(bus.tools, shop, { receiver: 'shop' }, shorthand({ type: 'a', id: '1' }));
    const [message] = await bus.receive(bus.urlOf('shop', 'online'));
    expect(JSON.parse(message?.body ?? '')).toMatchObject({ id: '1', type: 'a' });
    expect(message?.attributes).toEqual({ type: 'a', source: '/applications/shop' });
    expect(batchCalls(bus, 'sns.PublishBatch')).toBe(0);
  });
});

describe('the same event twice in one request', () => {
  const twice = shorthand([
    { type: 'a', id: '1' },
    { type: 'a', id: '1' },
  ]);

  it('is sent once, and the second is a duplicate', async () => {
    const bus = await busWithTopic();
    expect(statuses(await publish(bus.tools, shop, orders, twice))).toEqual(['accepted', 'duplicate']);
    await bus.clock.until(async () => (await bus.count(bus.urlOf('shop', 'online'))).ready === 1, 10_000);
  });

  it('is a conflict when the two say different things', async () => {
    const bus = await busWithTopic();
    const request = shorthand([
      { type: 'a', id: '1', data: 1 },
      { type: 'a', id: '1', data: 2 },
    ]);
    const { events } = await publish(bus.tools, shop, orders, request);
    expect(events.map(({ status, code }) => code ?? status)).toEqual(['accepted', 'id_conflict']);
  });

  it('is no duplicate of one that was rejected', async () => {
    const bus = await busWithTopic();
    bus.intercept('sqs.SendMessageBatch', () => {
      throw new AwsError('InternalError', 'down', { status: 500 });
    });
    const error = await refusal(publish(bus.tools, shop, orders, twice));
    expect(error.code).toBe('unavailable');
    expect(error.members.events).toMatchObject([
      { index: 0, status: 'rejected', code: 'unavailable' },
      { index: 1, status: 'rejected', code: 'unavailable' },
    ]);
  });
});

describe('deduplication', () => {
  const event = shorthand({ type: 'a', id: '1' });
  const once = (bus: TestBus) =>
    publish(bus.newTools(), shop, orders, event).then(statuses, (error: BusbarError) => error.code);

  it('answers a second event of the same source and id as a duplicate while the window lasts', async () => {
    const bus = await busWithTopic({ dedupSeconds: 60 });
    expect(await once(bus)).toEqual(['accepted']);
    await bus.clock.advance(59_000);
    expect(await once(bus)).toEqual(['duplicate']);
    await bus.clock.advance(2000);
    expect(await once(bus)).toEqual(['accepted']);
  });

  it('tells events of another source or another topic apart', async () => {
    const bus = await busWithTopic({ dedupSeconds: 60 });
    await bus.topic('returns', { dedupSeconds: 60 });
    expect(await once(bus)).toEqual(['accepted']);
    const other = shorthand({ type: 'a', id: '1', source: '/other' });
    expect(statuses(await publish(bus.tools, shop, orders, other))).toEqual(['accepted']);
    expect(statuses(await publish(bus.tools, shop, { topic: 'returns' }, event))).toEqual(['accepted']);
  });

  it('takes one of many concurrent duplicates, and tells the others to try again', async () => {
    const bus = await busWithTopic({ dedupSeconds: 60 });
    const answers = await Promise.all(Array.from({ length: 8 }, () => once(bus)));
    expect(answers.filter((answer) => answer[0] === 'accepted')).toHaveLength(1);
    for (const answer of answers)
      expect(['accepted', 'duplicate', 'claimed']).toContain(typeof answer === 'string' ? answer : answer[0]);
    expect(await once(bus)).toEqual(['duplicate']);
    await bus.clock.until(async () => (await bus.count(bus.urlOf('shop', 'online'))).ready === 1, 10_000);
  });

  it('takes an event over from a publisher that died before it was sent', async () => {
    const bus = await busWithTopic({ dedupSeconds: 3600 });
    // The function ends between claim and send: nothing comes after.
    bus.intercept('sqs.SendMessageBatch', () => new Promise(() => undefined));
    void publish(bus.newTools(), shop, orders, event);
    await bus.clock.until(() => bus.calls.some((call) => call.startsWith('sqs.SendMessageBatch')), 1000);
    bus.restore('sqs.SendMessageBatch');

    const busy = await refusal(publish(bus.newTools(), shop, orders, event));
    expect(busy).toMatchObject({ code: 'claimed', status: 409, retryAfterSeconds: 1 });
    await bus.clock.advance(31_000);
    expect(await once(bus)).toEqual(['accepted']);
    expect(await once(bus)).toEqual(['duplicate']);
  });

  it('gives the claim back when the event could not be sent', async () => {
    const bus = await busWithTopic({ dedupSeconds: 3600 });
    bus.intercept('sqs.SendMessageBatch', () => {
      throw new AwsError('InternalError', 'down', { status: 500 });
    });
    expect(await once(bus)).toBe('unavailable');
    bus.restore('sqs.SendMessageBatch');
    expect(await once(bus)).toEqual(['accepted']);
  });

  it('calls an event accepted that was sent, although its acceptance could not be written', async () => {
    const bus = await busWithTopic({ dedupSeconds: 3600 });
    bus.intercept('dynamodb.PutItem', (input, next) => {
      if (!JSON.stringify(input).includes('accepted')) return next();
      throw new AwsError('InternalServerError', 'down', { status: 500 });
    });
    expect(await once(bus)).toEqual(['accepted']);
    expect(bus.lines.join()).toContain('Claims could not be updated');
  });

  it('sends nothing that it could not check', async () => {
    const bus = await busWithTopic({ dedupSeconds: 3600 });
    bus.intercept('dynamodb.PutItem', () => {
      throw new AwsError('ProvisionedThroughputExceededException', 'slow down');
    });
    expect(await once(bus)).toBe('unavailable');
    expect(batchCalls(bus, 'sqs.SendMessageBatch')).toBe(0);
  });

  it('writes no row where a topic does not ask for it', async () => {
    const bus = await busWithTopic();
    expect(await once(bus)).toEqual(['accepted']);
    expect(await once(bus)).toEqual(['accepted']);
    expect(await bus.rows('claim#')).toEqual([]);
  });
});
