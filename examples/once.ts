/**
 * Books each payment of the topic `payments` once, however often it is delivered. Start a bus with `npm start`, then run:
 * npx node examples/once.ts
 * To see it work, run this twice: npx busbar publish payments '{"amount": 5}' --type payment.received --id p-1
 * Optional variables: BUSBAR_URL and BUSBAR_KEY of another bus, ENDPOINT (how that bus reaches this program), and
 * CONSUMER_PORT (where this program listens). DYNAMODB_ENDPOINT=http://127.0.0.1:4566 records payments in a table of the
 * local bus instead of in memory, which survives restarts and works for several consumers; for it, run `. .busbar/aws.env`
 * first, which sets the credentials.
 */
import { randomBytes } from 'node:crypto';
import { once as nextEvent } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { CreateTableCommand, DynamoDBClient, ResourceInUseException } from '@aws-sdk/client-dynamodb';
import { createClient, createReceiver, memoryStore, once } from 'busbar/client';
import { dynamoDbStore } from 'busbar/client/dynamodb';

const secret = process.env.BUSBAR_SECRET ?? `whsec_${randomBytes(32).toString('base64')}`;
const port = Number(process.env.CONSUMER_PORT ?? 4301);

/** Creates a table for finished work: the partition key is `id`. In production, enable TTL on `expiresAt`. */
async function sharedStore(endpoint: string) {
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1' });
  try {
    await client.send(
      new CreateTableCommand({
        TableName: 'payments-done',
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      }),
    );
  } catch (error) {
    // An earlier run has created the table.
    if (!(error instanceof ResourceInUseException)) throw error;
  }
  return dynamoDbStore({ client, table: 'payments-done' });
}

const endpoint = process.env.DYNAMODB_ENDPOINT;
const store = endpoint === undefined ? memoryStore() : await sharedStore(endpoint);

const receiver = createReceiver({
  secret,
  format: 'structured',
  onEvent: once(
    {
      store,
      // The delivery id is the same for all attempts; the event's id is also the same if the producer publishes twice.
      keyOf: ({ event }) => JSON.stringify([event.source, event.id]),
      onDuplicate: ({ event }) => console.log('again', event.id),
    },
    (event) => console.log('booked', event.id, event.data),
  ),
});
await nextEvent(createServer(receiver.node).listen(port, '127.0.0.1'), 'listening');
console.log(`Listening on port ${port}.`);

const bus = createClient({
  url: process.env.BUSBAR_URL ?? 'http://127.0.0.1:4100',
  key: process.env.BUSBAR_KEY ?? readFileSync('.busbar/admin.key', 'utf8').trim(),
});
await bus.putTopic('payments', { description: 'What customers pay' });
await bus.putReceiver('ledger', { endpoint: process.env.ENDPOINT ?? `http://127.0.0.1:${port}/`, secret });
await bus.putSubscription('payments', 'ledger');
