/**
 * Keeps the latest state of each order from the topic `order-states`, and drops outdated states, because retries and
 * redrives come out of order. Start a bus with `npm start`, then run: npx node examples/newest.ts
 * To see it work, run: npx busbar publish order-states @states.ndjson, with lines such as
 * {"specversion":"1.0","id":"1","source":"/shop","subject":"order-7","type":"order.state","version":2,"data":{"state":"paid"}}
 * Optional variables: BUSBAR_URL and BUSBAR_KEY of another bus, ENDPOINT (how that bus reaches this program), and
 * CONSUMER_PORT (where this program listens).
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createClient, createReceiver, memoryStore, newestOnly } from 'busbar/client';

const secret = process.env.BUSBAR_SECRET ?? `whsec_${randomBytes(32).toString('base64')}`;
const port = Number(process.env.CONSUMER_PORT ?? 4302);
const states = new Map<string, unknown>();

const receiver = createReceiver({
  secret,
  format: 'structured',
  // If there are several instances, use the dynamoDbStore of 'busbar/client/dynamodb', which they share.
  onEvent: newestOnly(
    {
      store: memoryStore(),
      onStale: ({ event }, handled) => console.log('stale', event.subject, event.version, `after ${handled}`),
    },
    (event) => {
      states.set(String(event.subject), event.data);
      console.log('now', event.subject, event.version, event.data);
    },
  ),
});
await once(createServer(receiver.node).listen(port, '127.0.0.1'), 'listening');
console.log(`Listening on port ${port}.`);

const bus = createClient({
  url: process.env.BUSBAR_URL ?? 'http://127.0.0.1:4100',
  key: process.env.BUSBAR_KEY ?? readFileSync('.busbar/admin.key', 'utf8').trim(),
});
await bus.putTopic('order-states', { description: 'The states of orders, with their versions' });
await bus.putReceiver('order-view', {
  endpoint: process.env.ENDPOINT ?? `http://127.0.0.1:${port}/`,
  secret,
});
await bus.putSubscription('order-states', 'order-view');
