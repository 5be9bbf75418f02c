import { DescribeTableCommand } from '@aws-sdk/client-dynamodb';
import { CreateEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import { CreateQueueCommand } from '@aws-sdk/client-sqs';
import { createFunction } from '../../stand-in/lambda.ts';
import { environment, type TestBus, testBus } from '../bus.ts';

/** The test bus with what transactions need: the stream of the table, their queue and their functions. */
export async function transactionBus() {
  const bus = await testBus();
  await bus.sqs.send(
    new CreateQueueCommand({ QueueName: 'busbar-transactions', Attributes: { VisibilityTimeout: '360' } }),
  );
  for (const name of ['busbar-check-transaction', 'busbar-relay']) {
    await createFunction(bus.lambda, name, { Timeout: 60 });
  }
  await bus.lambda.send(
    new CreateEventSourceMappingCommand({
      FunctionName: 'busbar-check-transaction',
      EventSourceArn: 'arn:aws:sqs:us-east-1:000000000000:busbar-transactions',
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 10 },
    }),
  );
  await streamTo(bus, environment.BUSBAR_TABLE, {
    eventName: ['INSERT', 'MODIFY'],
    dynamodb: { NewImage: { wakes: { S: ['relay'] } } },
  });
  return {
    ...bus,
    transactionQueue: `${bus.config.queueUrlBase}/busbar-transactions`,
  };
}

export type TransactionBus = Awaited<ReturnType<typeof transactionBus>>;

/** Has the relay read the stream of a table, as the stack does. */
export async function streamTo(
  bus: Pick<TestBus, 'dynamodb' | 'lambda'>,
  TableName: string,
  pattern: object,
): Promise<void> {
  const { Table } = await bus.dynamodb.send(new DescribeTableCommand({ TableName }));
  await bus.lambda.send(
    new CreateEventSourceMappingCommand({
      FunctionName: 'busbar-relay',
      EventSourceArn: Table?.LatestStreamArn,
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: 100,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 3,
      FilterCriteria: { Filters: [{ Pattern: JSON.stringify(pattern) }] },
    }),
  );
}
