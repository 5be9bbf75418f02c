import { describe, expect, it } from 'vitest';
import { showCatalogTopic } from '../../../lib/app/catalog/catalog.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { createRequest, decideRequest } from '../../../lib/app/request/requests.ts';
import type { MakeTopics } from '../../../lib/core/access/topic-access.ts';
import { admin, member, shorthand, testBus } from '../bus.ts';
import { patchTopic, putTopic } from '../calls.ts';

const shop = member('shop');
const old = { type: 'object', required: ['n'], properties: { n: { type: 'number' } } };
const stricter = { ...old, properties: { n: { type: 'number', maximum: 10 } } };

/** A topic with two events, of which the stricter schema refuses one. */
async function publishedBus() {
  const bus = await testBus();
  await putTopic(bus.tools, shop, 'orders', { schema: old });
  const events = [
    { id: 'large', type: 'a', source: '/s', data: { n: 12_345 } },
    { id: 'small', type: 'a', source: '/s', data: { n: 1 } },
  ];
  await publish(bus.tools, shop, { topic: 'orders' }, shorthand(events));
  return bus;
}

describe('a change of the schema', () => {
  it('that would refuse events which are accepted now is refused, with these', async () => {
    const bus = await publishedBus();
    for (const change of [putTopic, patchTopic])
      await expect(change(bus.tools, shop, 'orders', { schema: stricter })).rejects.toMatchObject({
        code: 'schema_breaks',
        message: expect.stringContaining('?force=true'),
        members: {
          breaking: {
            events: 2,
            refused: 1,
            samples: [
              {
                id: 'large',
                source: '/s',
                type: 'a',
                publishedAt: expect.stringMatching(/^2026-/),
                errors: [{ path: 'data.n', detail: expect.any(String) }],
              },
            ],
          },
        },
      });
    expect((await bus.tools.registry.topic('orders'))?.schema).toEqual(old);
  });

  it('goes through by force, and then no more events are in its way', async () => {
    const bus = await publishedBus();
    await putTopic(bus.tools, shop, 'orders', { schema: stricter }, true);
    expect((await bus.tools.registry.topic('orders'))?.schema).toEqual(stricter);
    await patchTopic(bus.tools, shop, 'orders', { schema: { properties: { n: { maximum: 9 } } } });
    await patchTopic(bus.tools, shop, 'orders', { description: 'Orders' });
  });

  it('goes through where every event stays accepted, and where nothing is checked any more', async () => {
    const bus = await publishedBus();
    await putTopic(bus.tools, shop, 'orders', { schema: { ...old, required: [] } });
    await putTopic(bus.tools, shop, 'orders', {});
    // A first schema is a change as well: everything was accepted.
    await expect(putTopic(bus.tools, shop, 'orders', { schema: stricter })).rejects.toMatchObject({
      code: 'schema_breaks',
    });
  });
});

describe('a bus on which topics are requested', () => {
  async function asking() {
    const bus = await testBus();
    await bus.tools.applications.ensure('shop');
    const makeTopics: MakeTopics = 'request';
    return { bus, tools: { ...bus.tools, makeTopics } };
  }
  const asked = { kind: 'topic', topic: 'orders', spec: { schema: old }, reason: 'For the shop.' } as const;

  it('refuses the new topic of a member and says how to ask; changes of its own are its own', async () => {
    const { tools } = await asking();
    await expect(putTopic(tools, shop, 'orders', {})).rejects.toMatchObject({
      code: 'forbidden',
      message: expect.stringContaining('POST /v1/requests {"kind": "topic", "topic": "orders"'),
    });
    expect(await tools.registry.topic('orders')).toBeUndefined();

    const { id } = await createRequest(tools, shop, asked);
    expect(await tools.registry.topic('orders')).toBeUndefined();
    await expect(decideRequest(tools, shop, id, 'approve', undefined)).rejects.toMatchObject({
      code: 'forbidden',
    });
    await decideRequest(tools, admin, id, 'approve', undefined);
    expect(await tools.registry.topic('orders')).toMatchObject({ owner: 'shop', schema: old });
    await putTopic(tools, shop, 'orders', { description: 'Orders' });
    await putTopic(tools, admin, 'of-the-operator', {});
  });

  it('refuses to be asked for a reserved name', async () => {
    const { tools } = await asking();
    await expect(createRequest(tools, shop, { ...asked, topic: 'busbar-orders' })).rejects.toMatchObject({
      code: 'forbidden',
    });
  });

  it('grants quotas that were asked for when an admin approves', async () => {
    const { tools } = await asking();
    const { id } = await createRequest(tools, shop, { kind: 'quotas', quotas: { topics: 7 } });
    expect((await tools.applications.find('shop'))?.quotas).toBeUndefined();
    await expect(decideRequest(tools, shop, id, 'approve', undefined)).rejects.toMatchObject({
      code: 'forbidden',
    });
    await decideRequest(tools, admin, id, 'approve', 'Granted.');
    expect((await tools.applications.find('shop'))?.quotas).toEqual({ topics: 7 });
  });
});

describe('the catalogue', () => {
  it('shows a topic with the versions of its schema and an example of each', async () => {
    const bus = await testBus();
    await putTopic(bus.tools, shop, 'orders', {});
    expect(await showCatalogTopic(bus.tools, 'orders')).toEqual({
      topic: 'orders',
      owner: 'shop',
      access: { publish: 'owner', subscribe: 'request' },
      types: [],
      versions: [],
    });
    await putTopic(bus.tools, shop, 'orders', { schema: old });
    await bus.clock.advance(60_000);
    await putTopic(bus.tools, shop, 'orders', { schema: stricter, description: 'Orders' });
    await putTopic(bus.tools, shop, 'orders', { schema: stricter });
    await publish(bus.tools, shop, { topic: 'orders' }, shorthand({ type: 'order.placed', data: { n: 2 } }));

    const shown = await showCatalogTopic(bus.newTools(), 'orders');
    expect(shown).toMatchObject({
      schemaVersion: 2,
      schema: stricter,
      example: { type: 'order.placed', data: { n: 1 } },
      versions: [{ version: 2 }, { version: 1, since: '2026-01-01T00:00:00.000Z' }],
    });
    expect(await showCatalogTopic(bus.tools, 'orders', 1)).toMatchObject({ schemaVersion: 2, schema: old });
    await expect(showCatalogTopic(bus.tools, 'orders', 3)).rejects.toMatchObject({
      code: 'unknown_schema_version',
    });
    await expect(showCatalogTopic(bus.tools, 'none')).rejects.toMatchObject({ code: 'unknown_topic' });
  });

  it('remembers ten versions, and that there was no schema', async () => {
    const bus = await testBus();
    for (let n = 1; n <= 12; n++) await putTopic(bus.tools, shop, 'orders', { schema: { maximum: n } }, true);
    await putTopic(bus.tools, shop, 'orders', {}, true);
    const { versions, schema } = await showCatalogTopic(bus.tools, 'orders');
    expect(schema).toBeUndefined();
    expect(versions.map(({ version }) => version)).toEqual([13, 12, 11, 10, 9, 8, 7, 6, 5, 4]);
    expect((await showCatalogTopic(bus.tools, 'orders', 13)).schema).toBeUndefined();
    expect((await showCatalogTopic(bus.tools, 'orders', 12)).schema).toEqual({ maximum: 12 });
  });

  it('shows no example where none can be made that conforms', async () => {
    const bus = await testBus();
    await putTopic(bus.tools, shop, 'orders', { schema: { type: 'string', pattern: '^[0-9]{4}$' } });
    expect(await showCatalogTopic(bus.tools, 'orders')).not.toHaveProperty('example');
  });
});
