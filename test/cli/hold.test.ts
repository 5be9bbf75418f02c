import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { scriptedBus } from './scripted-bus.ts';

let bus: Awaited<ReturnType<typeof scriptedBus>>;
beforeEach(async () => {
  bus = await scriptedBus();
});
afterEach(() => bus.close());

const busbar = (...args: string[]) => bus.run(...args);
const calls = () => bus.requests.map(({ call, body }) => `${call} ${body}`.trim());

describe('topics', () => {
  it('are put on hold and released, and say how many events they hold', async () => {
    bus.answerWith(
      { state: 'holding', held: 0 },
      { state: 'releasing', held: 1 },
      { state: 'holding', held: 3 },
    );
    expect((await busbar('topics', 'hold', 'orders', '--reason', 'peak')).stdout).toBe(
      'Topic orders is on hold; 0 events are held.\n',
    );
    expect((await busbar('topics', 'release', 'orders', '--per-second', '2.5')).stdout).toBe(
      'Topic orders is being released; 1 event is held.\n',
    );
    expect((await busbar('topics', 'hold', 'orders', '--status')).stdout).toContain('held');
    expect(calls()).toEqual([
      'PUT /v1/topics/orders/hold {"reason":"peak"}',
      'DELETE /v1/topics/orders/hold?perSecond=2.5',
      'GET /v1/topics/orders/hold',
    ]);
  });

  it('list, show, send and drop single held events', async () => {
    const event = { id: '3-1', eventId: 'e1', type: 'order.placed', heldAt: '2026-01-01T00:00:00.000Z' };
    bus.answerWith({ events: [event] }, { ...event, event: { id: 'e1' } }, event);
    expect((await busbar('topics', 'held', 'list', 'orders', '--limit', '5')).stdout).toContain('e1');
    await busbar('topics', 'held', 'get', 'orders', '3-1');
    expect((await busbar('topics', 'held', 'send', 'orders', '3-1')).stdout).toBe(
      'Sent the held event 3-1.\n',
    );
    expect((await busbar('topics', 'held', 'drop', 'orders', '3-1')).stdout).toBe(
      'Dropped the held event 3-1.\n',
    );
    expect(calls()).toEqual([
      'GET /v1/topics/orders/held?limit=5',
      'GET /v1/topics/orders/held/3-1',
      'POST /v1/topics/orders/held/3-1/send',
      'DELETE /v1/topics/orders/held/3-1',
    ]);
    // Each command starts a process.
  }, 90_000);

  it('take a hold rule, and are deleted with their held events by --force', async () => {
    await busbar('topics', 'put', 'low', '--hold-when', '{"backlogEvents":10}');
    bus.answerWith({ subscriptions: [] });
    await busbar('topics', 'delete', 'low', '--force');
    expect(calls()).toEqual([
      'PUT /v1/topics/low {"holdWhen":{"backlogEvents":10}}',
      'GET /v1/topics/low/subscriptions?limit=1000',
      'DELETE /v1/topics/low?force=true',
    ]);
  });
});
