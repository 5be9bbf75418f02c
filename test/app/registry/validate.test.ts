import { ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import { ListSchedulesCommand } from '@aws-sdk/client-scheduler';
import { describe, expect, it } from 'vitest';
import { declare } from '../../../lib/app/declaration/declare.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { pauseReceiver, resumeReceiver } from '../../../lib/app/registry/flow.ts';
import { deleteReceiver } from '../../../lib/app/registry/receivers.ts';
import { continueValidation } from '../../../lib/app/registry/validate.ts';
import { validateReceiver } from '../../../lib/app/registry/validate-by-hand.ts';
import { takeCallback } from '../../../lib/app/registry/validation-callback.ts';
import { defineBus } from '../../../lib/connectors/declaration.ts';
import { queueArn } from '../../../lib/core/kernel/place.ts';
import type { HttpRequest } from '../../../lib/runtime/http/http.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { admin, answer, member, shorthand, type TestBus, testBus } from '../bus.ts';
import { putReceiver } from '../calls.ts';

const endpoint = 'https://shop.example.com/events?a=b';
const minute = 60_000;
const hour = 60 * minute;

const agrees = { 'webhook-allowed-origin': 'bus.example.com', 'webhook-allowed-rate': '120' };
const put = (bus: TestBus, body: object = {}, tools = bus.tools) =>
  putReceiver(tools, admin, 'shop', { endpoint, validate: 'handshake', ...body }, []);
const invoke = (bus: TestBus, ...ids: string[]) =>
  publish(bus.tools, admin, { receiver: 'shop' }, shorthand(ids.map((id) => ({ type: 'a', id, data: {} }))));
const asks = (bus: TestBus) => bus.requests.filter(({ method }) => method === 'OPTIONS');
const posts = (bus: TestBus) => bus.requests.filter(({ method }) => method === 'POST');
const validationOf = async (bus: TestBus) => (await bus.tools.registry.receiver('shop'))?.validation;
const stateOf = async (bus: TestBus) => (await validationOf(bus))?.state;
const lane = (bus: TestBus) => bus.count(bus.urlOf('shop', 'online'));
const receives = (bus: TestBus) =>
  bus.calls.filter((call) => call === 'sqs.ReceiveMessage busbar-shop-online').length;
const mappingState = async (bus: TestBus) => {
  const { EventSourceMappings = [] } = await bus.lambda.send(
    new ListEventSourceMappingsCommand({ EventSourceArn: queueArn(bus.config, 'shop', 'online') }),
  );
  return EventSourceMappings[0]?.State;
};
const schedules = async (bus: TestBus) => {
  const { Schedules = [] } = await bus.scheduler.send(new ListSchedulesCommand({ GroupName: 'busbar' }));
  return Schedules.map(({ Name }) => Name);
};
const tokenOf = (request: HttpRequest | undefined) =>
  new URL(request?.headers['webhook-request-callback'] ?? '').searchParams.get('token') ?? '';

/** Answers validation requests as told, and takes every event. */
async function busWith(agreement: Parameters<typeof tell>[1]): Promise<TestBus> {
  const bus = await testBus();
  tell(bus, agreement);
  return bus;
}
const tell = (bus: TestBus, next: (request: HttpRequest) => ReturnType<typeof answer>) =>
  bus.endpoint(endpoint, (request) => (request.method === 'OPTIONS' ? next(request) : 204));

describe('a receiver without a handshake', () => {
  it('is never asked, and gets its events at once', async () => {
    const bus = await busWith(() => answer(405));
    const { document } = await putReceiver(bus.tools, admin, 'shop', { endpoint }, []);
    expect(document).not.toHaveProperty('validation');
    await invoke(bus, 'e-1');
    await bus.runLane('shop');
    expect(asks(bus)).toEqual([]);
    expect(posts(bus)).toHaveLength(1);
    expect(posts(bus)[0]?.headers).not.toHaveProperty('webhook-request-origin');
  });
});

describe('an endpoint that agrees', () => {
  it('is asked when it is registered, at its very URL, and gets its events with the origin that it agreed to', async () => {
    const bus = await busWith(() => answer(200, agrees));
    const { document } = await put(bus, {
      limits: { perSecond: 5 },
      headers: { authorization: 'Bearer abc' },
    });
    expect(document.validation).toEqual({
      state: 'granted',
      at: new Date(bus.clock.now()).toISOString(),
      allowedRatePerMinute: 120,
    });
    expect(asks(bus)).toEqual([
      {
        method: 'OPTIONS',
        url: endpoint,
        timeoutMs: 8000,
        headers: {
          authorization: 'Bearer abc',
          'user-agent': 'busbar/1',
          'webhook-request-origin': 'bus.example.com',
          'webhook-request-rate': '300',
          'webhook-request-callback': expect.stringMatching(
            /^https:\/\/api\.example\.com\/v1\/receivers\/shop\/validation\?token=[\w-]{43}$/,
          ),
        },
      },
    ]);
    expect(await schedules(bus)).toEqual([]);
    await invoke(bus, 'e-1');
    await bus.runLane('shop');
    expect(posts(bus)[0]?.headers).toMatchObject({ 'webhook-request-origin': 'bus.example.com' });
    expect((await lane(bus)).ready + (await lane(bus)).inFlight).toBe(0);
  });

  it('is sent no more a minute than it allows', async () => {
    const bus = await testBus();
    const sentAtMs: number[] = [];
    bus.endpoint(endpoint, ({ method }) => {
      if (method === 'OPTIONS') return answer(200, { ...agrees, 'webhook-allowed-rate': '30' });
      sentAtMs.push(bus.clock.now());
      return 204;
    });
    await put(bus, { limits: { perSecond: 100 } });
    await invoke(bus, ...Array.from({ length: 20 }, (_, index) => `e-${index}`));
    bus.run();
    for (let seconds = 0; seconds < 90; seconds++) await bus.clock.advance(1000);
    expect(sentAtMs).toHaveLength(20);
    const pausesMs = sentAtMs.slice(1).map((atMs, index) => atMs - (sentAtMs[index] ?? 0));
    expect(Math.min(...pausesMs)).toBeGreaterThanOrEqual(1900);
  });

  it('is not asked again by a change of other settings', async () => {
    const bus = await busWith(() => answer(200, agrees));
    await put(bus);
    const { document } = await put(bus, { timeoutSeconds: 5 });
    expect(document.validation).toMatchObject({ state: 'granted', allowedRatePerMinute: 120 });
    expect(asks(bus)).toHaveLength(1);
  });

  it('says nothing for the next one: a changed endpoint is asked, and gets nothing before it agrees', async () => {
    const bus = await busWith(() => answer(200, agrees));
    await put(bus);
    const next = 'https://next.example.com/';
    bus.endpoint(next, ({ method }) => (method === 'OPTIONS' ? answer(200) : 204));
    const { document } = await put(bus, { endpoint: next });
    expect(document.validation).toMatchObject({ state: 'pending' });
    await invoke(bus, 'e-1');
    bus.run();
    await bus.clock.advance(hour);
    expect(posts(bus)).toEqual([]);
  });
});

describe('an endpoint that has not agreed', () => {
  it('gets nothing; its events wait without being received, spend no attempt, and arrive when it agrees', async () => {
    const bus = await busWith(() => answer(405));
    bus.run();
    const { document } = await put(bus);
    expect(document.validation).toMatchObject({
      state: 'pending',
      asks: 1,
      nextAskAt: new Date(bus.clock.now() + 2 * minute).toISOString(),
      detail: expect.stringContaining('answered 405 to OPTIONS'),
    });
    expect(document.validation).not.toHaveProperty('tokenHashes');
    await invoke(bus, 'e-1', 'e-2');
    await bus.clock.advance(2 * hour);
    expect(await mappingState(bus)).toBe('Disabled');
    expect(posts(bus)).toEqual([]);
    expect(receives(bus)).toBe(0);
    expect((await lane(bus)).ready).toBe(2);
    // At 0, 2, 6, 14, 30 and 62 minutes: whoever does not expect us is not pestered.
    expect(asks(bus).length).toBeLessThanOrEqual(6);

    tell(bus, () => answer(200, agrees));
    await bus.clock.advance(hour);
    expect(await stateOf(bus)).toBe('granted');
    expect(posts(bus)).toHaveLength(2);
    expect(posts(bus).map(({ headers }) => headers['busbar-attempt'])).toEqual(['1', '1']);
    expect(await schedules(bus)).toEqual([]);
  });

  it('is given up after three days, and keeps its events; asked by hand, it may agree after all', async () => {
    const bus = await busWith(() => answer(200));
    await put(bus);
    await invoke(bus, 'e-1');
    for (let hours = 0; hours < 80; hours += 2) {
      await bus.clock.advance(2 * hour);
      await continueValidation(bus.tools, 'shop');
    }
    expect(await validationOf(bus)).toMatchObject({
      state: 'refused',
      detail: expect.stringContaining('did not agree within 3 days'),
    });
    expect(await schedules(bus)).toEqual([]);
    expect(asks(bus).length).toBeLessThan(25);
    expect((await lane(bus)).ready).toBe(1);

    bus.run();
    tell(bus, () => answer(200, agrees));
    const shown = await validateReceiver(bus.tools, admin, 'shop');
    expect(shown.validation).toMatchObject({ state: 'granted' });
    await bus.clock.advance(2 * minute);
    expect(posts(bus)).toHaveLength(1);
  });

  it('holds back what is received all the same, and spends no attempt', async () => {
    const bus = await busWith(() => answer(200));
    await put(bus);
    await invoke(bus, 'e-1');
    expect(await bus.runLane('shop')).toEqual({ received: 1, kept: 1 });
    expect(await bus.runLane('shop')).toEqual({ received: 0, kept: 0 });
    expect(posts(bus)).toEqual([]);
    expect(await bus.rows('delivery#')).toEqual([]);
  });

  it('is not resumed by hand either: a pause that ends leaves it as it was', async () => {
    const bus = await busWith(() => answer(200));
    bus.run();
    await put(bus);
    await bus.clock.advance(minute);
    await pauseReceiver(bus.tools, admin, 'shop');
    await bus.clock.advance(minute);
    await resumeReceiver(bus.tools, admin, 'shop');
    await bus.clock.advance(minute);
    expect(await mappingState(bus)).toBe('Disabled');
  });

  it('that goes without a handshake from now on gets its events', async () => {
    const bus = await busWith(() => answer(200));
    bus.run();
    await put(bus);
    await invoke(bus, 'e-1');
    await bus.clock.advance(minute);
    await putReceiver(bus.tools, admin, 'shop', { endpoint, validate: 'none' }, []);
    await bus.clock.advance(5 * minute);
    expect(posts(bus)).toHaveLength(1);
    expect(await schedules(bus)).toEqual([]);
  });

  it('is not asked any more when its receiver is deleted', async () => {
    const bus = await busWith(() => answer(200));
    bus.run();
    await put(bus);
    await bus.clock.advance(minute);
    await deleteReceiver(bus.tools, admin, 'shop', false);
    await bus.clock.advance(hour);
    expect(await schedules(bus)).toEqual([]);
    expect(asks(bus)).toHaveLength(1);
  });
});

describe('an endpoint that refuses', () => {
  it('gets nothing, and is not asked again by itself', async () => {
    const bus = await busWith(() => answer(200, { 'webhook-allowed-origin': 'other.example.com' }));
    bus.run();
    const { document } = await put(bus);
    expect(document.validation).toMatchObject({
      state: 'refused',
      detail: 'The endpoint allows other.example.com and not bus.example.com, which is this bus.',
    });
    await invoke(bus, 'e-1');
    await bus.clock.advance(hour);
    expect(asks(bus)).toHaveLength(1);
    expect(posts(bus)).toEqual([]);
    expect(await schedules(bus)).toEqual([]);
  });

  it('after it agreed gets nothing more', async () => {
    const bus = await busWith(() => answer(200, agrees));
    bus.run();
    await put(bus);
    await bus.clock.advance(minute);
    tell(bus, () => answer(200, { 'webhook-allowed-origin': 'other.example.com' }));
    await validateReceiver(bus.tools, admin, 'shop');
    await bus.clock.advance(minute);
    await invoke(bus, 'e-1');
    await bus.clock.advance(hour);
    expect(posts(bus)).toEqual([]);
  });

  it('differs from one that is only down: the grant and its rate stay', async () => {
    const bus = await busWith(() => answer(200, agrees));
    await put(bus);
    tell(bus, () => answer(503));
    const shown = await validateReceiver(bus.tools, admin, 'shop');
    expect(shown.validation).toMatchObject({ state: 'granted', allowedRatePerMinute: 120 });
    // It has nothing to agree to, and so no URL to do it by.
    expect(asks(bus)[1]?.headers).not.toHaveProperty('webhook-request-callback');
  });
});

describe('the callback', () => {
  it('grants later, at the rate that it names, and lets the events go', async () => {
    const bus = await busWith(() => answer(202));
    bus.run();
    await put(bus);
    await invoke(bus, 'e-1');
    await bus.clock.advance(hour);
    const token = tokenOf(asks(bus)[0]);
    expect(await takeCallback(bus.tools, 'shop', token, '60')).toEqual({
      receiver: 'shop',
      state: 'granted',
    });
    await bus.clock.advance(2 * minute);
    expect(posts(bus)).toHaveLength(1);
    expect(await validationOf(bus)).toMatchObject({ state: 'granted', allowedRatePerMinute: 60 });
    expect(await schedules(bus)).toEqual([]);
    expect(bus.lines.join()).not.toContain(token);
  });

  it('may come before the answer to the request', async () => {
    const bus = await testBus();
    bus.endpoint(endpoint, async (request) => {
      if (request.method !== 'OPTIONS') return 204;
      await takeCallback(bus.tools, 'shop', tokenOf(request), undefined);
      return answer(202);
    });
    bus.run();
    const { document } = await put(bus);
    expect(document.validation).toMatchObject({ state: 'granted' });
    await invoke(bus, 'e-1');
    await bus.clock.advance(minute);
    expect(posts(bus)).toHaveLength(1);
  });

  it('may be repeated, since its answer may have been lost', async () => {
    const bus = await busWith(() => answer(202));
    await put(bus);
    const token = tokenOf(asks(bus)[0]);
    for (const rate of ['60', '9999']) await takeCallback(bus.tools, 'shop', token, rate);
    expect(await validationOf(bus)).toMatchObject({ state: 'granted', allowedRatePerMinute: 60 });
  });

  it.each([
    ['another token', 'shop', 'x'.repeat(43)],
    ['no token', 'shop', ''],
    ['another receiver', 'nobody', 'x'],
  ])('with %s is answered as if nothing were there', async (_, receiver, token) => {
    const bus = await busWith(() => answer(202));
    await put(bus);
    await expect(takeCallback(bus.tools, receiver, token, undefined)).rejects.toMatchObject({
      code: 'unknown_validation',
    });
    expect(await stateOf(bus)).toBe('pending');
  });

  it('with a rate that is none grants nothing', async () => {
    const bus = await busWith(() => answer(202));
    await put(bus);
    await expect(takeCallback(bus.tools, 'shop', tokenOf(asks(bus)[0]), '0')).rejects.toMatchObject({
      code: 'invalid_request',
    });
    expect(await stateOf(bus)).toBe('pending');
  });

  it('of an endpoint that the receiver has no more grants nothing to the next one', async () => {
    const bus = await busWith(() => answer(202));
    await put(bus);
    const token = tokenOf(asks(bus)[0]);
    await put(bus, { endpoint: 'https://next.example.com/' });
    await expect(takeCallback(bus.tools, 'shop', token, undefined)).rejects.toMatchObject({
      code: 'unknown_validation',
    });
  });
});

describe('what breaks off', () => {
  it('before the endpoint was asked is made up for by the schedule', async () => {
    const bus = await busWith(() => answer(200, agrees));
    bus.run();
    const http = {
      send: async () => {
        throw new Error('The process died.');
      },
    };
    await expect(put(bus, {}, { ...bus.tools, http })).rejects.toThrow('died');
    await bus.tools.provision.putReceiver('shop', (await bus.tools.registry.receiver('shop')) ?? {});
    await invoke(bus, 'e-1');
    await bus.clock.advance(5 * minute);
    expect(await stateOf(bus)).toBe('granted');
    expect(posts(bus)).toHaveLength(1);
  });

  it('between the agreement and the start of polling is put right by the schedule', async () => {
    const bus = await busWith(() => answer(202));
    bus.run();
    await put(bus);
    await invoke(bus, 'e-1');
    await bus.clock.advance(minute);
    bus.intercept('lambda.UpdateEventSourceMapping', () => {
      throw new AwsError('ServiceException', 'Not now.');
    });
    await expect(takeCallback(bus.tools, 'shop', tokenOf(asks(bus)[0]), undefined)).rejects.toThrow(
      'Not now.',
    );
    expect(await stateOf(bus)).toBe('granted');
    expect(await schedules(bus)).toEqual(['validate-shop']);
    bus.restore('lambda.UpdateEventSourceMapping');
    await bus.clock.advance(5 * minute);
    expect(posts(bus)).toHaveLength(1);
    expect(await schedules(bus)).toEqual([]);
  });

  it('while AWS carries out an earlier change is put right by the schedule, and the callback is answered', async () => {
    const bus = await busWith(() => answer(202));
    bus.run();
    await put(bus);
    await invoke(bus, 'e-1');
    await bus.clock.advance(minute);
    bus.intercept('lambda.UpdateEventSourceMapping', () => {
      throw new AwsError('ResourceInUseException', 'Not now.');
    });
    const callback = takeCallback(bus.tools, 'shop', tokenOf(asks(bus)[0]), undefined);
    await bus.clock.advance(30_000);
    expect(await callback).toEqual({ receiver: 'shop', state: 'granted' });
    expect(await schedules(bus)).toEqual(['validate-shop']);
    bus.restore('lambda.UpdateEventSourceMapping');
    await bus.clock.advance(5 * minute);
    expect(posts(bus)).toHaveLength(1);
    expect(await schedules(bus)).toEqual([]);
  });

  it('because the schedule finds nothing to do while the receiver is written leaves it a schedule', async () => {
    const bus = await busWith(() => answer(202));
    // The schedule runs between its making and the write of the receiver, and ends itself.
    const tools = {
      ...bus.tools,
      validations: {
        ...bus.tools.validations,
        async start(name: string) {
          await bus.tools.validations.start(name);
          if ((await bus.tools.registry.receiver(name)) === undefined)
            await continueValidation(bus.tools, name);
        },
      },
    };
    await put(bus, {}, tools);
    expect(await schedules(bus)).toEqual(['validate-shop']);
  });

  it('because another endpoint was put meanwhile grants that one nothing', async () => {
    const bus = await testBus();
    const next = 'https://next.example.com/';
    bus.endpoint(endpoint, async ({ method }) => {
      if (method !== 'OPTIONS') return 204;
      await put(bus, { endpoint: next });
      return answer(200, agrees);
    });
    bus.endpoint(next, () => answer(405));
    await put(bus);
    const receiver = await bus.tools.registry.receiver('shop');
    expect(receiver).toMatchObject({ endpoint: next, validation: { state: 'pending', endpoint: next } });
    expect(await mappingState(bus)).toBe('Disabled');
  });
});

describe('an operator who demands the handshake', () => {
  const demanding = (bus: TestBus) => ({ ...bus.tools, validate: 'handshake' as const });

  it('has every receiver asked that says nothing', async () => {
    const bus = await busWith(() => answer(200, agrees));
    const { document } = await putReceiver(demanding(bus), member('shop'), 'shop', { endpoint }, []);
    expect(document).toMatchObject({ validate: 'handshake', validation: { state: 'granted' } });
  });

  it('is the only one who may waive it', async () => {
    const bus = await busWith(() => answer(405));
    const body = { endpoint, validate: 'none' };
    await expect(putReceiver(demanding(bus), member('shop'), 'shop', body, [])).rejects.toMatchObject({
      code: 'forbidden',
      fields: [{ path: 'validate', detail: expect.stringContaining('have an admin put the receiver') }],
    });
    const { document } = await putReceiver(demanding(bus), admin, 'shop', body, []);
    expect(document).not.toHaveProperty('validation');
    expect(asks(bus)).toEqual([]);
  });
});

describe('a declared receiver', () => {
  it('is asked within minutes of the deployment, and again after the next one only when its endpoint changed', async () => {
    const bus = await busWith(() => answer(200, agrees));
    bus.run();
    const declaration = defineBus({ receivers: { shop: { endpoint, validate: 'handshake' } } });
    await bus.tools.provision.putReceiver('shop', { validate: 'handshake' });
    await bus.clock.advance(minute);
    await declare(bus.tools, declaration);
    await invoke(bus, 'e-1');
    expect(await mappingState(bus)).toBe('Disabled');
    await bus.clock.advance(5 * minute);
    expect(await stateOf(bus)).toBe('granted');
    expect(posts(bus)).toHaveLength(1);
    expect(await schedules(bus)).toEqual([]);
    await declare(bus.tools, declaration);
    await bus.clock.advance(5 * minute);
    expect(asks(bus)).toHaveLength(1);
    expect(await mappingState(bus)).toBe('Enabled');
  });
});

it('A receiver that needs no agreement is not asked by hand either, and says how it would be', async () => {
  const bus = await busWith(() => answer(200, agrees));
  await putReceiver(bus.tools, admin, 'shop', { endpoint }, []);
  await expect(validateReceiver(bus.tools, admin, 'shop')).rejects.toMatchObject({
    code: 'invalid_request',
    message: expect.stringContaining('Put the receiver with validate: handshake'),
  });
  expect(asks(bus)).toEqual([]);
});
