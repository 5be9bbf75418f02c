import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AcceptanceBus, type Answer, type Call, startBus } from './bus.ts';
import { type Arrival, type Sink, startSink } from './sink.ts';

/** An owner, a team that asks, an outsider and an admin: what is asked for, approved, revoked and dropped. */

let bus: AcceptanceBus;
let sink: Sink;
let admin: Call;
let owner: Call;
let team: Call;
let outsider: Call;
let isFailing = false;

async function keyOf(application: string): Promise<Call> {
  await admin('PUT', `/v1/applications/${application}`, {});
  const made = await admin('POST', `/v1/applications/${application}/keys`, { name: 'test', role: 'member' });
  return bus.as(made.body.key);
}

beforeAll(async () => {
  [bus, sink] = await Promise.all([
    startBus(),
    startSink((_, response) => response.writeHead(isFailing ? 500 : 204).end()),
  ]);
  admin = bus.as(bus.adminKey);
  [owner, team, outsider] = (await Promise.all(['shop', 'team', 'outsider'].map(keyOf))) as [
    Call,
    Call,
    Call,
  ];
  await owner('PUT', '/v1/topics/orders', { access: { publish: 'request' } });
  await team('PUT', '/v1/receivers/billing', {
    endpoint: sink.url,
    retry: { delaysSeconds: [4, 4, 4] },
  });
});

afterAll(async () => {
  await sink?.close();
  expect(await bus?.stop()).toBe(0);
});

const is = ({ status, body }: Answer) => [status, body.code ?? body.state];
const ask = async (who: Call, spec: object): Promise<string> => {
  const asked = await who('POST', '/v1/requests', spec);
  expect(is(asked)).toEqual([201, 'open']);
  return asked.body.id;
};
const decide = (who: Call, id: string, message: string) => who('POST', `/v1/requests/${id}/${message}`, {});
const subscribing = { kind: 'subscribe', topic: 'orders', receiver: 'billing' };
const publishing = { kind: 'publish', topic: 'orders' };
const grant = async (spec: object) =>
  expect(is(await decide(owner, await ask(team, spec), 'approve'))).toEqual([200, 'approved']);
const publish = async (who: Call, event: object) =>
  (await who('POST', '/v1/topics/orders/events', { type: 'order.placed', data: {}, ...event })).body.events;
const revoke = (who: Call, query = '') => who('DELETE', `/v1/topics/orders/grants/team${query}`);
const of = (id: string) => (arrival: Arrival) => JSON.parse(arrival.body).id === id;
const delivered = (id: string) => sink.waitFor(1, of(id));
/** How many deliveries the last revocation has dropped. */
const dropped = async () => (await team('GET', '/v1/receivers/billing')).body.drops?.at(-1)?.dropped;

describe('a request', () => {
  const deciders = () => ({ approve: owner, reject: owner, withdraw: team });
  const states = { approve: 'approved', reject: 'rejected', withdraw: 'withdrawn' } as const;
  const messages = ['approve', 'reject', 'withdraw'] as const;

  it.each(messages)('stands once it was decided by %s: the opposite is a 409', async (first) => {
    const id = await ask(team, publishing);
    for (const message of messages) {
      // An outsider does not learn that there is one; a party that may not is told so.
      expect(is(await decide(outsider, id, message))).toEqual([404, 'unknown_request']);
      const other = message === 'withdraw' ? owner : team;
      expect([message, ...is(await decide(other, id, message))]).toEqual([message, 403, 'forbidden']);
    }
    expect(is(await decide(deciders()[first], id, first))).toEqual([200, states[first]]);
    for (const then of messages) {
      const expected = then === first ? [200, states[first]] : [409, 'request_decided'];
      expect([then, ...is(await decide(deciders()[then], id, then))]).toEqual([then, ...expected]);
      expect(is(await team('GET', `/v1/requests/${id}`))).toEqual([200, states[first]]);
    }
    const { grants } = (await owner('GET', '/v1/topics/orders/grants')).body;
    expect(grants.length).toBe(first === 'approve' ? 1 : 0);
    if (first === 'approve') expect((await revoke(owner)).status).toBe(204);
  });

  it('for quotas is decided by an admin, changes them, and no others', async () => {
    await admin('PATCH', '/v1/applications/team', { quotas: { topics: 3, schedules: 4 } });
    const id = await ask(team, { kind: 'quotas', quotas: { topics: 7 }, reason: 'Season' });
    for (const [who, status] of [
      [outsider, 404],
      [owner, 404],
      [team, 403],
    ] as const) {
      expect((await decide(who, id, 'approve')).status).toBe(status);
    }
    expect((await team('GET', '/v1/applications/team')).body.quotas).toEqual({ topics: 3, schedules: 4 });
    expect(is(await decide(admin, id, 'approve'))).toEqual([200, 'approved']);
    expect((await team('GET', '/v1/applications/team')).body.quotas).toEqual({ topics: 7, schedules: 4 });
    const rejected = await ask(team, { kind: 'quotas', quotas: { topics: 9 } });
    expect(is(await decide(admin, rejected, 'reject'))).toEqual([200, 'rejected']);
    expect((await team('GET', '/v1/applications/team')).body.quotas.topics).toBe(7);
  });
});

describe('a revocation', () => {
  it('delivers what waits, unless the owner drops it', async () => {
    await grant(subscribing);
    await publish(owner, { id: 'first' });
    await delivered('first');
    isFailing = true;
    await publish(owner, { id: 'kept' });
    await delivered('kept');
    expect((await revoke(team)).status).toBe(204);
    isFailing = false;
    await sink.waitFor(2, of('kept'));

    await grant(subscribing);
    isFailing = true;
    await publish(owner, { id: 'lost' });
    await delivered('lost');
    for (const [who, query, status] of [
      [outsider, '?drop=true', 403],
      [team, '?drop=true', 403],
      [owner, '?drop=yes', 400],
      [owner, '?drop=true', 204],
      [owner, '?drop=true', 404],
    ] as const) {
      expect([query, (await revoke(who, query)).status]).toEqual([query, status]);
    }
    isFailing = false;
    await expect.poll(dropped, { timeout: 60_000 }).toBe(1);
    const fate = (await team('GET', '/v1/events/lost')).body.events[0].receivers[0];
    expect(fate).toMatchObject({
      state: 'dropped',
      note: expect.stringContaining('owner of the topic orders'),
    });
    expect(sink.arrivals.filter(of('lost'))).toHaveLength(1);

    await grant(subscribing);
    await publish(owner, { id: 'anew' });
    await delivered('anew');
    expect(await dropped()).toBe(1);
    expect((await revoke(owner)).status).toBe(204);
  });

  it('with drop refuses what the application has waiting for the topic, also after another approval', async () => {
    await owner('PUT', '/v1/receivers/own', { endpoint: sink.url });
    await owner('PUT', '/v1/topics/orders/subscriptions/own', {});
    await grant(publishing);
    expect(await publish(team, { id: 'waits', delaySeconds: 8 })).toMatchObject([{ status: 'scheduled' }]);
    const begun = await team('POST', '/v1/transactions', {
      events: [{ topic: 'orders', id: 'half', type: 'a', data: {} }],
    });
    expect((await revoke(owner, '?drop=true')).status).toBe(204);
    await expect
      .poll(async () => (await team('POST', '/v1/topics/orders/events', { type: 'a', data: {} })).status, {
        timeout: 5000,
      })
      .toBe(403);
    await grant(publishing);
    await publish(team, { id: 'granted' });
    await team('POST', `/v1/transactions/${begun.body.id}/commit`);
    await delivered('granted');
    const refused = async () =>
      (await team('GET', '/v1/refused')).body.refused
        .map((one: { eventId: string; code: string }) => [one.eventId, one.code])
        .sort();
    await expect.poll(refused, { timeout: 60_000 }).toEqual([
      ['half', 'dropped'],
      ['waits', 'dropped'],
    ]);
    expect((await outsider('GET', '/v1/refused')).body.refused).toEqual([]);
    for (const id of ['waits', 'half']) expect(sink.arrivals.filter(of(id))).toEqual([]);
  });
});
