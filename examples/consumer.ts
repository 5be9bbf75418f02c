/**
 * Receives the events of the topic `orders`. Start a bus with `npm start`, then run: npx node examples/consumer.ts
 * To see it work, run: npx node examples/producer.ts
 * Optional variables: BUSBAR_URL and BUSBAR_KEY of another bus, ENDPOINT (how that bus reaches this program), and
 * CONSUMER_PORT (where this program listens).
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createClient, createReceiver } from 'busbar/client';

const secret = process.env.BUSBAR_SECRET ?? `whsec_${randomBytes(32).toString('base64')}`;
const port = Number(process.env.CONSUMER_PORT ?? 4300);

// When onEvent resolves, the event counts as delivered. When it rejects, the bus tries again later.
const receiver = createReceiver({
  secret,
  format: 'structured',
  onEvent(event, { deliveryId, attempt }) {
    console.log(deliveryId, `attempt ${attempt}`, event.type, event.data);
  },
});
await once(createServer(receiver.node).listen(port, '127.0.0.1'), 'listening');
console.log(`Listening on port ${port}.`);

const bus = createClient({
  url: process.env.BUSBAR_URL ?? 'http://127.0.0.1:4100',
  key: process.env.BUSBAR_KEY ?? readFileSync('.busbar/admin.key', 'utf8').trim(),
});
await bus.putTopic('orders', { description: 'What customers order' });
await bus.putReceiver('example', { endpoint: process.env.ENDPOINT ?? `http://127.0.0.1:${port}/`, secret });
await bus.putSubscription('orders', 'example');
