import { afterAll, beforeAll, expect, it } from 'vitest';
import { type AcceptanceBus, startBus } from './bus.ts';
import { type Answerer, type Sink, startSink } from './sink.ts';

let bus: AcceptanceBus;
const sinks: Sink[] = [];
beforeAll(async () => {
  bus = await startBus();
});
afterAll(async () => {
  await Promise.all(sinks.map((sink) => sink.close()));
  expect(await bus?.stop()).toBe(0);
});

const sink = async (answer: Answerer): Promise<Sink> => {
  const made = await startSink(answer);
  sinks.push(made);
  return made;
};
const clientSecret = 'a client secret: 100 % & more';

/** A token endpoint by RFC 6749: it returns numbered tokens to clients that know the secret. */
const tokenEndpoint = () =>
  sink(({ headers, body }, response, earlier) => {
    const [user, password] = Buffer.from(String(headers.authorization).slice(6), 'base64')
      .toString()
      .split(':')
      .map((part) => new URLSearchParams(`x=${part}`).get('x'));
    const known = user === 'bus' && password === clientSecret;
    const asked = new URLSearchParams(body).get('grant_type') === 'client_credentials';
    response.writeHead(known && asked ? 200 : 401, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(
        known && asked
          ? { access_token: `token-${earlier + 1}`, token_type: 'Bearer', expires_in: 3600 }
          : { error: 'invalid_client' },
      ),
    );
  });

it('an endpoint gets a token, which the bus fetches once', async () => {
  const tokens = await tokenEndpoint();
  const endpoint = await sink(({ headers }, response) =>
    response.writeHead(/^Bearer token-\d+$/.test(String(headers.authorization)) ? 204 : 401).end(),
  );
  const put = await bus.call('PUT', '/v1/receivers/tokens', {
    endpoint: endpoint.url,
    limits: { concurrency: 2 },
    oauth2: { tokenUrl: tokens.url, clientId: 'bus', clientSecret },
  });
  expect(put.status).toBe(201);
  expect(put.body.oauth2).toEqual({ tokenUrl: tokens.url, clientId: 'bus' });
  for (let n = 0; n < 5; n++) {
    await bus.call('POST', '/v1/receivers/tokens/events', { type: 'test', data: {} });
    await endpoint.waitFor(n + 1);
  }
  expect(endpoint.arrivals.map(({ headers }) => headers['busbar-attempt'])).toEqual([
    '1',
    '1',
    '1',
    '1',
    '1',
  ]);
  expect(endpoint.arrivals.every(({ headers }) => headers['webhook-signature'] !== undefined)).toBe(true);
  // Each instance of the function fetches its own token; locally there are only a few instances.
  expect(tokens.arrivals.length).toBeLessThanOrEqual(2);
});

it('if the token endpoint refuses the client, the event becomes a dead letter with that cause, without a post', async () => {
  const tokens = await tokenEndpoint();
  const endpoint = await sink((_, response) => response.writeHead(204).end());
  await bus.call('PUT', '/v1/receivers/refused', {
    endpoint: endpoint.url,
    retry: { delaysSeconds: [] },
    oauth2: { tokenUrl: tokens.url, clientId: 'bus', clientSecret: 'a wrong secret' },
  });
  await bus.call('POST', '/v1/receivers/refused/events', { type: 'test', data: {} });
  await expect
    .poll(async () => (await bus.call('GET', '/v1/receivers/refused/dead-letters')).body, { timeout: 20_000 })
    .toMatchObject({
      deadLetters: [
        {
          cause: 'oauth2-http-401',
          detail: 'The token endpoint answered 401 (invalid_client).',
          attempts: 1,
        },
      ],
    });
  expect(endpoint.arrivals).toEqual([]);
});

it('a static authorization header together with oauth2 is refused', async () => {
  const refused = await bus.call('PUT', '/v1/receivers/both', {
    endpoint: 'http://127.0.0.1:9/events',
    headers: { Authorization: 'Bearer static' },
    oauth2: { tokenUrl: 'http://127.0.0.1:9/token', clientId: 'bus', clientSecret },
  });
  expect(refused.status).toBe(400);
  expect(refused.body).toMatchObject({
    code: 'invalid_request',
    errors: [{ path: 'headers.Authorization' }],
  });
  expect(JSON.stringify(refused.body)).not.toContain(clientSecret);
});
