import { describe, expect, it } from 'vitest';
import { deleteTopicAndHeld } from '../../../lib/app/hold/topic-and-hold.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { deleteReceiver } from '../../../lib/app/registry/receivers.ts';
import { why } from '../../../lib/app/why/why.ts';
import type { Principal } from '../../../lib/core/access/access.ts';
import { incarnationAttribute } from '../../../lib/core/routing/routing.ts';
import { member, shorthand, type TestBus, testBus } from '../bus.ts';
import { listDeadLetters, listRefused, putReceiver, putSubscription, putTopic } from '../calls.ts';

// SNS topics and queues are addressed by name: what a publisher sends that ran on after a deletion reaches whoever has
// the name by then.

const shop = member('shop');
const rival = member('rival');
const orders = { topic: 'orders' };
const urlOf = (receiver: string) => `https://${receiver}.example.com/events`;
const minute = 60_000;

const topicWith = async (bus: TestBus, who: Principal, receiver: string) => {
  await putTopic(bus.tools, who, 'orders', {});
  await putReceiver(
    bus.tools,
    who,
    receiver,
    { endpoint: urlOf(receiver), retry: { delaysSeconds: [120] } },
    [],
  );
  await putSubscription(bus.tools, who, 'orders', receiver, {});
  bus.endpoint(urlOf(receiver), () => 204);
};
const event = (id: string) => shorthand({ id, source: '/s', type: 'a', data: { of: 'shop' } });
const posted = (bus: TestBus) => bus.requests.map((request) => request.url);

/** A message as a publisher sends it that has read the target before it was deleted. */
async function messageOf(
  bus: TestBus,
  target: { topic: string } | { receiver: string },
  id: string,
  who = shop,
) {
  let caught: { body: string; attributes: Readonly<Record<string, string>> } | undefined;
  const keep = async (_: unknown, [message]: readonly NonNullable<typeof caught>[]) => {
    caught = message;
    return [undefined];
  };
  const tools = bus.newTools();
  Object.assign(tools, { topics: { send: keep }, queues: { ...tools.queues, send: keep } });
  await publish(tools, who, target, event(id));
  if (caught === undefined) throw new Error('Nothing was sent.');
  return caught;
}

/** The rival has the topic `orders` with the receiver `spy`, after the shop deleted its own. */
async function takenOver(): Promise<{ bus: TestBus; late: Awaited<ReturnType<typeof messageOf>> }> {
  const bus = await testBus();
  await topicWith(bus, shop, 'billing');
  const late = await messageOf(bus, orders, 'late');
  await deleteTopicAndHeld(bus.tools, shop, 'orders', true);
  await bus.clock.advance(2 * minute);
  await topicWith(bus, rival, 'spy');
  return { bus, late };
}

describe('a message that is meant for a deleted topic', () => {
  it('names the incarnation of its topic', async () => {
    const bus = await testBus();
    await topicWith(bus, shop, 'billing');
    const { incarnation } = (await bus.tools.registry.topic('orders')) ?? {};

    expect((await messageOf(bus, orders, '1')).attributes[incarnationAttribute]).toBe(incarnation);
    expect(incarnation).toMatch(/^[0-9a-f]{8}$/);
  });

  it('is not posted to a receiver of the later one, and is listed for its publisher', async () => {
    const { bus, late } = await takenOver();
    await bus.tools.topics.send('orders', [late]);
    const { received, kept } = await bus.runLane('spy');

    expect({ received, kept, posted: posted(bus) }).toEqual({ received: 1, kept: 0, posted: [] });
    expect((await listRefused(bus.tools, shop, {})).refused).toMatchObject([
      { from: 'delivery', topic: 'orders', eventId: 'late', code: 'target_replaced', times: 1 },
    ]);
    expect((await listRefused(bus.tools, rival, {})).refused).toEqual([]);
    expect((await listDeadLetters(bus.tools, rival, 'spy', {})).deadLetters).toEqual([]);
    expect((await why(bus.tools, rival, { id: 'late' })).events).toEqual([]);
    expect((await why(bus.tools, shop, { id: 'late' })).events).toMatchObject([
      { id: 'late', topic: 'orders', former: true, refused: { code: 'target_replaced' } },
    ]);
  });

  it.each<[string, Record<string, string>]>([
    ['SQS', {}],
    ['SNS', { ErrorCode: 'KMS.AccessDenied', ErrorMessage: 'no key' }],
  ])(
    'is no dead letter of the later receiver when %s moves it, and is not redriven',
    async (_, attributes) => {
      const { bus, late } = await takenOver();
      const own = await messageOf(bus, { topic: 'orders' }, 'own', rival);
      for (const { body, attributes: given } of [late, own]) {
        const message = { body, attributes: { ...given, ...attributes } };
        await bus.tools.queues.send({ receiver: 'spy', role: 'dead-letters' }, [message]);
      }

      const { deadLetters } = await listDeadLetters(bus.tools, rival, 'spy', {});
      expect(deadLetters).toMatchObject([{ eventId: 'own' }]);
      expect(deadLetters).toHaveLength(1);
      expect(await bus.count(bus.urlOf('spy', 'dead-letters'))).toMatchObject({ ready: 0, inFlight: 0 });
      expect((await listRefused(bus.tools, shop, {})).refused).toMatchObject([
        { from: 'delivery', topic: 'orders', eventId: 'late', code: 'target_replaced', times: 1 },
      ]);
      expect((await listRefused(bus.tools, rival, {})).refused).toEqual([]);
    },
  );

  it('stays in the dead-letter queue while the list of refused events cannot be written', async () => {
    const { bus, late } = await takenOver();
    await bus.tools.queues.send({ receiver: 'spy', role: 'dead-letters' }, [late]);
    const tools = bus.newTools();
    const find = () => Promise.reject(new Error('throttled'));
    Object.assign(tools, { refused: { ...tools.refused, find } });

    expect((await listDeadLetters(tools, rival, 'spy', {})).deadLetters).toEqual([]);
    await bus.clock.advance(minute);
    expect((await listDeadLetters(bus.tools, rival, 'spy', {})).deadLetters).toEqual([]);
    expect((await listRefused(bus.tools, shop, {})).refused).toMatchObject([{ eventId: 'late' }]);
  });

  it('is listed once, however many receivers of the later one get it', async () => {
    const { bus, late } = await takenOver();
    await putReceiver(bus.tools, rival, 'spy-2', { endpoint: urlOf('spy-2') }, []);
    await putSubscription(bus.tools, rival, 'orders', 'spy-2', {});
    await bus.tools.topics.send('orders', [late]);
    await bus.runLane('spy');
    await bus.runLane('spy-2');

    expect((await listRefused(bus.tools, shop, {})).refused).toMatchObject([{ eventId: 'late', times: 1 }]);
  });

  it('holds up nothing that is meant for the later one', async () => {
    const { bus, late } = await takenOver();
    await bus.tools.topics.send('orders', [late]);
    await publish(bus.tools, rival, orders, event('own'));
    while ((await bus.runLane('spy')).received > 0);

    expect(bus.requests.map(({ body }) => JSON.parse(String(body)).id)).toEqual(['own']);
  });

  it('stays in its queue while the list of refused events cannot be written', async () => {
    const { bus, late } = await takenOver();
    await bus.tools.topics.send('orders', [late]);
    const tools = bus.newTools();
    const put = () => Promise.reject(new Error('no table'));
    Object.assign(tools, { refused: { ...tools.refused, put } });

    expect(await bus.runLane('spy', tools)).toEqual({ received: 1, kept: 1 });
    expect(posted(bus)).toEqual([]);
  });

  it('is postponed while its topic cannot be read', async () => {
    const bus = await testBus();
    await topicWith(bus, shop, 'billing');
    await publish(bus.tools, shop, orders, event('1'));
    const tools = bus.newTools();
    const lifetimeOfTopic = () => Promise.reject(new Error('no table'));
    Object.assign(tools, { registry: { ...tools.registry, lifetimeOfTopic } });

    expect(await bus.runLane('billing', tools)).toEqual({ received: 1, kept: 1 });
    expect(posted(bus)).toEqual([]);
  });

  it('is posted by whom it had reached before the deletion, also when the name is taken anew', async () => {
    const bus = await testBus();
    await topicWith(bus, shop, 'billing');
    await publish(bus.tools, shop, orders, event('waiting'));
    await deleteTopicAndHeld(bus.tools, shop, 'orders', true);
    await bus.clock.advance(2 * minute);
    await putTopic(bus.tools, rival, 'orders', {});
    await bus.runLane('billing');

    expect(posted(bus)).toEqual([urlOf('billing')]);
    expect((await listRefused(bus.tools, shop, {})).refused).toEqual([]);
  });
});

describe('a message that was sent to a deleted receiver', () => {
  it('is not posted to the later one of the name, and is listed for its publisher', async () => {
    const bus = await testBus();
    const put = (who: Principal) =>
      putReceiver(bus.tools, who, 'billing', { endpoint: urlOf(who.application) }, []);
    await put(shop);
    bus.endpoint(urlOf('rival'), () => 204);
    const late = await messageOf(bus, { receiver: 'billing' }, 'late');
    await deleteReceiver(bus.tools, shop, 'billing', true);
    await bus.clock.advance(2 * minute);
    await put(rival);
    await bus.tools.queues.send({ receiver: 'billing', role: 'online' }, [late]);

    expect(await bus.runLane('billing')).toEqual({ received: 1, kept: 0 });
    expect(posted(bus)).toEqual([]);
    expect((await listRefused(bus.tools, shop, {})).refused).toMatchObject([
      { from: 'delivery', receiver: 'billing', eventId: 'late', code: 'target_replaced' },
    ]);
  });
});
