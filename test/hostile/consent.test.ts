import { afterEach, beforeEach, expect, it } from 'vitest';
import { assemblyDirectory, type Caller, type FuzzWorld, startWorld } from '../fuzz/world.ts';

// Where endpoints must agree, the bus asks for tokens only where somebody agrees still: at each fetch, not only at the put.

let world: FuzzWorld;
beforeEach(async () => {
  world = await startWorld(7, assemblyDirectory, { Validate: 'handshake' });
});
afterEach(async () => {
  await world.close();
});

const minute = 60_000;
const tokenUrl = 'https://id.test/token';
const oauth2 = { tokenUrl, clientId: 'bus', clientSecret: 'planted-secret-client' };
const billing = { endpoint: 'http://sink.test/ok/billing', oauth2, retry: { delaysSeconds: [] } };

// biome-ignore lint/suspicious/noExplicitAny: each call has a document of its own.
async function done(caller: Caller, method: string, path: string, body?: unknown): Promise<any> {
  const { status, json } = await world.call(caller, method, `/v1${path}`, body);
  if (status >= 300) throw new Error(`${method} ${path}: ${status} ${JSON.stringify(json)}`);
  return json;
}
const putId = (caller: Caller) => done(caller, 'PUT', '/receivers/id', { endpoint: 'https://id.test/ok/id' });
const fetches = () => world.delivered.filter(({ url }) => url === tokenUrl).length;
const posts = () => world.delivered.filter(({ url }) => url.endsWith('/billing')).length;

/** Sends an event to billing after its token has expired, and says what became of it. */
async function send(id: string) {
  await world.clock.advance(2 * minute);
  const before = { fetches: fetches(), posts: posts() };
  await done('shop', 'POST', '/receivers/billing/events', { id, type: 'order.placed', data: {} });
  await world.clock.advance(minute);
  const { deadLetters } = await done('shop', 'GET', '/receivers/billing/dead-letters');
  const letter = deadLetters.find(({ eventId }: { eventId: string }) => eventId === id);
  return { fetches: fetches() - before.fetches, cause: letter?.cause };
}
const delivered = { fetches: 1, cause: undefined };
const refused = { fetches: 0, cause: 'oauth2-no-consent' };

it('a token is no longer fetched once the endpoint that agreed is gone, also when the bank makes it anew', async () => {
  await putId('shop');
  await done('shop', 'PUT', '/receivers/billing', billing);
  expect(await send('agreed')).toEqual(delivered);

  await done('shop', 'DELETE', '/receivers/id?force=true');
  expect(await send('gone')).toEqual(refused);
  const why = await done('shop', 'GET', '/events/gone');
  expect(JSON.stringify(why)).toContain('oauth2-no-consent');
  expect(JSON.stringify(why)).toContain('put the receiver again');

  await putId('bank');
  expect(await send('bank')).toEqual(refused);
});

it('nor once it went to the bank, or to another origin; what agrees again is asked again', async () => {
  await putId('shop');
  await done('shop', 'PUT', '/receivers/billing', billing);
  await done('shop', 'PATCH', '/receivers/id', { endpoint: 'http://other.test/ok/id' });
  expect(await send('moved')).toEqual(refused);
  await done('shop', 'PATCH', '/receivers/id', { endpoint: 'https://id.test/ok/id' });
  expect(await send('back')).toEqual(delivered);
  await done('shop', 'PATCH', '/receivers/id', { owner: 'bank' });
  expect(await send('given')).toEqual(refused);
});

it('what an admin waived stays waived for its owner, and not for another', async () => {
  await done('admin', 'PUT', '/receivers/billing', { ...billing, owner: 'shop', validate: 'handshake' });
  expect(await send('waived')).toEqual(delivered);
  await done('shop', 'PATCH', '/receivers/billing', { timeoutSeconds: 5 });
  expect(await send('patched')).toEqual(delivered);
  const given = await world.call('shop', 'PATCH', '/v1/receivers/billing', { owner: 'bank' });
  expect(given).toMatchObject({ status: 400, json: { errors: [{ path: 'oauth2.tokenUrl' }] } });
});

it('what the operator trusts needs no endpoint', async () => {
  await world.close();
  world = await startWorld(7, assemblyDirectory, {
    Validate: 'handshake',
    TrustedOrigins: 'https://id.test',
  });
  await done('shop', 'PUT', '/receivers/billing', billing);
  expect(await send('trusted')).toEqual(delivered);
});
