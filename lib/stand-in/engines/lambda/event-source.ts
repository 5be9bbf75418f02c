import { AwsError, type Caller, type Host } from '../engine.ts';
import { invalidParameter } from './errors.ts';
import type { StoredFunction } from './model.ts';
import { isQueueArn, queueUrl } from './names.ts';

/**
 * Rejects what AWS rejects when a mapping is created: a source that does not exist, a role that may not read it, and
 * a queue whose messages would become visible again while the function still works on them.
 */
export async function checkEventSource(host: Host, target: StoredFunction, arn: string): Promise<void> {
  const role: Caller = { kind: 'role', roleArn: target.roleArn };
  if (isQueueArn(arn)) {
    for (const action of ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes']) {
      mayRead(host, role, 'SQS', 'sqs', action, arn);
    }
    await checkVisibility(host, role, target, arn);
  } else {
    for (const action of ['GetRecords', 'GetShardIterator', 'DescribeStream']) {
      mayRead(host, role, 'DynamoDB', 'dynamodb', action, arn);
    }
    await translated('DynamoDB', 'DescribeStream', arn, () =>
      host.call('dynamodbstreams', 'DescribeStream', { StreamArn: arn }, role),
    );
  }
}

function mayRead(
  host: Host,
  role: Caller,
  label: string,
  service: string,
  action: string,
  arn: string,
): void {
  try {
    host.authorize(role, [{ action: `${service}:${action}`, resource: arn }]);
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw invalidParameter(
      `The function execution role does not have permissions to call ${action} on ${label}`,
    );
  }
}

async function checkVisibility(host: Host, role: Caller, target: StoredFunction, arn: string): Promise<void> {
  const output = await translated('SQS', 'ReceiveMessage', arn, () =>
    host.call(
      'sqs',
      'GetQueueAttributes',
      { QueueUrl: queueUrl(host, arn), AttributeNames: ['VisibilityTimeout'] },
      role,
    ),
  );
  const attributes = output?.Attributes as Readonly<Record<string, string>> | undefined;
  const visibilitySeconds = Number(attributes?.VisibilityTimeout);
  if (visibilitySeconds < target.timeoutSeconds) {
    throw invalidParameter(
      `Queue visibility timeout: ${visibilitySeconds} seconds is less than Function timeout: ${target.timeoutSeconds} seconds`,
    );
  }
}

/** Reports an error of the source service as Lambda does. */
async function translated<T>(
  label: string,
  action: string,
  arn: string,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    if (error.code === 'ResourceNotFoundException') throw invalidParameter(`Stream not found: ${arn}`);
    throw invalidParameter(
      `Error occurred while ${action}. ${label} Error Code: ${error.queryCode ?? error.code}. ${label} Error Message: ${error.message}`,
    );
  }
}
