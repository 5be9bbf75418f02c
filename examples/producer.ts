/**
 * Publishes three orders to the topic `orders`. Start a bus with `npm start`, then run: npx node examples/producer.ts
 * Optional variables: BUSBAR_URL and BUSBAR_KEY of another bus.
 */
import { readFileSync } from 'node:fs';
import { createClient } from 'busbar/client';

const bus = createClient({
  url: process.env.BUSBAR_URL ?? 'http://127.0.0.1:4100',
  key: process.env.BUSBAR_KEY ?? readFileSync('.busbar/admin.key', 'utf8').trim(),
  source: '/examples/shop',
});

await bus.putTopic('orders', { description: 'What customers order' });

const orders = [{ total: 5 }, { total: 120 }, { total: 42 }];
const { events } = await bus.publish(
  'orders',
  orders.map((order) => ({ type: 'order.placed', data: order })),
);
for (const { id, status } of events) console.log(status, id);
