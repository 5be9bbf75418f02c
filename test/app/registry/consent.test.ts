import { describe, expect, it } from 'vitest';
import { declare } from '../../../lib/app/declaration/declare.ts';
import { checkTransaction } from '../../../lib/app/transaction/check-transaction.ts';
import { beginTransaction, getTransaction } from '../../../lib/app/transaction/transaction.ts';
import { defineBus } from '../../../lib/connectors/declaration.ts';
import { admin, answer, member, shorthand } from '../bus.ts';
import { putReceiver } from '../calls.ts';
import { transactionBus } from '../transaction/transaction-bus.ts';

const shop = member('shop');
const endpoint = 'https://shop.example.com/events';
const client = { clientId: 'bus', clientSecret: 'hunter2' };
const oauth2 = (tokenUrl: string) => ({ oauth2: { tokenUrl, ...client } });

/** A bus whose operator demands agreements; the endpoints of shop.example.com and bank.example.com agree. */
async function strictBus() {
  const bus = await transactionBus();
  for (const url of [endpoint, 'https://bank.example.com/events']) {
    bus.endpoint(url, ({ method }) =>
      method === 'OPTIONS' ? answer(200, { 'webhook-allowed-origin': '*' }) : 204,
    );
  }
  await bus.topic('orders');
  const demanding = { validate: 'handshake', trustedOrigins: ['https://login.example.com'] } as const;
  const tools = Object.assign(Object.create(bus.tools), demanding) as typeof bus.tools;
  return { ...bus, tools };
}
type StrictBus = Awaited<ReturnType<typeof strictBus>>;
const begin = (bus: StrictBus, checkUrl: string) =>
  beginTransaction(
    bus.tools,
    shop,
    shorthand({ events: [{ topic: 'orders', type: 'a', data: {} }], checkUrl }),
    [],
  );
const isRefused = {
  code: 'invalid_request',
  message: expect.stringContaining('where no endpoint has agreed'),
};

describe('where endpoints must agree, a tokenUrl', () => {
  it.each([
    ['at the origin of its endpoint', 'https://shop.example.com/token'],
    ['that the operator trusts', 'https://login.example.com/oauth2/token'],
  ])('may be one %s', async (_, tokenUrl) => {
    const bus = await strictBus();
    expect((await putReceiver(bus.tools, shop, 'shop', { endpoint, ...oauth2(tokenUrl) }, [])).created).toBe(
      true,
    );
  });

  it('may not be a stranger’s, nor that of an endpoint of another application', async () => {
    const bus = await strictBus();
    await putReceiver(bus.tools, member('bank'), 'bank', { endpoint: 'https://bank.example.com/events' }, []);
    for (const host of ['victim.example.com', 'bank.example.com', 'shop.example.com:8443']) {
      const body = { endpoint, ...oauth2(`https://${host}/token`) };
      await expect(putReceiver(bus.tools, shop, 'shop', body, [])).rejects.toMatchObject(isRefused);
      expect(await bus.tools.registry.receiver('shop')).toBeUndefined();
    }
    // An admin may waive it, as with the agreement of an endpoint.
    const body = { endpoint, ...oauth2('https://victim.example.com/token') };
    expect((await putReceiver(bus.tools, admin, 'other', body, [])).created).toBe(true);
  });

  it('may be that of another endpoint of the application, once it has agreed', async () => {
    const bus = await strictBus();
    bus.endpoint('https://id.example.com/events', () => 405);
    const body = { endpoint, ...oauth2('https://id.example.com/token') };
    const id = { endpoint: 'https://id.example.com/events' };
    await putReceiver(bus.tools, shop, 'id', id, []);
    await expect(putReceiver(bus.tools, shop, 'shop', body, [])).rejects.toMatchObject(isRefused);
    bus.endpoint(id.endpoint, () => answer(200, { 'webhook-allowed-origin': '*' }));
    await putReceiver(bus.tools, shop, 'id', id, []);
    expect((await putReceiver(bus.tools, shop, 'shop', body, [])).created).toBe(true);
  });
});

describe('where endpoints must agree, a checkUrl', () => {
  it('may be at the origin of an endpoint of the application that agreed, or one that the operator trusts', async () => {
    const bus = await strictBus();
    await expect(begin(bus, 'https://shop.example.com/check')).rejects.toMatchObject(isRefused);
    await putReceiver(bus.tools, shop, 'shop', { endpoint }, []);
    for (const checkUrl of ['https://shop.example.com/check', 'https://login.example.com/check']) {
      expect(await begin(bus, checkUrl)).toMatchObject({ state: 'half' });
    }
    for (const host of [
      'victim.example.com',
      'bank.example.com',
      'shop.example.com:8443',
      'login.example.com.evil.com',
    ]) {
      await expect(begin(bus, `https://${host}/check`)).rejects.toMatchObject({ code: 'invalid_request' });
    }
  });

  it('is not called after the agreement has ended', async () => {
    const bus = await strictBus();
    await putReceiver(bus.tools, shop, 'shop', { endpoint }, []);
    const { id } = await begin(bus, 'https://shop.example.com/check');
    await bus.tools.registry.changeReceiver('shop', (was) => {
      if (was === undefined) throw new Error('There is no receiver shop.');
      return { ...was, validation: { state: 'refused', at: '2026-01-01T00:00:00.000Z', endpoint } };
    });
    await bus.clock.advance(61_000);
    const asked = bus.requests.length;
    await checkTransaction(bus.tools, { transaction: id, sentAtMs: bus.clock.now() });
    expect(bus.requests).toHaveLength(asked);
    const shown = await getTransaction(bus.tools, shop, id);
    expect(shown.lastCheck?.outcome).toContain('no endpoint of the application agrees there');
  });
});

it('asks for no consent where endpoints need none', async () => {
  const bus = await transactionBus();
  await bus.topic('orders');
  const body = { endpoint, ...oauth2('https://victim.example.com/token') };
  expect((await putReceiver(bus.tools, shop, 'shop', body, [])).created).toBe(true);
});

describe('the bus itself', () => {
  const own = ['abc.execute-api.us-east-1.amazonaws.com', 'events.example.com'];

  it.each([
    'https://abc.execute-api.us-east-1.amazonaws.com/v1/topics/a/events',
    'https://ABC.execute-api.us-east-1.amazonaws.com./v1',
    'https://events.example.com:8443/v1',
    'https://EVENTS.example.com.:443/',
  ])('is no endpoint, tokenUrl or checkUrl, declared or not: %s', async (url) => {
    const bus = await transactionBus();
    await bus.topic('orders');
    const tools = Object.assign(Object.create(bus.tools), { ownHosts: own }) as typeof bus.tools;
    const refused = { code: 'invalid_request', message: expect.stringContaining('is the bus itself') };
    await expect(putReceiver(tools, shop, 'shop', { endpoint: url }, [])).rejects.toMatchObject(refused);
    const granted = { endpoint, ...oauth2(url) };
    await expect(putReceiver(tools, shop, 'shop', granted, [])).rejects.toMatchObject(refused);
    const events = [{ topic: 'orders', type: 'a', data: {} }];
    const begun = beginTransaction(tools, shop, shorthand({ events, checkUrl: url }), []);
    await expect(begun).rejects.toMatchObject(refused);
    const declaration = defineBus({ topics: {}, receivers: { shop: { endpoint: url } }, subscriptions: {} });
    await expect(declare(tools, declaration)).rejects.toMatchObject(refused);
  });
});
