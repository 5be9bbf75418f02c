/**
 * Receives the orders of the topic `orders` on port 4300. Start a bus with `npm start`, then this with
 * `node examples/consumer.ts`, then `node examples/producer.ts`.
 * BUSBAR_URL and BUSBAR_KEY name another bus and its key, ENDPOINT how that bus reaches this program.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createClient, createReceiver } from 'busbar/client';

const port = Number(process.env.PORT ?? 4300);
const secret = process.env.BUSBAR_SECRET ?? `whsec_${randomBytes(32).toString('base64')}`;

// Whoever answers 2xx has taken the event; anything else, and the bus tries again later.
const receiver = createReceiver({
  secret,
  onEvent: (event, { deliveryId, attempt }) =>
    console.log(deliveryId, `attempt ${attempt}`, event.type, event.data),
});
createServer(receiver.node).listen(port, () => console.log(`Listening on port ${port}.`));

const bus = createClient({
  url: process.env.BUSBAR_URL ?? 'http://127.0.0.1:4100',
  key: process.env.BUSBAR_KEY ?? readFileSync('.busbar/admin.key', 'utf8').trim(),
});
await bus.putTopic('orders', { description: 'What customers order' });
await bus.putReceiver('example', { endpoint: process.env.ENDPOINT ?? `http://127.0.0.1:${port}/`, secret });
await bus.putSubscription('orders', 'example');
