import { afterEach, describe, expect, it } from 'vitest';
import { type AcceptanceBus, startBus, temporaryDirectory } from './bus.ts';
import { type Sink, startSink } from './sink.ts';

let bus: AcceptanceBus | undefined;
let sink: Sink | undefined;

afterEach(async () => {
  await sink?.close();
  await bus?.stop();
});

const idsOf = (arrived: Sink) => new Set(arrived.arrivals.map(({ body }) => String(JSON.parse(body).id)));

describe('kill -9', () => {
  it('loses no accepted event, even while a thousand are being accepted', async () => {
    const dataDirectory = temporaryDirectory();
    bus = await startBus({ dataDirectory });
    sink = await startSink();
    await bus.call('PUT', '/v1/topics/orders', {});
    await bus.call('PUT', '/v1/receivers/billing', {
      endpoint: sink.url,
      retry: { delaysSeconds: [1, 1, 1] },
    });
    await bus.call('PUT', '/v1/topics/orders/subscriptions/billing', {});

    const accepted = new Set<string>();
    let killing: Promise<void> | undefined;
    const running = bus;
    await Promise.all(
      Array.from({ length: 100 }, async (_, request) => {
        const events = Array.from({ length: 10 }, (_, n) => ({
          type: 'order.placed',
          id: `event-${request}-${n}`,
          data: { text: 'x'.repeat(1000) },
        }));
        let answer: Awaited<ReturnType<AcceptanceBus['call']>>;
        try {
          answer = await running.call('POST', '/v1/topics/orders/events', events);
        } catch (error) {
          // The connection broke with the process, so these events were not accepted.
          expect(killing, `before the kill: ${String(error)}`).toBeDefined();
          return;
        }
        for (const { id, status } of answer.body.events) if (status === 'accepted') accepted.add(id);
        // Kills the bus when some events are accepted and others are on their way.
        if (accepted.size >= 300) killing ??= running.kill();
      }),
    );
    await killing;
    expect(accepted.size).toBeGreaterThanOrEqual(300);

    bus = await startBus({ dataDirectory });
    const arrived = sink;
    await expect
      .poll(() => [...accepted].filter((id) => !idsOf(arrived).has(id)).length, {
        timeout: 60_000,
        interval: 100,
      })
      .toBe(0);
  }, 120_000);

  it('keeps the time at which a retry is due', async () => {
    const dataDirectory = temporaryDirectory();
    bus = await startBus({ dataDirectory });
    sink = await startSink((_, response, earlier) => response.writeHead(earlier === 0 ? 500 : 204).end());
    await bus.call('PUT', '/v1/receivers/billing', { endpoint: sink.url, retry: { delaysSeconds: [3] } });
    await bus.call('POST', '/v1/receivers/billing/events', { type: 'test', id: 'retried', data: {} });
    const [first] = await sink.waitFor(1);
    const running = bus;
    await expect
      .poll(async () => JSON.stringify((await running.call('GET', '/v1/events/retried')).body), {
        timeout: 20_000,
      })
      .toContain('"nextAttemptAt"');
    // The bus hides the message after it has recorded the attempt. Delivering another event gives it time for that.
    await bus.call('POST', '/v1/receivers/billing/events', { type: 'test', id: 'other', data: {} });
    await sink.waitFor(1, ({ body }) => JSON.parse(body).id === 'other');
    await bus.kill();
    bus = await startBus({ dataDirectory });
    const [, second] = await sink.waitFor(2, ({ body }) => JSON.parse(body).id === 'retried');
    expect(second?.headers['busbar-attempt']).toBe('2');
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(3000);
  }, 60_000);

  it('keeps topics, receivers, subscriptions, keys and delayed events', async () => {
    const dataDirectory = temporaryDirectory();
    bus = await startBus({ dataDirectory });
    sink = await startSink();
    await bus.call('PUT', '/v1/topics/orders', { description: 'kept' });
    await bus.call('PUT', '/v1/receivers/billing', { endpoint: sink.url });
    await bus.call('PUT', '/v1/topics/orders/subscriptions/billing', { filter: { type: ['kept'] } });
    await bus.call('POST', '/v1/topics/orders/events', {
      type: 'kept',
      id: 'later',
      data: {},
      delaySeconds: 4,
    });
    const { adminKey } = bus;
    await bus.kill();
    bus = await startBus({ dataDirectory });
    expect(bus.adminKey).toBe(adminKey);
    expect((await bus.call('GET', '/v1/topics/orders')).body).toMatchObject({ description: 'kept' });
    expect((await bus.call('GET', '/v1/topics/orders/subscriptions')).body.subscriptions).toMatchObject([
      { receiver: 'billing', filter: { type: ['kept'] } },
    ]);
    const [arrival] = await sink.waitFor(1);
    expect(JSON.parse(arrival?.body ?? '')).toMatchObject({ id: 'later' });
  }, 60_000);
});
