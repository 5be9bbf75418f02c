import type { ConsoleWorld } from './world.ts';

/** A bus with something on every page. */
export interface Seeded {
  /** Addresses of the console, each with what it shows by its name. */
  readonly addresses: readonly string[];
}

/**
 * Fills a bus as teams would. Every text that a tenant may choose contains `text`.
 * @param downUrl an endpoint that answers 500 with `text`, @param upUrl one that takes everything.
 */
export async function seed(
  { done, bus }: ConsoleWorld,
  { text, downUrl, upUrl }: { readonly text: string; readonly downUrl: string; readonly upUrl: string },
): Promise<Seeded> {
  await done('PUT', '/v1/applications/shop', { description: text, contacts: [text.slice(0, 60)] });
  await done('PUT', '/v1/applications/mail', { description: text });
  const { key } = await done('POST', '/v1/applications/mail/keys', {
    name: text.slice(0, 60),
    role: 'member',
  });
  await done('PUT', '/v1/topics/orders', {
    owner: 'shop',
    description: text,
    schema: {
      type: 'object',
      title: text,
      properties: { [text]: { type: 'string', description: text, enum: [text] }, total: { type: 'number' } },
    },
  });
  await done('PUT', '/v1/topics/parcels', { owner: 'shop', description: text });
  await done('PUT', '/v1/receivers/billing', {
    owner: 'shop',
    endpoint: downUrl,
    retry: { delaysSeconds: [], types: { [text]: { delaysSeconds: [60] } } },
    headers: { 'x-note': 'shown' },
    publicHeaders: ['x-note'],
    breaker: { failureRate: 1, minimumAttempts: 10_000 },
  });
  await done('PUT', '/v1/receivers/warehouse', { owner: 'shop', endpoint: upUrl });
  await done('PUT', '/v1/receivers/mailer', { owner: 'mail', endpoint: upUrl });
  await done('PUT', '/v1/topics/orders/subscriptions/billing', {});
  await done('PUT', '/v1/topics/orders/subscriptions/warehouse', {
    filter: { subject: [{ 'anything-but': ['x'] }] },
  });
  const { events } = await done('POST', '/v1/topics/orders/events', [
    { type: 'order.placed', subject: text, source: '/applications/admin/x', data: { [text]: text } },
    { type: text.slice(0, 200), subject: text, data: { [text]: text } },
    { type: 'order.placed', subject: 'x', data: { total: 1 } },
  ]);
  await done('POST', '/v1/topics/orders/events', {
    type: text.slice(0, 200),
    subject: text,
    data: { [text]: text },
    delaySeconds: 3600,
  });
  await done('PUT', '/v1/topics/parcels/hold', { reason: text });
  await done('POST', '/v1/topics/parcels/events', { type: text.slice(0, 200), subject: text, data: text });
  await done('PUT', '/v1/schedules/nightly', {
    topic: 'orders',
    owner: 'shop',
    description: text,
    cron: '0 3 * * *',
    event: { type: 'night', data: { [text]: text } },
  });
  await done('POST', '/v1/transactions', {
    events: [{ topic: 'orders', type: 'order.placed', subject: text, data: { total: 1 } }],
  });
  const request = await done(
    'POST',
    '/v1/requests',
    { kind: 'subscribe', topic: 'orders', receiver: 'mailer', filter: { type: [text] }, reason: text },
    key,
  );
  await done(
    'POST',
    '/v1/requests',
    { kind: 'topic', topic: 'letters', spec: { description: text }, reason: text },
    key,
  );
  await expectDeadLetters(bus, 'billing');
  return {
    addresses: [
      '/',
      '/receivers',
      '/receivers/billing',
      '/receivers/billing/attempts',
      '/receivers/billing/dead-letters',
      '/receivers/billing/settings',
      '/topics',
      '/topics/orders',
      '/topics/orders/subscribers',
      '/topics/orders/settings',
      '/topics/parcels/hold',
      '/catalog',
      '/catalog/orders',
      '/catalog/orders/filter',
      '/catalog/orders/test',
      '/requests',
      `/requests/${request.id}`,
      '/requests/new?kind=subscribe&topic=orders',
      '/waiting',
      '/waiting/held',
      '/waiting/transactions',
      '/waiting/schedules',
      '/waiting/refused',
      '/events',
      `/events/${events[0].id}`,
      `/events/${encodeURIComponent(`none ${text.slice(0, 40)}`)}`,
      '/applications',
      '/applications/shop',
      '/applications/shop/usage',
      '/applications/mail/keys',
      '/applications/shop/settings',
      '/audit',
      '/nowhere',
    ],
  };
}

/** Waits until what failed is listed, which the API does when it is asked. */
async function expectDeadLetters(bus: ConsoleWorld['bus'], receiver: string): Promise<void> {
  for (;;) {
    const { body } = await bus.call('GET', `/v1/receivers/${receiver}/dead-letters`);
    if (body.deadLetters.length >= 3) return;
  }
}
