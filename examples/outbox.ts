/**
 * Stores an order and its event in one DynamoDB transaction, so that either both happen or neither. This program sends
 * nothing: the bus publishes the entry from its outbox. Start a bus with `npm start`, then run:
 * . .busbar/aws.env && npx node examples/outbox.ts
 * Optional variables: AWS_ENDPOINT_URL, ORDERS_TABLE and OUTBOX_TABLE.
 */
import { CreateTableCommand, DynamoDBClient, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { outboxEntry } from 'busbar/client';

const dynamodb = new DynamoDBClient({
  region: 'us-east-1',
  endpoint: process.env.AWS_ENDPOINT_URL ?? 'http://127.0.0.1:4566',
});
const TableName = process.env.ORDERS_TABLE ?? 'example-orders';

await dynamodb
  .send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'orderId', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'orderId', KeyType: 'HASH' }],
    }),
  )
  .catch((error: Error) => {
    if (error.name !== 'ResourceInUseException') throw error;
  });

const orderId = `order-${Date.now()}`;
await dynamodb.send(
  new TransactWriteItemsCommand({
    TransactItems: [
      {
        Put: {
          TableName,
          Item: { orderId: { S: orderId }, total: { N: '42' }, version: { N: '1' } },
          ConditionExpression: 'attribute_not_exists(orderId)',
        },
      },
      outboxEntry({
        table: process.env.OUTBOX_TABLE ?? 'busbar-outbox',
        application: process.env.BUSBAR_APPLICATION ?? 'admin',
        topic: 'orders',
        // The events of one order are published in the order of its versions.
        key: orderId,
        sequence: 1,
        event: { type: 'order.placed', id: `${orderId}-1`, subject: orderId, data: { total: 42 } },
      }),
    ],
  }),
);
console.log(`placed ${orderId}`);
