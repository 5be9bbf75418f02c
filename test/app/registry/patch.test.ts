import { describe, expect, it } from 'vitest';
import { getTopicAndHold } from '../../../lib/app/hold/topic-and-hold.ts';
import { disabled } from '../../../lib/core/registry/flow.ts';
import { admin, member, testBus } from '../bus.ts';
import { patchReceiver, patchTopic, putReceiver, putTopic } from '../calls.ts';

const shop = member('shop');
const endpoint = 'https://shop.example.com/events';
const secret = `whsec_${Buffer.alloc(24, 3).toString('base64')}`;

describe('a patch of a topic', () => {
  it('changes the fields that it names, and a null removes one', async () => {
    const bus = await testBus();
    const schema = { type: 'object', properties: { a: { type: 'string' }, b: { type: 'string' } } };
    await putTopic(bus.tools, shop, 'orders', { description: 'x', schema, dedupSeconds: 60, trace: 'all' });
    const { document: patched } = await patchTopic(bus.tools, shop, 'orders', {
      dedupSeconds: null,
      description: 'y',
      schema: { properties: { b: null, c: { type: 'number' } } },
    });
    expect(patched).toMatchObject({
      description: 'y',
      trace: 'all',
      owner: 'shop',
      schema: { type: 'object', properties: { a: { type: 'string' }, c: { type: 'number' } } },
    });
    expect(patched).not.toHaveProperty('dedupSeconds');
    expect(patched).not.toHaveProperty('schema.properties.b');
    const { schemaVersions: _, ...shown } = patched;
    expect(await getTopicAndHold(bus.tools, 'orders')).toEqual(shown);
  });

  it('is refused as the whole would be, and then changes nothing', async () => {
    const bus = await testBus();
    await putTopic(bus.tools, shop, 'orders', { description: 'x', ordered: true });
    for (const [patch, refusal] of [
      [{ dedupSeconds: -1 }, { code: 'invalid_request', fields: [{ path: 'dedupSeconds' }] }],
      [{ colour: 'red' }, { code: 'invalid_request', fields: [{ path: 'colour' }] }],
      [{ topic: 'other' }, { code: 'invalid_request', fields: [{ path: 'topic' }] }],
      [{ ordered: null }, { code: 'order_fixed' }],
      [{ schema: { type: 'nonsense' } }, { code: 'invalid_schema' }],
      [{ owner: 'crm' }, { code: 'unknown_application' }],
    ] as const) {
      await expect(patchTopic(bus.tools, shop, 'orders', patch)).rejects.toMatchObject(refusal);
    }
    await expect(patchTopic(bus.tools, member('crm'), 'orders', {})).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(patchTopic(bus.tools, admin, 'none', {})).rejects.toMatchObject({ code: 'unknown_topic' });
    expect(await bus.tools.registry.topic('orders')).toMatchObject({ description: 'x', ordered: true });
  });

  it('keeps what another request writes at the same time', async () => {
    const bus = await testBus();
    await putTopic(bus.tools, shop, 'orders', {});
    await Promise.all([
      patchTopic(bus.tools, shop, 'orders', { description: 'y' }),
      patchTopic(bus.tools, shop, 'orders', { dedupSeconds: 60 }),
    ]);
    expect(await bus.tools.registry.topic('orders')).toMatchObject({ description: 'y', dedupSeconds: 60 });
  });
});

describe('a put', () => {
  it('replaces all settings, so that what it leaves out has its default', async () => {
    const bus = await testBus();
    await putTopic(bus.tools, shop, 'orders', { description: 'x', dedupSeconds: 60 });
    await putTopic(bus.tools, shop, 'orders', { dedupSeconds: 30 });
    expect(await bus.tools.registry.topic('orders')).not.toHaveProperty('description');
    await putReceiver(bus.tools, shop, 'shop', { endpoint, limits: { concurrency: 3 } }, []);
    await putReceiver(bus.tools, shop, 'shop', { endpoint }, []);
    expect(await bus.tools.registry.receiver('shop')).not.toHaveProperty('limits');
  });
});

describe('a patch of a receiver', () => {
  const settings = {
    endpoint,
    secret,
    limits: { concurrency: 3, perSecond: 10 },
    retry: { delaysSeconds: [1, 2], businessFailures: 'dead-letter' },
    headers: { 'x-key': 'hidden value', 'x-team': 'billing' },
    publicHeaders: ['x-team'],
    oauth2: { tokenUrl: 'https://shop.example.com/token', clientId: 'bus', clientSecret: 'hidden secret' },
  };

  it('leaves what it does not name, secrets and hidden values among it', async () => {
    const bus = await testBus();
    await putReceiver(bus.tools, shop, 'shop', settings, []);
    const shown = await patchReceiver(
      bus.tools,
      shop,
      'shop',
      { limits: { perSecond: null, perType: 2 }, retry: { businessFailures: null }, timeoutSeconds: 5 },
      [],
    );
    expect(shown).not.toHaveProperty('secret');
    expect(JSON.stringify(shown)).not.toMatch(/hidden (value|secret)/);
    const { updatedAt: _, createdAt: __, ...row } = (await bus.tools.registry.receiver('shop')) ?? {};
    expect(row).toEqual({
      receiver: 'shop',
      owner: 'shop',
      incarnation: expect.any(String),
      declared: false,
      state: 'active',
      ...settings,
      limits: { concurrency: 3, perType: 2 },
      retry: { delaysSeconds: [1, 2] },
      timeoutSeconds: 5,
    });
  });

  it('adds and removes single headers', async () => {
    const bus = await testBus();
    await putReceiver(bus.tools, shop, 'shop', settings, []);
    await patchReceiver(
      bus.tools,
      shop,
      'shop',
      { headers: { 'x-new': '1', 'x-team': null }, publicHeaders: null },
      [],
    );
    expect(await bus.tools.registry.receiver('shop')).toMatchObject({
      headers: { 'x-key': 'hidden value', 'x-new': '1' },
    });
  });

  it('shows a new secret once', async () => {
    const bus = await testBus();
    await putReceiver(bus.tools, shop, 'shop', settings, []);
    const other = `whsec_${Buffer.alloc(24, 4).toString('base64')}`;
    expect(await patchReceiver(bus.tools, shop, 'shop', { secret: other }, [])).toMatchObject({
      secret: other,
    });
    expect((await bus.tools.registry.receiver('shop'))?.earlierSecrets).toHaveLength(1);
  });

  it('keeps the routing key of PagerDuty within one origin, and never shows it', async () => {
    const bus = await testBus();
    const alerts = { endpoint, format: 'pagerduty', routingKey: 'hidden-key' } as const;
    await putReceiver(bus.tools, shop, 'shop', alerts as never, []);
    const shown = await patchReceiver(bus.tools, shop, 'shop', { timeoutSeconds: 5 }, []);
    expect(JSON.stringify(shown)).not.toContain('hidden-key');
    const again = await putReceiver(bus.tools, shop, 'shop', { endpoint, format: 'pagerduty' }, []);
    expect(JSON.stringify(again)).not.toContain('hidden-key');
    expect(await bus.tools.registry.receiver('shop')).toMatchObject({ routingKey: 'hidden-key' });

    const missing = { code: 'invalid_request', fields: [{ path: 'routingKey' }] };
    const elsewhere = { endpoint: 'https://other.example.com/events' };
    await expect(patchReceiver(bus.tools, shop, 'shop', elsewhere, [])).rejects.toMatchObject(missing);
    const unused = { format: 'slack', routingKey: 'hidden-key' };
    await expect(patchReceiver(bus.tools, shop, 'shop', unused, [])).rejects.toMatchObject(missing);
    await patchReceiver(bus.tools, shop, 'shop', { format: 'slack' }, []);
    expect(await bus.tools.registry.receiver('shop')).not.toHaveProperty('routingKey');
  });

  it('does not take hidden values to another origin, and moves along within one', async () => {
    const bus = await testBus();
    await putReceiver(bus.tools, shop, 'shop', settings, []);
    await patchReceiver(bus.tools, shop, 'shop', { endpoint: 'https://shop.example.com/v2' }, []);
    expect(await bus.tools.registry.receiver('shop')).toMatchObject({
      endpoint: 'https://shop.example.com/v2',
      headers: settings.headers,
      oauth2: settings.oauth2,
    });
    const moved = { endpoint: 'https://elsewhere.example.com/' };
    await expect(patchReceiver(bus.tools, shop, 'shop', moved, [])).rejects.toMatchObject({
      code: 'invalid_request',
      fields: [{ path: 'headers.x-key' }],
    });
    await patchReceiver(
      bus.tools,
      shop,
      'shop',
      { ...moved, headers: { 'x-key': 'a new one' }, oauth2: { clientSecret: 'a new one' } },
      [],
    );
    expect(await bus.tools.registry.receiver('shop')).toMatchObject({
      headers: { 'x-key': 'a new one', 'x-team': 'billing' },
      oauth2: { clientSecret: 'a new one' },
    });
  });

  it('leaves a disabled receiver disabled until its endpoint changes', async () => {
    const bus = await testBus();
    await putReceiver(bus.tools, shop, 'shop', { endpoint }, []);
    await bus.tools.registry.changeReceiver('shop', (was) => {
      if (was === undefined) throw new Error('There is no receiver.');
      return disabled(was, endpoint, 'It answered 410.');
    });
    await patchReceiver(bus.tools, shop, 'shop', { timeoutSeconds: 5 }, []);
    expect(await bus.tools.registry.receiver('shop')).toMatchObject({
      state: 'disabled',
      stateReason: 'It answered 410.',
    });
    await patchReceiver(bus.tools, shop, 'shop', { endpoint: 'https://shop.example.com/new' }, []);
    const after = await bus.tools.registry.receiver('shop');
    expect(after).toMatchObject({ state: 'active' });
    expect(after).not.toHaveProperty('stateReason');
  });

  it('keeps what another request writes at the same time', async () => {
    const bus = await testBus();
    await putReceiver(bus.tools, shop, 'shop', { endpoint }, []);
    await Promise.all([
      patchReceiver(bus.tools, shop, 'shop', { timeoutSeconds: 5 }, []),
      patchReceiver(bus.tools, shop, 'shop', { limits: { perSecond: 3 } }, []),
    ]);
    expect(await bus.tools.registry.receiver('shop')).toMatchObject({
      timeoutSeconds: 5,
      limits: { perSecond: 3 },
    });
  });

  it('is refused as the whole would be', async () => {
    const bus = await testBus();
    await putReceiver(bus.tools, shop, 'shop', settings, []);
    for (const [patch, refusal] of [
      [{ limits: { speed: 1 } }, { code: 'invalid_request', fields: [{ path: 'limits.speed' }] }],
      [{ endpoint: null }, { code: 'invalid_request', fields: [{ path: 'endpoint' }] }],
      [{ state: 'active' }, { code: 'invalid_request', fields: [{ path: 'state' }] }],
      [{ owner: 'crm' }, { code: 'unknown_application' }],
    ] as const) {
      await expect(patchReceiver(bus.tools, shop, 'shop', patch, [])).rejects.toMatchObject(refusal);
    }
    await expect(patchReceiver(bus.tools, member('crm'), 'shop', {}, [])).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(patchReceiver(bus.tools, shop, 'none', {}, [])).rejects.toMatchObject({
      code: 'unknown_receiver',
    });
  });
});
