import { ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { deleteApplication, patchApplication, putApplication } from '../../../lib/app/access/applications.ts';
import { declare } from '../../../lib/app/declaration/declare.ts';
import { type DeclarationInput, defineBus } from '../../../lib/connectors/declaration.ts';
import { type Lane, queueArn, queueName } from '../../../lib/core/kernel/place.ts';
import { admin, type TestBus, testBus } from '../bus.ts';
import { putTopic } from '../calls.ts';

const endpoint = 'https://shop.example.com/events';
const whole: DeclarationInput = {
  topics: { orders: { description: 'x' }, returns: { owner: 'crm' } },
  receivers: { shop: { endpoint }, crm: { endpoint: 'https://crm.example.com/' } },
  subscriptions: { orders: { shop: { filter: { type: ['a'] } }, crm: {} } },
};

const declareBus = (bus: TestBus, input: DeclarationInput) => declare(bus.tools, defineBus(input));
const names = async (bus: TestBus) => ({
  topics: (await bus.tools.registry.topics()).map(({ topic }) => topic),
  receivers: (await bus.tools.registry.receivers()).map(({ receiver }) => receiver),
  subscriptions: (await bus.tools.registry.subscriptions()).map(
    ({ topic, receiver }) => `${topic}>${receiver}`,
  ),
});

describe('a receiver that is no longer declared', () => {
  const without: DeclarationInput = { topics: { orders: { description: 'x' } } };
  const isThere = async (bus: TestBus) => (await bus.tools.registry.receiver('shop')) !== undefined;
  async function withWaiting(lane: Lane): Promise<TestBus> {
    const bus = await testBus();
    await bus.receiver('shop');
    await declareBus(bus, whole);
    const QueueUrl = `${bus.tools.queueUrlBase}/${queueName('busbar', 'shop', lane)}`;
    await bus.sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '{}' }));
    return bus;
  }

  it.each(['online', 'offline'] as const)(
    'is kept, with its subscriptions, while events wait in its lane %s',
    async (lane) => {
      const bus = await withWaiting(lane);
      await expect(declareBus(bus, without)).rejects.toThrow(
        'The receiver shop is no longer declared, but about 1 events wait in its queues or are its dead letters',
      );
      expect((await names(bus)).subscriptions).toEqual(['orders>crm', 'orders>shop']);
    },
  );

  it('is removed when it is named in dropWaitingOf, or when nothing waits', async () => {
    const bus = await withWaiting('online');
    await declareBus(bus, { ...without, dropWaitingOf: ['shop'] });
    expect(await isThere(bus)).toBe(false);
    const empty = await testBus();
    await declareBus(empty, whole);
    await declareBus(empty, without);
    expect(await isThere(empty)).toBe(false);
  });
});

describe('declaring', () => {
  it('writes topics, receivers and subscriptions, which belong to admin unless they say otherwise', async () => {
    const bus = await testBus();
    await declareBus(bus, whole);
    expect(await names(bus)).toEqual({
      topics: ['orders', 'returns'],
      receivers: ['crm', 'shop'],
      subscriptions: ['orders>crm', 'orders>shop'],
    });
    expect(await bus.tools.registry.topic('orders')).toMatchObject({
      owner: 'admin',
      declared: true,
      description: 'x',
    });
    expect(await bus.tools.registry.topic('returns')).toMatchObject({ owner: 'crm' });
    expect(await bus.tools.registry.subscription('orders', 'shop')).toMatchObject({
      filter: { type: ['a'] },
    });
  });

  it('again changes what is new and keeps secrets and when things were made', async () => {
    const bus = await testBus();
    await declareBus(bus, whole);
    const before = await bus.tools.registry.receiver('shop');
    await bus.clock.advance(1000);
    await declareBus(bus, {
      ...whole,
      receivers: { ...whole.receivers, shop: { endpoint: 'https://new.example.com/' } },
    });
    expect(await bus.tools.registry.receiver('shop')).toMatchObject({
      endpoint: 'https://new.example.com/',
      secret: before?.secret,
      createdAt: before?.createdAt,
      updatedAt: '2026-01-01T00:00:01.000Z',
    });
  });

  it('takes out what is declared no more, with what hangs on it, and nothing that the API made', async () => {
    const bus = await testBus();
    await declareBus(bus, whole);
    await putTopic(bus.tools, admin, 'own', {});
    const own = { declared: false, createdAt: '', updatedAt: '' };
    await bus.tools.registry.changeSubscription('own', 'shop', () => ({
      topic: 'own',
      receiver: 'shop',
      ...own,
    }));
    await bus.tools.registry.changeSubscription('own', 'crm', () => ({
      topic: 'own',
      receiver: 'crm',
      ...own,
    }));
    await bus.tools.registry.changeSubscription('returns', 'shop', () => ({
      topic: 'returns',
      receiver: 'shop',
      ...own,
    }));
    await declareBus(bus, { topics: { orders: {} }, receivers: { shop: { endpoint } } });
    expect(await names(bus)).toEqual({
      topics: ['orders', 'own'],
      receivers: ['shop'],
      subscriptions: ['own>shop'],
    });
  });

  it('refuses a schema that does not compile, so that the deployment fails and not every event', async () => {
    const bus = await testBus();
    await expect(
      declareBus(bus, { topics: { orders: { schema: { type: 'strin' } } } }),
    ).rejects.toMatchObject({
      code: 'invalid_schema',
    });
  });

  it('refuses an endpoint that may not be called', async () => {
    const bus = await testBus();
    const tools = { ...bus.tools, endpoints: 'public' as const };
    const declaration = defineBus({ receivers: { shop: { endpoint: 'http://shop.example.com/' } } });
    await expect(declare(tools, declaration)).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('starts a disabled receiver again, mapping and all', async () => {
    const bus = await testBus();
    await declareBus(bus, whole);
    await bus.tools.provision.putReceiver('shop', {});
    bus.run();
    await bus.clock.advance(60_000);
    const shop = await bus.tools.registry.receiver('shop');
    if (shop === undefined) throw new Error('It was declared.');
    await bus.tools.registry.changeReceiver('shop', () => ({ ...shop, state: 'disabled' }));
    await bus.tools.mappings.setEnabled('shop', 'online', false);
    await bus.clock.advance(60_000);
    const state = async () => {
      const { EventSourceMappings = [] } = await bus.lambda.send(
        new ListEventSourceMappingsCommand({ EventSourceArn: queueArn(bus.config, 'shop', 'online') }),
      );
      return EventSourceMappings[0]?.State;
    };
    expect(await state()).toBe('Disabled');
    await declareBus(bus, whole);
    await bus.clock.advance(60_000);
    expect(await bus.tools.registry.receiver('shop')).toMatchObject({ state: 'active' });
    expect(await state()).toBe('Enabled');
  });
});

describe('declared applications', () => {
  const applications = {
    'web-shop': { parent: 'shop', quotas: { topics: 5 } },
    shop: { description: 'The shop', contacts: ['shop@example.com'], quotas: { topics: 10 } },
  };
  const rows = async (bus: TestBus) =>
    (await bus.tools.applications.after('', 100)).items.map(({ item }) => item);

  it('are written parents first, are told from others, and cannot be deleted over the API', async () => {
    const bus = await testBus();
    await putApplication(bus.tools, admin, 'other', {});
    await declareBus(bus, { applications });

    expect(await rows(bus)).toMatchObject([
      { application: 'other' },
      { application: 'shop', ...applications.shop, children: ['web-shop'], declared: true },
      { application: 'web-shop', parent: 'shop', quotas: { topics: 5 }, declared: true },
    ]);
    await expect(deleteApplication(bus.tools, admin, 'web-shop')).rejects.toMatchObject({ code: 'declared' });
    // As a declared topic can be changed until the next deployment, which restores it.
    await patchApplication(bus.tools, admin, 'web-shop', { quotas: { topics: 6 } });
    expect((await rows(bus))[2]).toMatchObject({ quotas: { topics: 6 }, declared: true });
    await declareBus(bus, { applications });
    expect((await rows(bus))[2]).toMatchObject({ quotas: { topics: 5 } });
  });

  it('are removed with what is no longer declared either', async () => {
    const bus = await testBus();
    await putApplication(bus.tools, admin, 'other', {});
    await declareBus(bus, { applications, topics: { orders: { owner: 'web-shop' } } });
    await declareBus(bus, {});
    expect((await rows(bus)).map(({ application }) => application)).toEqual(['other']);
  });

  it('stay, as all else does, while they own what stays', async () => {
    const bus = await testBus();
    await declareBus(bus, { applications, topics: { orders: { owner: 'shop' } } });
    await putTopic(bus.tools, admin, 'own', { owner: 'web-shop' });
    await expect(declareBus(bus, {})).rejects.toMatchObject({
      code: 'in_use',
      message: expect.stringContaining(
        'web-shop is no longer declared, but still owns the topics own. Delete these, give them to another owner, or declare web-shop again.',
      ),
    });
    expect((await names(bus)).topics).toEqual(['orders', 'own']);
    expect(await rows(bus)).toHaveLength(2);
  });

  it('are checked when the stack is synthesized, and the parents that it does not declare when it is deployed', async () => {
    for (const [wrong, path] of [
      [{ 'busbar-x': {} }, 'applications.busbar-x'],
      [{ shop: { parent: 'shop' } }, 'applications.shop.parent'],
      [{ a: { parent: 'b' }, b: { parent: 'c' }, c: {} }, 'applications.a.parent'],
      [{ a: { quotas: { topics: -1 } } }, 'applications.a.quotas.topics'],
    ] as const)
      expect(() => defineBus({ applications: wrong })).toThrow(
        expect.objectContaining({ code: 'invalid_request', fields: [expect.objectContaining({ path })] }),
      );
    const bus = await testBus();
    await expect(declareBus(bus, { applications: { a: { parent: 'b' } } })).rejects.toMatchObject({
      code: 'unknown_application',
    });
    await putApplication(bus.tools, admin, 'b', {});
    await declareBus(bus, { applications: { a: { parent: 'b' } } });
    expect((await rows(bus)).map(({ application }) => application)).toEqual(['a', 'b']);
  });
});
