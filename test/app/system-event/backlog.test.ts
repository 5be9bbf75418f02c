import { describe, expect, it } from 'vitest';
import { pauseReceiver, resumeReceiver } from '../../../lib/app/registry/flow.ts';
import { sweepBacklogs, watchBacklog } from '../../../lib/app/system-event/backlog.ts';
import { member } from '../bus.ts';
import { alertsBus, breakDown, urlOf } from './alerts-bus.ts';

/** A bus with a receiver whose endpoint fails one event, which is tried again every four minutes. */
async function withBacklog() {
  const bus = await alertsBus();
  await bus.receiver('shop', { retry: { delaysSeconds: Array.from({ length: 20 }, () => 240) } });
  await bus.listener('alerts', member('shop'), { type: [{ prefix: 'busbar.backlog.' }] });
  await bus.listener('alerts-of-other', member('other'));
  await breakDown(bus, 'shop', ['late']);
  return {
    ...bus,
    async minutes(count: number) {
      for (let minute = 0; minute < count; minute++) {
        await bus.clock.advance(60_000);
        await bus.runLane('shop');
        await sweepBacklogs(bus.newTools());
        await bus.relay();
      }
    },
    typesOf: async (receiver: string) => (await bus.told(receiver)).map(({ type }) => type),
  };
}

describe('a backlog', () => {
  it('is high once an event has waited for 15 minutes, whatever was attempted, and normal when it is gone', async () => {
    const bus = await withBacklog();
    await bus.minutes(14);
    expect(await bus.typesOf('alerts')).toEqual([]);
    await bus.minutes(20);
    expect(await bus.typesOf('alerts')).toEqual(['busbar.backlog.high']);
    bus.endpoint(urlOf('shop'), () => 204);
    await bus.minutes(10);
    expect(await bus.told('alerts')).toMatchObject([
      { type: 'busbar.backlog.high', subject: 'receivers/shop', data: { receiver: 'shop' } },
      { type: 'busbar.backlog.normal', subject: 'receivers/shop', data: { receiver: 'shop' } },
    ]);
    expect(await bus.typesOf('alerts-of-other')).toEqual([]);
    expect(await bus.tools.highBacklogs.all()).toEqual([]);
  });

  it('of events that all go through costs no call at AWS', async () => {
    const bus = await alertsBus();
    await bus.receiver('shop');
    let calls = 0;
    const highBacklogs = { ...bus.tools.highBacklogs, find: async () => void calls++ };
    await breakDown(
      { ...bus, newTools: () => ({ ...bus.newTools(), highBacklogs }) } as never,
      'shop',
      ['a'],
      204,
    );
    expect(calls).toBe(0);
  });

  it('stays high while its receiver is paused, and is forgotten with it', async () => {
    const bus = await withBacklog();
    await bus.minutes(20);
    await pauseReceiver(bus.tools, member('shop'), 'shop');
    await bus.minutes(30);
    expect(await bus.typesOf('alerts')).toEqual(['busbar.backlog.high']);
    await resumeReceiver(bus.tools, member('shop'), 'shop');
    await bus.minutes(10);
    expect(await bus.typesOf('alerts')).toEqual(['busbar.backlog.high']);
    await bus.tools.registry.changeReceiver('shop', (was) => ({ ...was, incarnation: 'another' }) as never);
    await sweepBacklogs(bus.newTools());
    expect(await bus.tools.highBacklogs.all()).toEqual([]);
    expect(await bus.typesOf('alerts')).toEqual(['busbar.backlog.high']);
  });

  it('that two instances see at once is told once', async () => {
    const bus = await withBacklog();
    await bus.clock.advance(16 * 60_000);
    const [one, other] = [bus.newTools(), bus.newTools()];
    const seen = {
      message: { sentAtMs: bus.clock.now() - 1_000_000, attributes: {}, receives: 3 },
      done: false,
    };
    const receiver = await bus.tools.registry.receiver('shop');
    const settled = { receiver, isParked: false, decisions: [{ ...seen, hideSeconds: 240 }] } as never;
    await Promise.all([watchBacklog(one, settled), watchBacklog(other, settled)]);
    await bus.relay();
    expect(await bus.typesOf('alerts')).toEqual(['busbar.backlog.high']);
  });
});
