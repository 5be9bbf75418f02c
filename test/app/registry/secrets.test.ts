import { describe, expect, it } from 'vitest';
import { declare } from '../../../lib/app/declaration/declare.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { getReceiver } from '../../../lib/app/registry/flow.ts';
import { deleteReceiver } from '../../../lib/app/registry/receivers.ts';
import { verify } from '../../../lib/client/index.ts';
import type { HttpRequest } from '../../../lib/runtime/http/http.ts';
import { admin, member, shorthand, type TestBus, testBus } from '../bus.ts';
import { putReceiver, rotateSecret } from '../calls.ts';

const endpoint = 'https://shop.example.com/events';
const day = 24 * 3600;
const secretOf = (byte: number) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`;
const first = secretOf(1);

async function busWithReceiver(): Promise<TestBus> {
  const bus = await testBus();
  await bus.receiver('shop');
  bus.endpoint(endpoint, () => 204);
  return bus;
}

const rotate = (bus: TestBus, body: object, tools = bus.tools) => rotateSecret(tools, admin, 'shop', body);

/** One delivery by an instance that remembers nothing, or by the given one. */
async function delivered(bus: TestBus, tools = bus.newTools()): Promise<HttpRequest> {
  await publish(bus.tools, admin, { receiver: 'shop' }, shorthand({ type: 'a', data: {} }));
  await bus.runLane('shop', tools);
  const request = bus.requests.at(-1);
  if (request === undefined) throw new Error('Nothing was posted.');
  return request;
}

const signatures = (request: HttpRequest) => request.headers['webhook-signature']?.split(' ').length;

function proves(bus: TestBus, request: HttpRequest, secret: string): boolean {
  try {
    verify({ headers: request.headers, body: String(request.body), secret, now: bus.clock.now() });
    return true;
  } catch {
    return false;
  }
}

describe('a rotation', () => {
  it('signs by both secrets during the overlap, and by the new one alone afterwards', async () => {
    const bus = await busWithReceiver();
    const { secret = '', earlierSecrets } = await rotate(bus, { overlapSeconds: 60 });
    expect(secret).toMatch(/^whsec_/);
    expect(earlierSecrets).toEqual([{ until: '2026-01-01T00:01:00.000Z' }]);
    const instance = bus.newTools();
    const during = await delivered(bus, instance);
    expect(signatures(during)).toBe(2);
    expect([first, secret].map((each) => proves(bus, during, each))).toEqual([true, true]);
    await bus.clock.advance(59_999);
    expect(signatures(await delivered(bus, instance))).toBe(2);
    await bus.clock.advance(1);
    const after = await delivered(bus, instance);
    expect(signatures(after)).toBe(1);
    expect([first, secret].map((each) => proves(bus, after, each))).toEqual([false, true]);
  });

  it('shows the new secret once, and never the earlier one', async () => {
    const bus = await busWithReceiver();
    const answer = await rotate(bus, {});
    expect(JSON.stringify(answer)).not.toContain(first.slice(6));
    const shown = await getReceiver(bus.tools, admin, 'shop');
    expect(shown).not.toHaveProperty('secret');
    expect(shown.earlierSecrets).toEqual([{ until: '2026-01-02T00:00:00.000Z' }]);
    await bus.clock.advance(day * 1000);
    expect(await getReceiver(bus.tools, admin, 'shop')).not.toHaveProperty('earlierSecrets');
  });

  it('takes a given secret, and is done once when it is repeated', async () => {
    const bus = await busWithReceiver();
    expect((await rotate(bus, { secret: secretOf(2) })).secret).toBe(secretOf(2));
    const again = await rotate(bus, { secret: secretOf(2) });
    expect(again).not.toHaveProperty('secret');
    expect(again.earlierSecrets).toHaveLength(1);
    expect(signatures(await delivered(bus))).toBe(2);
  });

  it('without an overlap ends every earlier secret, and erases it', async () => {
    const bus = await busWithReceiver();
    await rotate(bus, { secret: secretOf(2) });
    expect(await bus.rows('secret#shop')).toHaveLength(1);
    await rotate(bus, { secret: secretOf(3), overlapSeconds: 0 });
    expect(await bus.rows('secret#shop')).toEqual([]);
    const request = await delivered(bus);
    expect([1, 2, 3].map((byte) => proves(bus, request, secretOf(byte)))).toEqual([false, false, true]);
  });

  it('leaves a consumer that knows the first secret its time, when the answer to the first call was lost', async () => {
    const bus = await busWithReceiver();
    await rotate(bus, {});
    const { secret = '' } = await rotate(bus, {});
    const request = await delivered(bus);
    expect(signatures(request)).toBe(3);
    expect([first, secret].map((each) => proves(bus, request, each))).toEqual([true, true]);
  });

  it('is kept in a row that expires by itself, with nothing of it in the row of the receiver', async () => {
    const bus = await busWithReceiver();
    await rotate(bus, { secret: secretOf(2), overlapSeconds: 60 });
    const receiver = await bus.newTools().registry.receiver('shop');
    expect(JSON.stringify(receiver)).not.toContain(first);
    const [named] = receiver?.earlierSecrets ?? [];
    if (named === undefined) throw new Error('No earlier secret is named.');
    expect(await bus.newTools().secrets.read('shop', [named])).toEqual([{ ...named, secret: first }]);
    await bus.clock.advance(60_000);
    expect(await bus.newTools().secrets.read('shop', [named])).toEqual([]);
  });

  it('costs a receiver that does not rotate no read, and one that does a read an instance', async () => {
    const bus = await busWithReceiver();
    const reads = () => bus.calls.filter((call) => call.startsWith('dynamodb.BatchGetItem')).length;
    const instance = bus.newTools();
    await delivered(bus, instance);
    const without = reads();
    await rotate(bus, {});
    await bus.clock.advance(5000);
    const before = reads();
    await delivered(bus, instance);
    await delivered(bus, instance);
    await delivered(bus, instance);
    expect(reads() - before).toBe(3 * without + 1);
  });

  it('counts an attempt when the earlier secret cannot be read, and delivers with the next', async () => {
    const bus = await busWithReceiver();
    await rotate(bus, {});
    await publish(bus.tools, admin, { receiver: 'shop' }, shorthand({ type: 'a', data: {} }));
    let fail = true;
    bus.intercept('dynamodb.BatchGetItem', (input, next) => {
      if (fail && JSON.stringify(input).includes('secret#shop')) throw new Error('the table is away');
      return next();
    });
    expect(await bus.runLane('shop', bus.newTools())).toEqual({ received: 1, kept: 1 });
    expect(bus.requests).toEqual([]);
    fail = false;
    await bus.clock.advance(10_000);
    expect(await bus.runLane('shop', bus.newTools())).toEqual({ received: 1, kept: 0 });
    expect(bus.requests[0]?.headers['busbar-attempt']).toBe('2');
  });

  it('that breaks off between its two writes changes nothing', async () => {
    const bus = await busWithReceiver();
    let writes = 0;
    bus.intercept('dynamodb.PutItem', (_, next) => {
      if (++writes === 2) throw new Error('the process died');
      return next();
    });
    await expect(rotate(bus, {})).rejects.toThrow('the process died');
    bus.restore('dynamodb.PutItem');
    const request = await delivered(bus);
    expect(signatures(request)).toBe(1);
    expect(proves(bus, request, first)).toBe(true);
  });

  it('twice at the same time leaves a signature by every secret that anybody knows', async () => {
    const bus = await busWithReceiver();
    let inner: { secret?: string } = {};
    let writes = 0;
    bus.intercept('dynamodb.PutItem', async (_, next) => {
      if (++writes === 2) {
        bus.restore('dynamodb.PutItem');
        inner = await rotate(bus, {}, bus.newTools());
      }
      return await next();
    });
    const outer = await rotate(bus, {});
    const request = await delivered(bus);
    expect(outer.secret).not.toBe(inner.secret);
    expect([first, inner.secret ?? '', outer.secret ?? ''].map((each) => proves(bus, request, each))).toEqual(
      [true, true, true],
    );
  });

  it('is for the owner, of a receiver that exists', async () => {
    const bus = await busWithReceiver();
    await expect(rotateSecret(bus.tools, member('crm'), 'shop', {})).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(rotateSecret(bus.tools, admin, 'nobody', {})).rejects.toMatchObject({
      code: 'unknown_receiver',
    });
    expect(await bus.rows('secret#')).toEqual([]);
    expect(await rotateSecret(bus.tools, member('shop'), 'shop', {})).toHaveProperty('secret');
  });
});

describe('an earlier secret', () => {
  it('is also left for a day by a put with another secret', async () => {
    const bus = await busWithReceiver();
    const { document } = await putReceiver(bus.tools, admin, 'shop', { endpoint, secret: secretOf(2) }, []);
    expect(document.secret).toBe(secretOf(2));
    await bus.clock.advance(day * 1000 - 1);
    expect(signatures(await delivered(bus))).toBe(2);
    await bus.clock.advance(1);
    expect(signatures(await delivered(bus))).toBe(1);
  });

  it('outlasts a change of the settings and a deployment', async () => {
    const bus = await busWithReceiver();
    await rotate(bus, {});
    await putReceiver(bus.tools, admin, 'shop', { endpoint, timeoutSeconds: 3 }, []);
    await declare(bus.tools, {
      applications: {},
      topics: {},
      receivers: { shop: { endpoint } },
      subscriptions: {},
    });
    const request = await delivered(bus);
    expect(proves(bus, request, first)).toBe(true);
  });

  it('goes with its receiver', async () => {
    const bus = await busWithReceiver();
    await rotate(bus, {});
    await deleteReceiver(bus.tools, admin, 'shop', true);
    expect(await bus.rows('secret#')).toEqual([]);
  });

  it('goes with a receiver that is declared no more', async () => {
    const bus = await busWithReceiver();
    await declare(bus.tools, {
      applications: {},
      topics: {},
      receivers: { shop: { endpoint } },
      subscriptions: {},
    });
    await rotate(bus, {});
    await declare(bus.tools, { applications: {}, topics: {}, receivers: {}, subscriptions: {} });
    expect(await bus.rows('secret#')).toEqual([]);
  });
});
