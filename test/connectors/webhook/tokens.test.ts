import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, it } from 'vitest';
import { declare } from '../../../lib/app/declaration/declare.ts';
import { publish } from '../../../lib/app/publish/publish.ts';
import { getReceiver } from '../../../lib/app/registry/flow.ts';
import { listReceivers } from '../../../lib/app/registry/list-receivers.ts';
import { defineBus } from '../../../lib/connectors/declaration.ts';
import type { WebhookReceiver } from '../../../lib/connectors/webhook/receiver.ts';
import type { HttpResult } from '../../../lib/core/kernel/http-result.ts';
import type { HttpRequest } from '../../../lib/runtime/http/http.ts';
import { admin, answer, environment, shorthand, type TestBus, testBus } from '../../app/bus.ts';
import { putReceiver } from '../../app/calls.ts';

const endpoint = 'https://shop.example.com/events';
const tokenUrl = 'https://id.example.com/token';
const oauth2 = { tokenUrl, clientId: 'bus', clientSecret: 'hunter2-client' };
const second = 1000;

/** A bus whose token endpoint hands out token-1, token-2 and so on, and an endpoint that takes what it is told. */
async function busWithTokens(fields: Partial<WebhookReceiver> = {}) {
  const bus = await testBus();
  await bus.receiver('shop', { oauth2, retry: { delaysSeconds: [10] }, ...fields });
  let issued = 0;
  const issue = (): HttpResult =>
    answer(
      200,
      {},
      JSON.stringify({ access_token: `token-${++issued}`, token_type: 'bearer', expires_in: 3600 }),
    );
  bus.endpoint(tokenUrl, issue);
  bus.endpoint(endpoint, () => 204);
  return { bus, issue };
}

const invoke = (bus: TestBus, count = 1, receiver = 'shop') =>
  publish(
    bus.tools,
    admin,
    { receiver },
    shorthand(Array.from({ length: count }, () => ({ type: 'a', data: {} }))),
  );
const sentTo = (bus: TestBus, url: string) => bus.requests.filter((request) => request.url === url);
const bearers = (bus: TestBus, url = endpoint) =>
  sentTo(bus, url).map(({ headers }) => headers.authorization);
/** Everything in the table but the registry, which must hold the credentials. */
async function written(bus: TestBus): Promise<string> {
  const { Items = [] } = await bus.dynamodb.send(new ScanCommand({ TableName: environment.BUSBAR_TABLE }));
  return JSON.stringify(Items.filter(({ pk }) => !pk?.S?.startsWith('registry#')));
}

describe('an endpoint that wants a token', () => {
  it('gets one, fetched once for a batch, and for the next batch of the same instance', async () => {
    const { bus } = await busWithTokens();
    await invoke(bus, 5);
    await bus.runLane('shop');
    await invoke(bus, 3);
    await bus.runLane('shop');
    expect(bearers(bus)).toEqual(Array.from({ length: 8 }, () => 'Bearer token-1'));
    expect(sentTo(bus, tokenUrl)).toHaveLength(1);
  });

  it('gets another one shortly before it expires', async () => {
    const { bus } = await busWithTokens();
    for (const waitSeconds of [0, 3539, 1]) {
      await bus.clock.advance(waitSeconds * second);
      await invoke(bus);
      await bus.runLane('shop');
    }
    expect(bearers(bus)).toEqual(['Bearer token-1', 'Bearer token-1', 'Bearer token-2']);
  });

  it('shares it with another receiver of the same client, and with no other client', async () => {
    const { bus } = await busWithTokens();
    await bus.receiver('crm', { oauth2 });
    await bus.receiver('erp', { oauth2: { ...oauth2, scope: 'other' } });
    for (const receiver of ['crm', 'erp']) bus.endpoint(`https://${receiver}.example.com/events`, () => 204);
    for (const receiver of ['shop', 'crm', 'erp']) {
      await invoke(bus, 1, receiver);
      await bus.runLane(receiver);
    }
    const of = (receiver: string) => bearers(bus, `https://${receiver}.example.com/events`);
    expect([of('shop'), of('crm'), of('erp')]).toEqual([
      ['Bearer token-1'],
      ['Bearer token-1'],
      ['Bearer token-2'],
    ]);
  });

  it('that refuses it gets another one within the same attempt, fetched once for the whole batch', async () => {
    const { bus } = await busWithTokens();
    await invoke(bus);
    await bus.runLane('shop');
    await bus.clock.advance(60 * second);
    bus.endpoint(endpoint, ({ headers }) => (headers.authorization === 'Bearer token-2' ? 204 : 401));
    await invoke(bus, 5);
    expect(await bus.runLane('shop')).toEqual({ received: 5, kept: 0 });
    expect(sentTo(bus, tokenUrl)).toHaveLength(2);
    expect(sentTo(bus, endpoint).map(({ headers }) => headers['busbar-attempt'])).toEqual(
      Array(11).fill('1'),
    );
  });

  it('that refuses every token costs one token request in half a minute, and not one an event', async () => {
    const { bus } = await busWithTokens({ retry: { delaysSeconds: [] } });
    bus.endpoint(endpoint, () => 401);
    for (let batch = 0; batch < 6; batch++) {
      await invoke(bus, 5);
      await bus.runLane('shop');
      await bus.clock.advance(second);
    }
    expect(sentTo(bus, tokenUrl)).toHaveLength(1);
    expect(sentTo(bus, endpoint)).toHaveLength(30);
    await bus.clock.advance(30 * second);
    await invoke(bus, 5);
    await bus.runLane('shop');
    expect(sentTo(bus, tokenUrl)).toHaveLength(2);
  });

  it('is not kept busy beyond the time that an attempt has', async () => {
    const { bus } = await busWithTokens({ timeoutSeconds: 30 });
    await invoke(bus);
    await bus.runLane('shop');
    await bus.clock.advance(60 * second);
    const slow = (seconds: number, outcome: HttpResult) => () =>
      new Promise<HttpResult>((resolve) => bus.clock.setTimer(seconds * second, () => resolve(outcome)));
    bus.endpoint(endpoint, slow(29.5, answer(401)));
    await invoke(bus);
    const startedMs = bus.clock.now();
    let endedMs: number | undefined;
    const running = bus.runLane('shop').then(() => {
      endedMs = bus.clock.now();
    });
    await bus.clock.until(() => endedMs !== undefined, 120 * second);
    await running;
    expect((endedMs ?? 0) - startedMs).toBeLessThanOrEqual(40 * second);
    expect(sentTo(bus, tokenUrl)).toHaveLength(1);
  });
});

describe('a token endpoint that fails', () => {
  it.each<[string, HttpResult, string]>([
    ['refuses', answer(401, {}, '{"error":"invalid_client"}'), 'oauth2-http-401'],
    ['redirects', answer(302), 'oauth2-redirect-302'],
    ['is no token endpoint', answer(200, {}, '<html>'), 'oauth2-malformed'],
    ['hangs', { kind: 'failure', failure: 'timeout', message: 'No response within 10 s.' }, 'oauth2-timeout'],
    [
      'leads inside',
      { kind: 'failure', failure: 'forbidden', message: 'no public address' },
      'oauth2-forbidden',
    ],
  ])(
    'because it %s: the event is retried with that cause, and the endpoint is not called',
    async (_, outcome, cause) => {
      const { bus, issue } = await busWithTokens();
      bus.endpoint(tokenUrl, () => outcome);
      await invoke(bus);
      expect(await bus.runLane('shop')).toEqual({ received: 1, kept: 1 });
      expect(sentTo(bus, endpoint)).toEqual([]);
      expect(bus.lines.join('\n')).toContain(cause);
      bus.endpoint(tokenUrl, issue);
      await bus.clock.advance(12 * second);
      expect(await bus.runLane('shop')).toEqual({ received: 1, kept: 0 });
      expect(sentTo(bus, endpoint).map(({ headers }) => headers['busbar-attempt'])).toEqual(['2']);
    },
  );

  it('is asked once for a whole batch, and again only after a pause', async () => {
    const { bus } = await busWithTokens({ retry: { delaysSeconds: [] } });
    bus.endpoint(tokenUrl, () => 500);
    await invoke(bus, 5);
    await bus.runLane('shop');
    await invoke(bus, 1);
    await bus.runLane('shop');
    expect(sentTo(bus, tokenUrl)).toHaveLength(1);
    await bus.clock.advance(5 * second);
    await invoke(bus, 1);
    await bus.runLane('shop');
    expect(sentTo(bus, tokenUrl)).toHaveLength(2);
  });

  it('opens the breaker of its receiver, which then waits without spending attempts', async () => {
    const { bus } = await busWithTokens();
    bus.endpoint(tokenUrl, () => 500);
    for (let batch = 0; batch < 2; batch++) {
      await invoke(bus, 6);
      await bus.runLane('shop');
    }
    expect(await bus.tools.breakers.read('shop')).toMatchObject({
      kind: 'open',
      reason: expect.stringContaining('oauth2-http-500'),
    });
  });
});

describe('the credentials', () => {
  const put = (bus: TestBus, body: object) =>
    putReceiver(bus.tools, admin, 'shop', { endpoint, ...body }, []);

  it('are never shown, and the secret need not be given again for the same client', async () => {
    const bus = await testBus();
    const { document } = await put(bus, { oauth2 });
    expect(document).toHaveProperty('oauth2', { tokenUrl, clientId: 'bus' });
    const shown = [
      document,
      await getReceiver(bus.tools, admin, 'shop'),
      await listReceivers(bus.tools, admin, { limit: 100 }),
    ];
    expect(JSON.stringify(shown)).not.toContain('hunter2');
    await put(bus, { oauth2: { tokenUrl, clientId: 'bus', scope: 'events' } });
    expect(await bus.tools.registry.receiver('shop')).toMatchObject({
      oauth2: { ...oauth2, scope: 'events' },
    });
    await put(bus, {});
    expect(await bus.tools.registry.receiver('shop')).not.toHaveProperty('oauth2');
  });

  it('of a declared receiver are set over the API, and a deployment keeps them', async () => {
    const bus = await testBus();
    const declaration = defineBus({ receivers: { shop: { endpoint } } });
    await declare(bus.tools, declaration);
    await put(bus, { oauth2 });
    await declare(bus.tools, declaration);
    expect(await bus.tools.registry.receiver('shop')).toMatchObject({ oauth2, declared: true });
  });

  it.each<[string, object, string]>([
    ['http', { tokenUrl: 'http://id.example.com/token' }, 'https'],
    ['an address inside', { tokenUrl: 'https://169.254.169.254/token' }, 'no public address'],
    ['another port', { tokenUrl: 'https://id.example.com:6379/' }, 'port'],
  ])('do not go to a token endpoint by %s', async (_, changed, says) => {
    const bus = await testBus();
    const tools = { ...bus.tools, endpoints: 'public' as const, endpointPorts: [443, 8443] };
    const refused = putReceiver(tools, admin, 'shop', { endpoint, oauth2: { ...oauth2, ...changed } }, []);
    await expect(refused).rejects.toMatchObject({
      code: 'invalid_request',
      fields: [{ path: 'oauth2.tokenUrl', detail: expect.stringContaining(says) }],
    });
  });

  it('that an endpoint echoes are blackened in logs, records and dead letters', async () => {
    const { bus } = await busWithTokens({ headers: { 'x-api-key': 'static-key-1' } });
    bus.endpoint(endpoint, (request: HttpRequest) =>
      answer(500, {}, `you sent ${JSON.stringify(request.headers)}`),
    );
    await invoke(bus);
    await bus.runLane('shop');
    await bus.clock.advance(20 * second);
    await bus.runLane('shop');
    const [letter] = await bus.receive(bus.urlOf('shop', 'dead-letters'));
    expect(letter?.attributes['busbar-detail']).toContain('you sent');
    const record = await written(bus);
    expect(record).toContain('you sent');
    expect([JSON.stringify(letter), record, ...bus.lines].join('\n')).not.toMatch(
      /token-1|hunter2|static-key-1/,
    );
  });
});
