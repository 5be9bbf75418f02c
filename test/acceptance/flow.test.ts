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

async function receiver(name: string): Promise<Sink> {
  const sink = await startSink();
  sinks.push(sink);
  await bus.call('PUT', `/v1/receivers/${name}`, { endpoint: sink.url });
  return sink;
}

const invoke = (name: string, id: string) =>
  bus.call('POST', `/v1/receivers/${name}/events`, { type: 'test', id, data: {} });

describe('a receiver', () => {
  it('that is paused gets nothing until it is resumed, and then everything', async () => {
    const sink = await receiver('resting');
    const paused = await bus.call('POST', '/v1/receivers/resting/pause');
    expect(paused).toMatchObject({ status: 200, body: { receiver: 'resting', state: 'paused' } });
    expect(paused.body).not.toHaveProperty('secret');
    await invoke('resting', 'waits');
    // Another receiver gets a later event, so the bus has had enough time.
    const other = await receiver('awake');
    await invoke('awake', 'goes');
    await other.waitFor(1);
    expect(sink.arrivals).toEqual([]);
    await bus.call('PUT', '/v1/receivers/resting', { endpoint: sink.url });
    expect((await bus.call('GET', '/v1/receivers/resting')).body.state).toBe('paused');
    expect(await bus.call('POST', '/v1/receivers/resting/resume')).toMatchObject({
      status: 200,
      body: { state: 'active' },
    });
    const [arrival] = await sink.waitFor(1);
    expect(arrival?.headers['busbar-attempt']).toBe('1');
  });

  it('skips events from before a time, and counts them', async () => {
    const sink = await receiver('behind');
    await bus.call('POST', '/v1/receivers/behind/pause');
    await invoke('behind', 'old');
    const before = new Date().toISOString();
    const skipped = await bus.call('POST', '/v1/receivers/behind/skip', { before });
    expect(skipped).toMatchObject({ status: 200, body: { skip: { before, dropped: 0 } } });
    await invoke('behind', 'new');
    await bus.call('POST', '/v1/receivers/behind/resume');
    await sink.waitFor(1);
    await expect
      .poll(async () => (await bus.call('GET', '/v1/receivers/behind')).body.skip.dropped, {
        timeout: 15_000,
      })
      .toBe(1);
    expect(sink.arrivals.map(({ body }) => JSON.parse(body).id)).toEqual(['new']);
  });

  it('that does not exist is reported, and so is the path of an invalid time', async () => {
    for (const call of ['pause', 'resume']) {
      expect((await bus.call('POST', `/v1/receivers/nobody/${call}`)).body).toMatchObject({
        code: 'unknown_receiver',
      });
    }
    await receiver('exact');
    expect((await bus.call('POST', '/v1/receivers/exact/skip', { before: 'today' })).body).toMatchObject({
      code: 'invalid_request',
      errors: [{ path: 'before' }],
    });
  });
});
