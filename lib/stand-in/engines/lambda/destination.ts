import type { Host } from '../engine.ts';
import type { Outcome } from './instances.ts';
import type { AsyncEvent, StoredFunction } from './model.ts';
import { queueUrl } from './names.ts';

/** Sends a text to a queue as the role of the function, as destinations do. */
export async function sendToQueue(
  host: Host,
  roleArn: string,
  queueArn: string,
  body: string,
): Promise<void> {
  await host.call(
    'sqs',
    'SendMessage',
    { QueueUrl: queueUrl(host, queueArn), MessageBody: body },
    { kind: 'role', roleArn },
  );
}

/**
 * Sends the record of an asynchronous invocation to its destination
 * (https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html).
 */
export async function deliverInvocationRecord(
  host: Host,
  target: StoredFunction,
  event: AsyncEvent,
  condition: string,
  outcome: Outcome | undefined,
  queueArn: string,
): Promise<void> {
  const record = {
    version: '1.0',
    timestamp: new Date(host.clock.now()).toISOString(),
    requestContext: {
      requestId: event.requestId,
      functionArn: `${target.arn}:$LATEST`,
      condition,
      approximateInvokeCount: event.invocations,
    },
    requestPayload: JSON.parse(event.payload) as unknown,
    ...(outcome === undefined
      ? {}
      : {
          responseContext: {
            statusCode: 200,
            executedVersion: '$LATEST',
            ...(outcome.functionError === undefined ? {} : { functionError: outcome.functionError }),
          },
          responsePayload: JSON.parse(outcome.payload) as unknown,
        }),
  };
  await sendToQueue(host, target.roleArn, queueArn, JSON.stringify(record));
}
