import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AcceptanceBus, startBus } from './bus.ts';
import { type Sink, startSink } from './sink.ts';

let bus: AcceptanceBus;
const sinks: Sink[] = [];

beforeAll(async () => {
  bus = await startBus();
});

afterAll(async () => {
  await Promise.all(sinks.map((sink) => sink.close()));
  expect(await bus?.stop()).toBe(0);
});

async function sinkOf(status: () => number): Promise<Sink> {
  const sink = await startSink((_, response) => void response.writeHead(status()).end());
  sinks.push(sink);
  return sink;
}

const events = (count: number, prefix: string) =>
  Array.from({ length: count }, (_, at) => ({ type: 'test', id: `${prefix}-${at}`, data: {} }));
const breakerOf = async (receiver: string) =>
  (await bus.call('GET', `/v1/receivers/${receiver}`)).body.breaker;

describe('the breaker of a receiver', () => {
  it('opens when its endpoint fails, is shown, and stops deliveries', async () => {
    const sink = await sinkOf(() => 503);
    const settings = {
      endpoint: sink.url,
      breaker: { minimumAttempts: 5 },
      retry: { delaysSeconds: [3600] },
    };
    await bus.call('PUT', '/v1/receivers/failing', settings);
    expect(await breakerOf('failing')).toEqual({ minimumAttempts: 5, state: 'closed', forced: false });
    await bus.call('POST', '/v1/receivers/failing/events', events(10, 'first'));
    await expect
      .poll(() => breakerOf('failing'), { timeout: 10_000 })
      .toMatchObject({
        state: 'open',
        reason: expect.stringContaining('http-503'),
        since: expect.any(String),
        nextProbeAt: expect.any(String),
      });
    await sink.waitFor(10);
    const other = await sinkOf(() => 204);
    await bus.call('PUT', '/v1/receivers/well', { endpoint: other.url });
    await bus.call('POST', '/v1/receivers/failing/events', events(10, 'second'));
    await bus.call('POST', '/v1/receivers/well/events', events(10, 'second'));
    await other.waitFor(10);
    expect(sink.arrivals).toHaveLength(10);
  });

  it('can be forced open and made automatic again', async () => {
    const sink = await sinkOf(() => 204);
    await bus.call('PUT', '/v1/receivers/forced', { endpoint: sink.url });
    const opened = await bus.call('POST', '/v1/receivers/forced/breaker', { state: 'open' });
    expect(opened).toMatchObject({ status: 200, body: { state: 'open', forced: true } });
    await bus.call('POST', '/v1/receivers/forced/events', events(1, 'waits'));
    await bus.call('POST', '/v1/receivers/forced/breaker', { state: 'auto' });
    await sink.waitFor(1, ({ body }) => body.includes('waits-0'));
    expect(await breakerOf('forced')).toMatchObject({ forced: false });
  });

  it('refuses an unknown state', async () => {
    const sink = await sinkOf(() => 204);
    await bus.call('PUT', '/v1/receivers/strict', { endpoint: sink.url });
    const refused = await bus.call('POST', '/v1/receivers/strict/breaker', { state: 'ajar' });
    expect(refused).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
    expect(refused.body.errors[0].path).toBe('state');
  });
});
