import { CreateTableCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { streamTo, transactionBus } from '../transaction/transaction-bus.ts';

export const outboxTable = 'busbar-outbox';

/** The test bus with an outbox, whose stream the relay reads. */
export async function outboxBus() {
  const bus = await transactionBus();
  await bus.dynamodb.send(
    new CreateTableCommand({
      TableName: outboxTable,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'KEYS_ONLY' },
    }),
  );
  await streamTo(bus, outboxTable, { eventName: ['INSERT', 'MODIFY'] });
  return {
    ...bus,
    /** What lies in the outbox. */
    async entries() {
      const { Items = [] } = await bus.dynamodb.send(new ScanCommand({ TableName: outboxTable }));
      return Items;
    },
  };
}

export type OutboxBus = Awaited<ReturnType<typeof outboxBus>>;
