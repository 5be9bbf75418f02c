/**
 * Half messages: the bus keeps the events until this program commits or rolls back, and asks if it does neither.
 * Start a bus with `npm start`, then run: npx node examples/transaction.ts
 * Optional variables: BUSBAR_URL and BUSBAR_KEY of another bus, and CHECKER_PORT (where this program answers checks).
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createChecker, createClient } from 'busbar/client';

const bus = createClient({
  url: process.env.BUSBAR_URL ?? 'http://127.0.0.1:4100',
  key: process.env.BUSBAR_KEY ?? readFileSync('.busbar/admin.key', 'utf8').trim(),
  source: '/examples/shop',
});
await bus.putTopic('orders', { description: 'What customers order' });
await bus.putTopic('stock', { description: 'What leaves the shelves' });

// Shown only once: a real program stores it with its other secrets.
const { checkSecret } = (await bus.call('POST', '/check-secret')) as { checkSecret: string };

/** Represents the producer's own database. */
const placed = new Set<string>();
const server = createServer(
  createChecker({
    secret: checkSecret,
    onCheck: ({ transactionId }) => {
      console.log(`asked about ${transactionId}`);
      return placed.has(transactionId) ? 'commit' : 'rollback';
    },
  }),
);
const port = Number(process.env.CHECKER_PORT ?? 4250);
await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));

const events = (orderId: string) => [
  { topic: 'orders', type: 'order.placed', subject: orderId, data: { total: 42 } },
  { topic: 'stock', type: 'stock.reserved', subject: orderId, data: { sku: 'a-1', count: 2 } },
];
const checks = { checkUrl: `http://127.0.0.1:${port}/`, checkAfterSeconds: 2 };

// The normal case: begin, do the work, commit.
const first = await bus.begin(events('1001'), checks);
placed.add(first.id);
console.log(`${(await bus.commit(first.id)).state} ${first.id}`);

// This transaction is neither committed nor rolled back, so the bus asks.
const second = await bus.begin(events('1002'), checks);
placed.add(second.id);
for (let open = true; open; ) {
  await new Promise((resolve) => setTimeout(resolve, 200));
  const { state, decidedBy } = (await bus.call('GET', `/transactions/${second.id}`)) as {
    state: string;
    decidedBy?: string;
  };
  open = state === 'half';
  if (!open) console.log(`${state} ${second.id}, by its ${decidedBy}`);
}
server.close();
