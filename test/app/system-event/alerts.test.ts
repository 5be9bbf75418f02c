import { describe, expect, it } from 'vitest';
import { makeKey } from '../../../lib/app/access/keys.ts';
import { resumeReceiver } from '../../../lib/app/registry/flow.ts';
import { testAlerts } from '../../../lib/app/system-event/test-alerts.ts';
import {
  type SystemEventName,
  systemEventNames,
  systemEventTypes,
} from '../../../lib/core/system-event/types.ts';
import { AwsError } from '../../../lib/stand-in/engines/engine.ts';
import { admin, member } from '../bus.ts';
import { alertsBus, breakDown, urlOf } from './alerts-bus.ts';

const ids = Array.from({ length: 10 }, (_, at) => `event-${at}`);

describe('a breaker that opens', () => {
  it('is told to receivers of its owner and of an admin, and to nobody else', async () => {
    const bus = await alertsBus();
    await bus.receiver('shop');
    await bus.listener('alerts-of-shop', member('shop'));
    await bus.listener('alerts-of-other', member('other'));
    await bus.listener('alerts-of-ops', admin);
    await breakDown(bus, 'shop', ids);
    await bus.relay();

    const event = { type: 'busbar.breaker.opened', subject: 'receivers/shop', data: { receiver: 'shop' } };
    expect(await bus.told('alerts-of-shop')).toMatchObject([event]);
    expect(await bus.told('alerts-of-ops')).toMatchObject([event]);
    expect(await bus.told('alerts-of-other')).toEqual([]);
  });

  it('is told once, and told again when it is closed', async () => {
    const bus = await alertsBus();
    await bus.receiver('shop');
    await bus.listener('alerts', member('shop'));
    await breakDown(bus, 'shop', ids);
    await bus.relay();
    await bus.relay();
    bus.endpoint(urlOf('shop'), () => 204);
    for (let round = 0; round < 20; round++) {
      await bus.clock.advance(60_000);
      await bus.runLane('shop', bus.newTools());
      await bus.relay();
    }
    const told = await bus.told('alerts');
    expect(told.map(({ type }) => type)).toEqual(['busbar.breaker.opened', 'busbar.breaker.closed']);
  });
});

describe('a test of alerts', () => {
  it('sends one event of each type, which all say so, to receivers of the caller alone', async () => {
    const bus = await alertsBus();
    await bus.listener('alerts', member('shop'));
    await bus.listener('alerts-of-other', member('other'));
    await bus.listener('alerts-of-ops', admin);
    const events = systemEventNames.length;
    const all = { receivers: [{ receiver: 'alerts', events }] };
    expect(await testAlerts(bus.tools, member('shop'), {})).toEqual(all);
    expect(await testAlerts(bus.tools, member('shop'), { receiver: 'alerts' })).toEqual(all);
    await bus.relay();
    await bus.relay();
    const told = await bus.told('alerts');
    expect(told.map(({ type }) => type).sort()).toEqual([...systemEventNames].sort());
    for (const { type, data, ...event } of told) {
      expect(event).toMatchObject({ busbartest: true, busbarrecipient: 'shop' });
      expect(systemEventTypes[type as SystemEventName].data.safeParse(data).success, type).toBe(true);
    }
    expect(await bus.told('alerts-of-other')).toEqual([]);
    expect(await bus.told('alerts-of-ops')).toEqual([]);
    await expect(testAlerts(bus.tools, member('other'), { receiver: 'alerts' })).rejects.toMatchObject({
      code: 'forbidden',
    });
    await expect(testAlerts(bus.tools, member('third'), {})).rejects.toMatchObject({
      code: 'unknown_subscription',
    });
  });

  it('is sent at most once a minute', async () => {
    const bus = await alertsBus();
    await bus.listener('alerts', member('shop'), { type: ['busbar.breaker.opened'] });
    for (let round = 0; round < 3; round++) {
      await testAlerts(bus.tools, member('shop'), {});
      await bus.relay();
    }
    expect(await bus.told('alerts')).toHaveLength(1);
    await bus.clock.advance(60_000);
    await bus.relay();
    expect(await bus.told('alerts')).toHaveLength(2);
  });
});

describe('system events', () => {
  it('of dead letters are counted, and at most one a minute is sent', async () => {
    const bus = await alertsBus();
    await bus.receiver('shop', { retry: { delaysSeconds: [] }, breaker: { minimumAttempts: 1000 } });
    await bus.listener('alerts', member('shop'));
    await breakDown(bus, 'shop', ids.slice(0, 3));
    await bus.relay();
    await breakDown(bus, 'shop', ids.slice(3, 5));
    await breakDown(bus, 'shop', ids.slice(5, 9));
    await bus.relay();
    const first = { receiver: 'shop', count: 3, causes: { 'http-500': 3 } };
    expect(await bus.told('alerts')).toMatchObject([{ type: 'busbar.dead-letters', data: first }]);

    await bus.clock.advance(60_000);
    expect(await bus.sweep()).toEqual({ woken: 1 });
    await bus.relay();
    await bus.relay();
    const second = { receiver: 'shop', count: 6, causes: { 'http-500': 6 } };
    expect(await bus.told('alerts')).toMatchObject([{ data: first }, { data: second }]);
  });

  it('tell the end of an endpoint that is gone, and its return', async () => {
    const bus = await alertsBus();
    await bus.receiver('shop');
    await bus.listener('alerts', member('shop'));
    await breakDown(bus, 'shop', ids.slice(0, 1), 410);
    await bus.relay();
    await resumeReceiver(bus.tools, member('shop'), 'shop');
    await bus.relay();
    const told = await bus.told('alerts');
    expect(told.map(({ type }) => type)).toEqual(['busbar.receiver.disabled', 'busbar.receiver.enabled']);
  });

  it('reach the parent of the application that they are about, as it is now', async () => {
    const bus = await alertsBus();
    await bus.tools.applications.change([
      { was: undefined, now: { application: 'shop', parent: 'group', createdAt: '', updatedAt: '' } },
    ]);
    await bus.receiver('shop');
    await bus.listener('alerts', member('group'));
    await breakDown(bus, 'shop', ids);
    await bus.relay();
    expect(await bus.told('alerts')).toMatchObject([{ subject: 'receivers/shop' }]);
  });

  it('are withheld from a receiver that got another owner while they waited', async () => {
    const bus = await alertsBus();
    await bus.receiver('shop');
    await bus.listener('alerts', member('shop'));
    await breakDown(bus, 'shop', ids);
    await bus.relay();
    await bus.tools.registry.changeReceiver('alerts', (was) => ({ ...was, owner: 'other' }) as never);
    await bus.clock.advance(10_000);
    expect(await bus.told('alerts')).toEqual([]);
  });

  it('are not sent about a name that another application has by now', async () => {
    const bus = await alertsBus();
    await bus.receiver('shop');
    await bus.listener('alerts-of-shop', member('shop'));
    await bus.listener('alerts-of-other', member('other'));
    await breakDown(bus, 'shop', ids);
    await bus.tools.registry.changeReceiver('shop', (was) => ({ ...was, owner: 'other' }) as never);
    await bus.relay();
    expect(await bus.told('alerts-of-shop')).toEqual([]);
    expect(await bus.told('alerts-of-other')).toEqual([]);
  });

  it('cause no further ones, whatever becomes of their delivery', async () => {
    const bus = await alertsBus();
    await bus.receiver('shop');
    await bus.listener('alerts', member('shop'));
    await bus.tools.registry.changeReceiver(
      'alerts',
      (was) => ({ ...was, breaker: { minimumAttempts: 1 }, retry: { delaysSeconds: [] } }) as never,
    );
    bus.endpoint(urlOf('alerts'), () => 500);
    await breakDown(bus, 'shop', ids);
    await bus.relay();
    await bus.runLane('alerts', bus.newTools());
    expect(await bus.tools.breakers.read('alerts')).toMatchObject({ kind: 'open', isQuiet: true });
    const waiting = (await bus.tools.systemEvents.all()).filter(({ waits }) => waits);
    expect(waiting).toEqual([]);
  });

  it('are sent by the sweep when the stream lost them', async () => {
    const bus = await alertsBus();
    await bus.receiver('shop');
    await bus.listener('alerts', member('shop'));
    await breakDown(bus, 'shop', ids);
    expect(await bus.sweep()).toEqual({ woken: 0 });
    await bus.clock.advance(30_000);
    expect(await bus.sweep()).toEqual({ woken: 1 });
  });

  it('keep their id when the relay dies after sending them', async () => {
    const bus = await alertsBus();
    await bus.receiver('shop');
    await bus.listener('alerts', member('shop'));
    await breakDown(bus, 'shop', ids);
    bus.intercept('dynamodb.UpdateItem', () => {
      throw new AwsError('InternalServerError', 'the relay died', { status: 500 });
    });
    await expect(bus.relay()).rejects.toThrow('the relay died');
    bus.restore('dynamodb.UpdateItem');
    await bus.relay();
    const told = await bus.told('alerts');
    expect(told).toHaveLength(2);
    expect(new Set(told.map(({ id }) => id)).size).toBe(1);
  });

  it('of a key come a week before it expires, unless it was revoked', async () => {
    const bus = await alertsBus();
    await bus.listener('alerts', member('shop'));
    const expiresAt = new Date(bus.clock.now() + 8 * 24 * 3_600_000).toISOString();
    const made = [];
    for (const name of ['ci', 'gone']) {
      made.push(await makeKey(bus.tools, { application: 'shop', role: 'member', name, expiresAt }));
    }
    const gone = await bus.tools.keys.find(made[1]?.key ?? '');
    await bus.tools.keys.delete(gone?.record ?? { hash: '', application: '' });
    await bus.sweep();
    await bus.relay();
    expect(await bus.told('alerts')).toEqual([]);
    await bus.clock.advance(25 * 3_600_000);
    await bus.sweep();
    await bus.relay();
    const data = { application: 'shop', name: 'ci', expiresAt };
    expect(await bus.told('alerts')).toMatchObject([{ type: 'busbar.key.expiring', data }]);
  });
});
