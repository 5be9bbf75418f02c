import { describe, expect, it } from 'vitest';
import { putApplication } from '../../../lib/app/access/applications.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { deleteSubscription } from '../../../lib/app/registry/subscriptions.ts';
import { createRequest, decideRequest } from '../../../lib/app/request/requests.ts';
import type { Principal } from '../../../lib/core/access/access.ts';
import { admin, member, shorthand, type TestBus, testBus } from '../bus.ts';
import { patchTopic, putReceiver, putSubscription, putTopic } from '../calls.ts';

// What rests on the rights of a former owner ends when a topic or a receiver goes to another application.

const shop = member('shop');
const rival = member('rival');
const urlOf = (receiver: string) => `https://${receiver}.example.com/events`;

async function subscribed(bus: TestBus, who: Principal, receiver: string, topic = 'orders'): Promise<void> {
  await putReceiver(bus.tools, who, receiver, { endpoint: urlOf(receiver) }, []);
  bus.endpoint(urlOf(receiver), () => 204);
  await putSubscription(bus.tools, who, topic, receiver, {});
}

/** The shop has the topic `orders`, to which its receiver `billing` is subscribed. */
async function running(topic: object = {}): Promise<TestBus> {
  const bus = await testBus();
  for (const name of ['shop', 'rival']) await putApplication(bus.tools, admin, name, {});
  await putTopic(bus.tools, shop, 'orders', topic);
  await subscribed(bus, shop, 'billing');
  return bus;
}
const receiversOf = async (bus: TestBus, topic = 'orders') =>
  (await bus.tools.registry.subscriptions(topic)).map(({ receiver }) => receiver);
const give = (bus: TestBus, owner: string, who: Principal = admin) =>
  putTopic(bus.tools, who, 'orders', { owner });
const giveReceiver = (bus: TestBus, owner: string, who: Principal = admin) =>
  putReceiver(bus.tools, who, 'billing', { endpoint: urlOf('billing'), owner }, []);
const event = (id: string) => shorthand({ id, source: '/s', type: 'a', data: {} });
const posted = (bus: TestBus) => bus.requests.map(({ url, body }) => `${url} ${JSON.parse(String(body)).id}`);

describe('a topic that goes to another application', () => {
  it('loses the subscriptions of its former owner, and says which', async () => {
    const bus = await running();
    const { ended, document } = await give(bus, 'rival', shop);

    expect(ended).toEqual([{ topic: 'orders', receiver: 'billing' }]);
    expect(await receiversOf(bus)).toEqual([]);
    expect(document).not.toHaveProperty('handedOverAt');
    await publish(bus.tools, rival, { topic: 'orders' }, event('1'));
    expect(await bus.runLane('billing')).toEqual({ received: 0, kept: 0 });
  });

  it('delivers what waits for them', async () => {
    const bus = await running();
    await publish(bus.tools, shop, { topic: 'orders' }, event('before'));
    await bus.clock.advance(1000);
    await give(bus, 'rival');
    await bus.runLane('billing');

    expect(posted(bus)).toEqual([`${urlOf('billing')} before`]);
  });

  it('keeps those of its new owner, of whom it was granted, and of anybody where it says so', async () => {
    const bus = await running();
    await putReceiver(bus.tools, rival, 'crm', { endpoint: urlOf('crm') }, []);
    const { id } = await createRequest(bus.tools, rival, {
      kind: 'subscribe',
      topic: 'orders',
      receiver: 'crm',
    });
    await decideRequest(bus.tools, shop, id, 'approve', undefined);
    await give(bus, 'warehouse');
    expect(await receiversOf(bus)).toEqual(['crm']);
    await give(bus, 'rival');
    expect(await receiversOf(bus)).toEqual(['crm']);

    const open = await running({ access: { subscribe: 'anyone' } });
    await putTopic(open.tools, admin, 'orders', { owner: 'rival', access: { subscribe: 'anyone' } });
    expect(await receiversOf(open)).toEqual(['billing']);
  });

  it('keeps those of the parent, of the children and of the siblings of its new owner', async () => {
    const bus = await running();
    for (const child of ['shop-web', 'shop-app'])
      await putApplication(bus.tools, admin, child, { parent: 'shop' });
    await give(bus, 'shop-web');
    expect(await receiversOf(bus)).toEqual(['billing']);
    await giveReceiver(bus, 'shop-app');
    expect(await receiversOf(bus)).toEqual(['billing']);
    await give(bus, 'shop');
    expect(await receiversOf(bus)).toEqual(['billing']);
    await give(bus, 'rival');
    expect(await receiversOf(bus)).toEqual([]);
  });

  it('loses none by a change of something else', async () => {
    const bus = await running({ access: { subscribe: 'anyone' } });
    await subscribed(bus, rival, 'crm');
    const { ended } = await patchTopic(bus.tools, shop, 'orders', { access: null, owner: 'shop' });

    expect(ended).toEqual([]);
    expect(await receiversOf(bus)).toEqual(['billing', 'crm']);
  });
});

describe('a receiver that goes to another application', () => {
  it('loses its subscriptions to topics of the former owner, and says which', async () => {
    const bus = await running();
    const { document } = await giveReceiver(bus, 'rival', shop);

    expect(document).toMatchObject({ endedSubscriptions: [{ topic: 'orders', receiver: 'billing' }] });
    expect(document).not.toHaveProperty('handedOverAt');
    expect(await receiversOf(bus)).toEqual([]);
  });

  it('loses what was granted to the former owner alone', async () => {
    const bus = await testBus();
    for (const name of ['shop', 'rival', 'third']) await putApplication(bus.tools, admin, name, {});
    await putTopic(bus.tools, member('third'), 'orders', {});
    await putReceiver(bus.tools, shop, 'billing', { endpoint: urlOf('billing') }, []);
    const { id } = await createRequest(bus.tools, shop, {
      kind: 'subscribe',
      topic: 'orders',
      receiver: 'billing',
    });
    await decideRequest(bus.tools, member('third'), id, 'approve', undefined);
    expect(await receiversOf(bus)).toEqual(['billing']);
    await giveReceiver(bus, 'rival');

    expect(await receiversOf(bus)).toEqual([]);
  });

  it('keeps its subscriptions to topics of the new owner', async () => {
    const bus = await running();
    await putTopic(bus.tools, rival, 'returns', {});
    await putSubscription(bus.tools, admin, 'returns', 'billing', {});
    await giveReceiver(bus, 'rival');

    expect(await receiversOf(bus, 'returns')).toEqual(['billing']);
  });
});

describe('a change of owner that is interrupted', () => {
  /** Fails when the first subscription is to be ended. */
  async function interrupted(bus: TestBus, change: (tools: TestBus['tools']) => Promise<unknown>) {
    const tools = bus.newTools();
    const deleteSubscription = () => Promise.reject(new Error('cut off'));
    Object.assign(tools, { provision: { ...tools.provision, deleteSubscription } });
    await expect(change(tools)).rejects.toThrow('cut off');
    await bus.clock.advance(1000);
  }

  it.each<[string, (tools: TestBus['tools']) => Promise<unknown>]>([
    ['topic', (tools) => putTopic(tools, admin, 'orders', { owner: 'rival' })],
    [
      'receiver',
      (tools) => putReceiver(tools, admin, 'billing', { endpoint: urlOf('billing'), owner: 'rival' }, []),
    ],
  ])(
    'of a %s delivers nothing new by the subscription, and is completed by a repetition',
    async (_, change) => {
      const bus = await running();
      await publish(bus.tools, admin, { topic: 'orders' }, event('before'));
      await bus.clock.advance(1000);
      await interrupted(bus, change);
      await publish(bus.tools, admin, { topic: 'orders' }, event('after'));
      expect(await receiversOf(bus)).toEqual(['billing']);
      while ((await bus.runLane('billing', bus.newTools())).received > 0);
      expect(posted(bus)).toEqual([`${urlOf('billing')} before`]);

      await change(bus.tools);
      expect(await receiversOf(bus)).toEqual([]);
      expect(await bus.tools.registry.topic('orders')).not.toHaveProperty('handedOverAt');
      expect(await bus.tools.registry.receiver('billing')).not.toHaveProperty('handedOverAt');
    },
  );

  it('delivers what comes by a subscription that the new owner allows', async () => {
    const bus = await running();
    await interrupted(bus, (tools) => putTopic(tools, admin, 'orders', { owner: 'rival' }));
    await subscribed(bus, rival, 'crm');
    await publish(bus.tools, rival, { topic: 'orders' }, event('after'));
    await bus.runLane('crm');
    await bus.runLane('billing');

    expect(posted(bus)).toEqual([`${urlOf('crm')} after`]);
  });

  it('leaves an event in its lane while the rights cannot be read', async () => {
    const bus = await running();
    await interrupted(bus, (tools) => putTopic(tools, admin, 'orders', { owner: 'rival' }));
    await publish(bus.tools, rival, { topic: 'orders' }, event('after'));
    const tools = bus.newTools();
    const find = () => Promise.reject(new Error('no table'));
    Object.assign(tools, { applications: { ...tools.applications, find } });

    expect(await bus.runLane('billing', tools)).toEqual({ received: 1, kept: 1 });
    expect(posted(bus)).toEqual([]);
  });
});

it('a subscription that is put while its topic goes to another application is taken back', async () => {
  const bus = await running();
  await deleteSubscription(bus.tools, shop, 'orders', 'billing');
  const tools = bus.newTools();
  const putSubscriptionThen = async (...args: Parameters<typeof tools.provision.putSubscription>) => {
    await bus.tools.provision.putSubscription(...args);
    await give(bus, 'rival');
  };
  Object.assign(tools, { provision: { ...tools.provision, putSubscription: putSubscriptionThen } });

  await expect(putSubscription(tools, shop, 'orders', 'billing', {})).rejects.toMatchObject({
    code: 'forbidden',
  });
  expect(await receiversOf(bus)).toEqual([]);
  await publish(bus.tools, rival, { topic: 'orders' }, event('1'));
  expect(await bus.runLane('billing')).toEqual({ received: 0, kept: 0 });
});
