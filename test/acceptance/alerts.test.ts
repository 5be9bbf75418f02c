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

async function sinkOf(status = 204): Promise<Sink> {
  const sink = await startSink((_, response) => void response.writeHead(status).end());
  sinks.push(sink);
  return sink;
}

/** The key of a member of an application of its own. */
async function team(application: string): Promise<Record<string, string>> {
  await bus.call('PUT', `/v1/applications/${application}`, {});
  const made = await bus.call('POST', `/v1/applications/${application}/keys`, {
    name: 'test',
    role: 'member',
  });
  return { authorization: `Bearer ${made.body.key}` };
}

/** A receiver that gets system events, and what arrives there. */
async function listener(name: string, headers?: Record<string, string>, filter?: object): Promise<Sink> {
  const sink = await sinkOf();
  await bus.call('PUT', `/v1/receivers/${name}`, { endpoint: sink.url }, headers);
  const put = await bus.call(
    'PUT',
    `/v1/topics/busbar/subscriptions/${name}`,
    { ...(filter && { filter }) },
    headers,
  );
  expect(put.status).toBe(201);
  return sink;
}

const typesAt = (sink: Sink) => sink.arrivals.map(({ body }) => JSON.parse(body).type);

describe('an alert', () => {
  it('about a receiver that is down reaches the receivers of its owner and of an admin, and no other', async () => {
    const [shop, other] = [await team('shop'), await team('other')];
    const ofOther = await listener('alerts-of-other', other);
    const ofShop = await listener('alerts-of-shop', shop, { type: [{ prefix: 'busbar.breaker.' }] });
    const ofOps = await listener('alerts-of-ops');
    const down = await sinkOf(503);
    const settings = {
      endpoint: down.url,
      breaker: { minimumAttempts: 5 },
      retry: { delaysSeconds: [3600] },
    };
    await bus.call('PUT', '/v1/receivers/down', settings, shop);
    const events = Array.from({ length: 10 }, (_, at) => ({ type: 'test', id: `${at}`, data: {} }));
    await bus.call('POST', '/v1/receivers/down/events', events, shop);

    const [arrival] = await ofShop.waitFor(1);
    expect(arrival?.headers['busbar-topic']).toBe('busbar');
    expect(JSON.parse(arrival?.body ?? '')).toMatchObject({
      source: '/busbar',
      type: 'busbar.breaker.opened',
      subject: 'receivers/down',
      data: { receiver: 'down', reason: expect.stringContaining('http-503') },
    });
    await ofOps.waitFor(1);
    expect(typesAt(ofOps)).toEqual(['busbar.breaker.opened']);
    expect(typesAt(ofOther)).toEqual([]);
  });

  it('reaches Slack and PagerDuty in their own shapes, and its end resolves the incident', async () => {
    const kiosk = await team('kiosk');
    const filter = { type: [{ prefix: 'busbar.breaker.' }] };
    const [slack, pager] = [await sinkOf(200), await sinkOf(202)];
    const routingKey = '0123456789abcdef0123456789abcdef';
    for (const [name, settings] of [
      ['slack-of-kiosk', { endpoint: slack.url, format: 'slack' }],
      ['pager-of-kiosk', { endpoint: pager.url, format: 'pagerduty', routingKey }],
    ] as const) {
      const put = await bus.call('PUT', `/v1/receivers/${name}`, settings, kiosk);
      expect(put.status).toBe(201);
      expect(put.body).not.toHaveProperty('routingKey');
      await bus.call('PUT', `/v1/topics/busbar/subscriptions/${name}`, { filter }, kiosk);
    }
    await bus.call('PUT', '/v1/receivers/till', { endpoint: (await sinkOf()).url }, kiosk);
    await bus.call('POST', '/v1/receivers/till/breaker', { state: 'open' }, kiosk);
    const [page] = await pager.waitFor(1);
    const [message] = await slack.waitFor(1);
    expect(message?.headers['content-type']).toBe('application/json');
    expect(JSON.parse(message?.body ?? '')).toMatchObject({
      text: 'busbar.breaker.opened: receivers/till',
      blocks: [{ text: { text: '*busbar.breaker.opened: receivers/till*' } }, { type: 'section' }],
    });
    const trigger = JSON.parse(page?.body ?? '');
    expect(trigger).toMatchObject({
      routing_key: routingKey,
      event_action: 'trigger',
      payload: {
        severity: 'critical',
        source: '/busbar',
        custom_details: { receiver: 'till', isForced: true },
      },
    });

    await bus.call('POST', '/v1/receivers/till/breaker', { state: 'closed' }, kiosk);
    const [, resolve] = await pager.waitFor(2);
    expect(JSON.parse(resolve?.body ?? '')).toMatchObject({
      event_action: 'resolve',
      dedup_key: trigger.dedup_key,
    });
  });

  it('can be tested by its owner, and only there', async () => {
    const [desk, rival] = [await team('desk'), await team('rival')];
    const ofDesk = await listener('alerts-of-desk', desk, { type: [{ prefix: 'busbar.breaker.' }] });
    const ofRival = await listener('alerts-of-rival', rival);
    expect(await bus.call('POST', '/v1/alerts/test', { receiver: 'alerts-of-desk' }, rival)).toMatchObject({
      status: 403,
    });
    expect(await bus.call('POST', '/v1/alerts/test', {}, desk)).toEqual(
      expect.objectContaining({
        status: 202,
        body: { receivers: [{ receiver: 'alerts-of-desk', events: 2 }] },
      }),
    );
    await ofDesk.waitFor(2);
    expect(ofDesk.arrivals.map(({ body }) => JSON.parse(body))).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ type: 'busbar.breaker.opened', busbartest: true }),
        expect.objectContaining({ type: 'busbar.breaker.closed', busbartest: true }),
      ]),
    );
    expect(typesAt(ofRival)).toEqual([]);
  });

  it('comes from a topic that nobody changes, holds or publishes to, not even an admin', async () => {
    const forbidden = { status: 403, body: { code: 'forbidden' } };
    const event = { type: 'busbar.breaker.opened', data: {} };
    expect(await bus.call('POST', '/v1/topics/busbar/events', event)).toMatchObject(forbidden);
    expect(await bus.call('PUT', '/v1/topics/busbar', {})).toMatchObject(forbidden);
    expect(await bus.call('PATCH', '/v1/topics/busbar', { description: 'x' })).toMatchObject(forbidden);
    expect(await bus.call('DELETE', '/v1/topics/busbar')).toMatchObject(forbidden);
    expect(await bus.call('PUT', '/v1/topics/busbar/hold', {})).toMatchObject(forbidden);
    const request = { kind: 'publish', topic: 'busbar' };
    expect(await bus.call('POST', '/v1/requests', request)).toMatchObject(forbidden);
    const transaction = { events: [{ topic: 'busbar', ...event }] };
    expect(await bus.call('POST', '/v1/transactions', transaction)).toMatchObject(forbidden);
    const schedule = { topic: 'busbar', everySeconds: 3600, event };
    expect(await bus.call('PUT', '/v1/schedules/fake', schedule)).toMatchObject(forbidden);
    expect(await bus.call('GET', '/v1/topics/busbar')).toMatchObject({
      status: 200,
      body: { owner: 'busbar' },
    });
  });
});
