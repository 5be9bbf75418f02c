import { describe, expect, it } from 'vitest';
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
