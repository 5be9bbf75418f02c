import { ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import { SendMessageCommand, StartMessageMoveTaskCommand } from '@aws-sdk/client-sqs';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { deliver } from '../../../lib/app/deliver/deliver.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { deliveryIdOf } from '../../../lib/core/deliver/delivery.ts';
import { deliverSettleSeconds, retryDelaysSecondsDefault } from '../../../lib/core/deliver/limits.ts';
import type { HttpResult } from '../../../lib/core/kernel/http-result.ts';
import { bus as limits } from '../../../lib/core/kernel/limits.ts';
import { queueArn } from '../../../lib/core/kernel/place.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { admin, answer, shorthand, type TestBus, testBus } from '../bus.ts';
import { putReceiver } from '../calls.ts';

const url = 'https://shop.example.com/events';
const second = 1000;
const hour = 3600 * second;

async function busWithReceiver(fields: Parameters<TestBus['receiver']>[1] = {}): Promise<TestBus> {
  const bus = await testBus();
  await bus.receiver('shop', fields);
  return bus;
}

/** Sends events straight to the receiver. */
const invoke = (bus: TestBus, ...ids: string[]) =>
  publish(
    bus.tools,
    admin,
    { receiver: 'shop' },
    shorthand(ids.map((id) => ({ type: 'a', id, data: { id } }))),
  );

const deliveryId = (id: string) => deliveryIdOf({ source: '/applications/ops', id }, undefined, 'shop');
const recordOf = async (bus: TestBus, id: string) =>
  (await bus.tools.deliveries.find([deliveryId(id)])).get(deliveryId(id));
const deadLetters = async (bus: TestBus) => (await bus.count(bus.urlOf('shop', 'dead-letters'))).ready;
const lane = (bus: TestBus) => bus.count(bus.urlOf('shop', 'online'));
const ids = (bus: TestBus) => bus.requests.map(({ body }) => JSON.parse(String(body)).id);
const attempts = (bus: TestBus) => bus.requests.map(({ headers }) => Number(headers['busbar-attempt']));

/** Runs a lane while time passes, as it does when endpoints are slow. */
async function runSlowLane(bus: TestBus, withinMs: number) {
  let done: Awaited<ReturnType<TestBus['runLane']>> | undefined;
  const startedMs = bus.clock.now();
  const running = bus.runLane('shop').then((result) => {
    done = result;
  });
  await bus.clock.until(() => done !== undefined, withinMs);
  await running;
  return { ...done, tookMs: bus.clock.now() - startedMs };
}

describe('a delivery that succeeds', () => {
  it('leaves the queue, and no row behind', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, () => 204);
    await invoke(bus, '1', '2', '3');
    const before = bus.calls.length;
    expect(await bus.runLane('shop', bus.newTools())).toEqual({ received: 3, kept: 0 });
    expect(ids(bus).sort()).toEqual(['1', '2', '3']);
    expect(await bus.rows('delivery#')).toEqual([]);
    // The receiver, its breaker and its hot types, which a function then knows for some seconds.
    const reads = bus.calls.slice(before).filter((call) => /GetItem|BatchGetItem/.test(call));
    expect(reads).toHaveLength(3);
  });

  it('is signed with the secret of the receiver', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, () => 200);
    await invoke(bus, '1');
    await bus.runLane('shop');
    const [request] = bus.requests;
    const { secret } = (await bus.tools.registry.receiver('shop')) ?? { secret: '' };
    // The verifier has no clock of its own to hand in, and the test's stands still in 2026.
    const signed = `${request?.headers['webhook-id']}.${request?.headers['webhook-timestamp']}`;
    expect(signed).toBe(`${deliveryId('1')}.${Math.floor(bus.clock.now() / 1000)}`);
    expect(request?.headers['webhook-signature']).toBe(
      new Webhook(secret).sign(deliveryId('1'), new Date(bus.clock.now()), String(request?.body)),
    );
  });

  it('carries a span of its own in the trace of the event, and no trace that is none', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, () => 200);
    const given = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;
    const send = (traceparent: string) =>
      publish(
        bus.tools,
        admin,
        { receiver: 'shop' },
        {
          contentType: 'application/cloudevents+json',
          headers: {},
          body: Buffer.from(
            JSON.stringify({ specversion: '1.0', id: traceparent, source: '/s', type: 't', traceparent }),
          ),
        },
      );
    await send(given);
    await send('日本');
    await bus.runLane('shop');
    const traces = new Map(
      bus.requests.map(({ headers, body }) => [JSON.parse(String(body)).id, headers.traceparent]),
    );
    expect(traces.get(given)).toMatch(new RegExp(`^00-${'a'.repeat(32)}-(?!b{16})[0-9a-f]{16}-01$`));
    expect(traces.get('日本')).toBeUndefined();
  });
});

describe('a delivery that fails', () => {
  it('is hidden for the delay of its policy and tried again, counted', async () => {
    const bus = await busWithReceiver({ retry: { delaysSeconds: [60, 600] } });
    bus.endpoint(url, () => 500);
    await invoke(bus, '1');
    expect(await bus.runLane('shop')).toEqual({ received: 1, kept: 1 });
    expect(await recordOf(bus, '1')).toMatchObject({ state: 'retrying', attempts: 1, cause: 'http-500' });
    await bus.clock.advance(59 * second);
    expect(await bus.runLane('shop')).toMatchObject({ received: 0 });
    await bus.clock.advance(8 * second);
    expect(await bus.runLane('shop')).toMatchObject({ received: 1, kept: 1 });
    expect(attempts(bus)).toEqual([1, 2]);
  });

  it('does not take the rest of its batch along', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, ({ body }) => (String(body).includes('"id":"2"') ? 500 : 200));
    await invoke(bus, '1', '2', '3');
    expect(await bus.runLane('shop')).toEqual({ received: 3, kept: 1 });
  });

  it('is recorded as delivered once it succeeds, and a copy of it that is left is not sent again', async () => {
    const bus = await busWithReceiver({ retry: { delaysSeconds: [1] } });
    bus.endpoint(url, () => (bus.requests.length === 1 ? 500 : 200));
    await invoke(bus, '1');
    await bus.runLane('shop');
    await bus.clock.advance(2 * second);
    // The acknowledgement is lost: the message is received again later.
    const messages = await bus.receive(bus.urlOf('shop', 'online'));
    expect(await deliver(bus.tools, { receiver: 'shop', role: 'online', messages })).toEqual([]);
    expect(await recordOf(bus, '1')).toMatchObject({ state: 'delivered', attempts: 2 });
    await bus.clock.advance(limits.deliverTimeoutSeconds * 6 * second);
    expect(await bus.runLane('shop')).toEqual({ received: 1, kept: 0 });
    expect(bus.requests).toHaveLength(2);
  });

  it('obeys Retry-After', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, () => answer(503, { 'retry-after': '120' }));
    await invoke(bus, '1');
    await bus.runLane('shop');
    await bus.clock.advance(119 * second);
    expect(await bus.runLane('shop')).toMatchObject({ received: 0 });
    await bus.clock.advance(2 * second);
    expect(await bus.runLane('shop')).toMatchObject({ received: 1 });
  });

  it('waits for the rest of its delay when it comes back early, and spends no attempt', async () => {
    const bus = await busWithReceiver({ retry: { delaysSeconds: [3600] } });
    bus.endpoint(url, () => 500);
    await invoke(bus, '1');
    bus.intercept('sqs.ChangeMessageVisibilityBatch', () => {
      throw new AwsError('ServiceUnavailable', 'down', { status: 503 });
    });
    await bus.runLane('shop');
    bus.restore('sqs.ChangeMessageVisibilityBatch');
    await bus.clock.advance(limits.deliverTimeoutSeconds * 6 * second);
    expect(await bus.runLane('shop')).toEqual({ received: 1, kept: 1 });
    expect(bus.requests).toHaveLength(1);
    await bus.clock.advance(hour * 1.2);
    await bus.runLane('shop');
    expect(attempts(bus)).toEqual([1, 2]);
  });

  it('is tried again even when its attempt could not be recorded', async () => {
    const bus = await busWithReceiver({ retry: { delaysSeconds: [10] } });
    bus.endpoint(url, () => 500);
    await invoke(bus, '1');
    bus.intercept('dynamodb.BatchWriteItem', () => {
      throw new AwsError('InternalServerError', 'down', { status: 500 });
    });
    expect(await bus.runLane('shop')).toEqual({ received: 1, kept: 1 });
    bus.restore('dynamodb.BatchWriteItem');
    await bus.clock.advance(12 * second);
    await bus.runLane('shop');
    expect(attempts(bus)).toEqual([1, 1]);
  });
});

describe('by the default policy', () => {
  it('is attempted nine times, never early, and then a dead letter that explains itself', async () => {
    const bus = await busWithReceiver();
    const times: number[] = [];
    bus.endpoint(url, () => {
      times.push(bus.clock.now());
      return answer(500, {}, 'out of stock');
    });
    await invoke(bus, '1');
    bus.run();
    await bus.clock.until(() => times.length === 9, 48 * hour);
    await bus.clock.until(async () => (await deadLetters(bus)) === 1, second);

    expect(attempts(bus)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const waits = times.slice(1).map((at, index) => (at - (times[index] ?? 0)) / second);
    for (const [index, delay] of retryDelaysSecondsDefault.entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(delay);
      // A tenth of jitter, whole seconds of visibility, and the time until a poller looks.
      expect(waits[index]).toBeLessThan(delay * 1.1 + 22);
    }
    expect(new Set(bus.requests.map(({ headers }) => headers['webhook-id'])).size).toBe(1);

    const [letter] = await bus.receive(bus.urlOf('shop', 'dead-letters'));
    expect(JSON.parse(letter?.body ?? '')).toMatchObject({ id: '1', type: 'a' });
    expect(letter?.attributes).toMatchObject({
      'busbar-delivery-id': deliveryId('1'),
      'busbar-cause': 'http-500',
      'busbar-detail': 'out of stock',
      'busbar-attempts': '9',
    });
    expect(await lane(bus)).toEqual({ ready: 0, inFlight: 0, delayed: 0 });
    expect(await recordOf(bus, '1')).toMatchObject({ state: 'dead', attempts: 9 });
  });
});

describe('a dead letter', () => {
  const lastAttempt = { retry: { delaysSeconds: [] } };

  it('is stored before its message is acknowledged', async () => {
    const bus = await busWithReceiver(lastAttempt);
    bus.endpoint(url, () => 500);
    await invoke(bus, '1');
    bus.run();
    await bus.clock.until(
      async () => (await deadLetters(bus)) === 1 && (await lane(bus)).inFlight === 0,
      60 * second,
    );
    const stored = bus.calls.indexOf('sqs.SendMessageBatch busbar-shop-dead-letters');
    const acknowledged = bus.calls.findIndex((call) =>
      /^sqs\.DeleteMessage.* busbar-shop-online$/.test(call),
    );
    expect(stored).toBeGreaterThan(-1);
    expect(acknowledged).toBeGreaterThan(stored);
  });

  it('that cannot be stored leaves its message in the queue, and is not lost when it comes again', async () => {
    const bus = await busWithReceiver(lastAttempt);
    bus.endpoint(url, () => 500);
    await invoke(bus, '1');
    bus.intercept('sqs.SendMessageBatch', (input) => ({
      Successful: [],
      Failed: [input.Entries].flat().map((entry) => ({
        Id: (entry as { Id: string }).Id,
        Code: 'InternalError',
        SenderFault: false,
      })),
    }));
    expect(await bus.runLane('shop')).toEqual({ received: 1, kept: 1 });
    bus.restore('sqs.SendMessageBatch');
    expect(await deadLetters(bus)).toBe(0);
    expect(await recordOf(bus, '1')).toBeUndefined();
    await bus.clock.advance(limits.deliverTimeoutSeconds * 6 * second);
    expect(await bus.runLane('shop')).toEqual({ received: 1, kept: 0 });
    expect(await deadLetters(bus)).toBe(1);
  });

  it('that is put back is delivered, even if the first invocation that gets it breaks off', async () => {
    const bus = await busWithReceiver(lastAttempt);
    bus.endpoint(url, () => 500);
    await invoke(bus, '1');
    await bus.runLane('shop');
    bus.endpoint(url, () => 200);
    await bus.sqs.send(
      new StartMessageMoveTaskCommand({
        SourceArn: queueArn(bus.config, 'shop', 'dead-letters'),
        DestinationArn: queueArn(bus.config, 'shop', 'online'),
      }),
    );
    await bus.clock.until(async () => (await lane(bus)).ready === 1, 60 * second);
    await bus.receive(bus.urlOf('shop', 'online'));
    await bus.clock.advance(limits.deliverTimeoutSeconds * 6 * second);
    expect(await bus.runLane('shop')).toEqual({ received: 1, kept: 0 });
    expect(bus.requests).toHaveLength(2);
  });

  it.each([
    ['no JSON', 'hello'],
    ['no object', 'null'],
    ['no event', '{"id":"1","source":"/s"}'],
  ])('is made at once of a message that is %s', async (_, body) => {
    const bus = await busWithReceiver();
    bus.endpoint(url, () => 200);
    await bus.sqs.send(new SendMessageCommand({ QueueUrl: bus.urlOf('shop', 'online'), MessageBody: body }));
    await invoke(bus, '2');
    await bus.clock.advance(0);
    let received = 0;
    while (received < 2) received += (await bus.runLane('shop')).received;
    expect(ids(bus)).toEqual(['2']);
    const [letter] = await bus.receive(bus.urlOf('shop', 'dead-letters'));
    expect(letter?.body).toBe(body);
    expect(letter?.attributes).toMatchObject({ 'busbar-cause': 'malformed', 'busbar-attempts': '0' });
  });
});

describe('a fault of ours', () => {
  it('spends an attempt with its cause, and leaves the rest of the batch alone', async () => {
    const bus = await busWithReceiver({ retry: { delaysSeconds: [10] } });
    bus.endpoint(url, ({ body }) => {
      if (String(body).includes('"id":"2"')) throw new TypeError('a bug');
      return 200;
    });
    await invoke(bus, '1', '2', '3');
    expect(await bus.runLane('shop')).toEqual({ received: 3, kept: 1 });
    expect(await bus.rows('delivery#')).toHaveLength(1);
    expect(bus.lines.join()).toContain('a bug');
    bus.endpoint(url, () => 200);
    await bus.clock.advance(12 * second);
    await bus.runLane('shop');
    expect(bus.requests.at(-1)?.headers['busbar-attempt']).toBe('2');
  });

  it('keeps what is for a receiver that does not exist', async () => {
    const bus = await busWithReceiver();
    await invoke(bus, '1');
    await bus.tools.registry.deleteReceiver('shop');
    expect(await bus.runLane('shop')).toEqual({ received: 1, kept: 1 });
    expect(bus.requests).toEqual([]);
  });
});

describe('an endpoint that is gone (410)', () => {
  const mappingState = async (bus: TestBus) => {
    const { EventSourceMappings = [] } = await bus.lambda.send(
      new ListEventSourceMappingsCommand({ EventSourceArn: queueArn(bus.config, 'shop', 'online') }),
    );
    return EventSourceMappings[0]?.State;
  };

  it('disables its receiver and keeps the events, which are delivered when it is put again', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, () => 410);
    await invoke(bus, '1', '2');
    bus.run();
    await bus.clock.until(async () => (await mappingState(bus)) === 'Disabled', 600 * second);
    expect(await bus.tools.registry.receiver('shop')).toMatchObject({
      state: 'disabled',
      stateReason: expect.stringContaining('410'),
    });
    const asked = bus.requests.length;
    await bus.clock.advance(24 * hour);
    expect(bus.requests).toHaveLength(asked);
    expect(await deadLetters(bus)).toBe(0);

    bus.endpoint(url, () => 200);
    await putReceiver(bus.tools, admin, 'shop', { endpoint: url }, []);
    await bus.clock.until(async () => {
      const { ready, inFlight } = await lane(bus);
      return ready + inFlight === 0;
    }, hour);
    expect(ids(bus).slice(asked).sort()).toEqual(['1', '2']);
  });

  it('lets what its batch delivered stay delivered, even when it cannot be disabled', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, ({ body }) => (String(body).includes('"id":"2"') ? 410 : 200));
    bus.intercept('lambda.UpdateEventSourceMapping', () => {
      throw new AwsError('TooManyRequestsException', 'slow down', { status: 429 });
    });
    await invoke(bus, '1', '2');
    expect(await bus.runLane('shop')).toEqual({ received: 2, kept: 1 });
    expect(bus.lines.join()).toContain('could not be disabled');
  });

  it('does not disable a receiver that has another endpoint by now', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, async () => {
      await putReceiver(bus.newTools(), admin, 'shop', { endpoint: 'https://new.example.com/' }, []);
      return 410;
    });
    await invoke(bus, '1');
    await bus.runLane('shop');
    expect(await bus.tools.registry.receiver('shop')).toMatchObject({
      state: 'active',
      endpoint: 'https://new.example.com/',
    });
  });

  it('parks what is still received of a disabled receiver', async () => {
    const bus = await busWithReceiver({ state: 'disabled' });
    await invoke(bus, '1');
    expect(await bus.runLane('shop')).toEqual({ received: 1, kept: 1 });
    expect(bus.requests).toEqual([]);
    expect(await lane(bus)).toMatchObject({ inFlight: 1 });
  });
});

describe('a slow endpoint', () => {
  const slow = (bus: TestBus, afterMs: number, outcome: HttpResult) => () =>
    new Promise<HttpResult>((resolve) => bus.clock.setTimer(afterMs, () => resolve(outcome)));
  const timeout: HttpResult = {
    kind: 'failure',
    failure: 'timeout',
    message: 'No response within 15 s.',
  };

  it('gets a batch in parallel', async () => {
    const bus = await busWithReceiver();
    bus.endpoint(url, slow(bus, 15 * second, timeout));
    await invoke(bus, ...Array.from({ length: 10 }, (_, at) => String(at)));
    const { received, kept, tookMs } = await runSlowLane(bus, 60 * second);
    expect({ received, kept }).toEqual({ received: 10, kept: 10 });
    expect(tookMs).toBe(15 * second);
  });

  it('gets no more at once than its receiver allows', async () => {
    const bus = await busWithReceiver({ limits: { concurrency: 8 } });
    let running = 0;
    let most = 0;
    bus.endpoint(url, async () => {
      most = Math.max(most, ++running);
      await slow(bus, second, timeout)();
      running--;
      return 200;
    });
    await invoke(bus, ...Array.from({ length: 10 }, (_, at) => String(at)));
    await runSlowLane(bus, 60 * second);
    // Two batches may run at once, so that each has half.
    expect(most).toBe(4);
    expect(bus.requests).toHaveLength(10);
  });

  it('never makes the function outlast its time: what was not begun is for the next batch, and spends nothing', async () => {
    const bus = await busWithReceiver({ limits: { concurrency: 2 } });
    bus.endpoint(url, slow(bus, 15 * second, timeout));
    await invoke(bus, ...Array.from({ length: 10 }, (_, at) => String(at)));
    const { kept, tookMs } = await runSlowLane(bus, 200 * second);
    expect(kept).toBe(10);
    expect(tookMs).toBeLessThanOrEqual((limits.deliverTimeoutSeconds - deliverSettleSeconds) * second);
    expect(bus.requests).toHaveLength(3);
    expect(await bus.rows('delivery#')).toHaveLength(3);
    expect((await lane(bus)).ready).toBe(7);
  });
});
