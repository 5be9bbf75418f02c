import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Sink, startSink } from '../acceptance/sink.ts';
import { type ConsoleWorld, startConsole } from './world.ts';

/** What the console is for, from outside: an operator at night, a consumer on Monday, keys. */

let world: ConsoleWorld;
let sink: Sink;
let isUp = true;

beforeAll(async () => {
  world = await startConsole();
  sink = await startSink((_, response) => {
    response.writeHead(isUp ? 204 : 500).end(isUp ? '' : 'the database is down');
  });
  await world.done('PUT', '/v1/topics/orders', { access: { subscribe: 'request' } });
  await world.done('PUT', '/v1/receivers/billing', {
    endpoint: sink.url,
    retry: { delaysSeconds: [] },
    // It stays closed, so that every event is tried and becomes a dead letter at once.
    breaker: { failureRate: 1, minimumAttempts: 10_000 },
  });
  await world.done('PUT', '/v1/topics/orders/subscriptions/billing', {});
});

afterAll(async () => {
  await sink?.close();
  await world?.stop();
});

it('signs in by the link that npm start prints, once, and leaves no trace of it in the address', async () => {
  const first = await world.tab();
  await first.page.goto(world.bus.consoleUrl);
  await first.page.getByRole('heading', { name: 'Overview' }).waitFor();
  expect(first.page.url()).not.toContain('ticket');
  await first.page.reload();
  await first.page.getByRole('heading', { name: 'Overview' }).waitFor();
  expect(first.complaints).toEqual([]);
  await first.close();

  const second = await world.tab();
  await second.page.goto(world.bus.consoleUrl);
  await second.page.getByRole('alert').waitFor();
  await second.page.getByLabel('Key').fill(world.bus.adminKey);
  await second.page.getByRole('button', { name: 'Sign in' }).click();
  await second.page.getByRole('heading', { name: 'Overview' }).waitFor();
  await second.close();
});

it('leads an operator from the overview to the cause, and through a redrive by canary', async () => {
  const { page, open, complaints, close } = await world.tab(world.bus.adminKey);
  await open('/');
  await page.getByText('Every receiver is well.').waitFor();

  isUp = false;
  const events = Array.from({ length: 20 }, (_, at) => ({ type: 'order.placed', data: { at } }));
  await world.done('POST', '/v1/topics/orders/events', events);
  const wentDownAt = Date.now();
  // Without touching the page.
  await page
    .getByRole('table')
    .getByRole('link', { name: 'billing', exact: true })
    .waitFor({ timeout: 60_000 });
  console.log(`The failing receiver was on the overview ${Date.now() - wentDownAt} ms after the publish.`);
  await page.getByRole('table').getByRole('link', { name: 'billing', exact: true }).click();
  await page.getByRole('heading', { name: 'billing' }).waitFor();

  await page.getByRole('link', { name: 'Dead letters' }).first().click();
  const causes = page.getByRole('table', { name: 'By cause' });
  await causes.getByText('http-500').waitFor();
  await causes.getByText('the database is down').waitFor();
  await causes.getByText('20', { exact: true }).waitFor({ timeout: 60_000 });

  // Before it is mended, the canary halts the redrive and nothing else is sent.
  await page.getByRole('button', { name: 'Redrive all…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Redrive' }).click();
  await page.getByText('halted', { exact: true }).waitFor({ timeout: 60_000 });

  isUp = true;
  await page.getByRole('button', { name: 'Redrive all…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Redrive' }).click();
  await page.getByText('20 / 20').waitFor({ timeout: 120_000 });
  await page.getByText('done', { exact: true }).waitFor({ timeout: 60_000 });
  await page.getByText('There are no dead letters.').waitFor({ timeout: 60_000 });
  await sink.waitFor(41);
  expect(complaints).toEqual([]);
  await close();
});

it('takes a consumer from the catalogue to its first event, by a request that the owner approves', async () => {
  await world.done('PUT', '/v1/applications/shop', {});
  await world.done('PUT', '/v1/applications/mail', {});
  const key = async (application: string) =>
    (await world.done('POST', `/v1/applications/${application}/keys`, { name: 'browser', role: 'member' }))
      .key;
  const [ownerKey, consumerKey] = [await key('shop'), await key('mail')];
  await world.done('PUT', '/v1/topics/parcels', { description: 'What left the warehouse' }, ownerKey);
  await world.done('PUT', '/v1/receivers/mailer', { endpoint: sink.url }, consumerKey);
  await world.done(
    'POST',
    '/v1/topics/parcels/events',
    [
      { type: 'parcel.sent', data: { grams: 100 } },
      { type: 'parcel.lost', data: { grams: 5 } },
    ],
    ownerKey,
  );

  const consumer = await world.tab(consumerKey);
  await consumer.open('/catalog');
  await consumer.page.getByRole('link', { name: 'parcels' }).click();
  await consumer.page.getByText('What left the warehouse').waitFor();
  await consumer.page.getByRole('link', { name: 'Request access' }).click();
  await consumer.page.getByLabel(/^Receiver/).fill('mailer');
  await consumer.page.getByLabel(/^Reason/).fill('To tell customers');
  await consumer.page.getByLabel(/^Filter/).fill('{"type": ["parcel.sent"]}');
  await consumer.page.getByRole('button', { name: 'Ask' }).click();
  await consumer.page.getByText('open', { exact: true }).waitFor();

  const owner = await world.tab(ownerKey);
  await owner.open('/requests');
  await owner.page.getByText('To tell customers').waitFor();
  await owner.page.getByRole('table').getByRole('link').first().click();
  await owner.page.getByText('To tell customers').waitFor();
  await owner.page
    .getByText(/1 of the 2/)
    .first()
    .waitFor();
  await owner.page.getByRole('button', { name: 'Approve' }).click();
  await owner.page.getByText('approved', { exact: true }).first().waitFor();
  await consumer.page.getByText('approved', { exact: true }).first().waitFor({ timeout: 60_000 });

  const before = sink.arrivals.length;
  await world.done(
    'POST',
    '/v1/topics/parcels/events',
    { type: 'parcel.sent', data: { grams: 7 } },
    ownerKey,
  );
  await sink.waitFor(before + 1);
  await consumer.open('/receivers/mailer/attempts');
  await consumer.page.getByText('parcel.sent').waitFor({ timeout: 60_000 });
  expect([...consumer.complaints, ...owner.complaints]).toEqual([]);
  await consumer.close();
  await owner.close();
});

it('makes a key, which works, and revokes it, after which it does not', async () => {
  await world.done('PUT', '/v1/applications/tools', {});
  const { page, open, complaints, close } = await world.tab(world.bus.adminKey);
  await open('/applications/tools/keys');
  await page.getByRole('button', { name: 'New key' }).click();
  await page.getByRole('dialog').getByLabel(/^Name/).fill('for the importer');
  await page.getByRole('dialog').getByRole('button', { name: 'New key' }).click();
  const made = await page.getByText(/^bbk_/).first().textContent();
  expect((await world.bus.as(made ?? '')('GET', '/v1/me')).body).toMatchObject({ application: 'tools' });
  await page.keyboard.press('Escape');
  await page.getByText('for the importer').waitFor();
  expect(await page.getByText(made ?? '').count()).toBe(0);

  await page.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.getByText('This application has no keys.').waitFor();
  const refused = async () => (await world.bus.as(made ?? '')('GET', '/v1/me')).status === 401;
  await expect.poll(refused, { timeout: 10_000 }).toBe(true);
  expect(complaints).toEqual([]);
  await close();
});
