import { AwsError, type Host, type Input } from '../engine.ts';
import type { Invocation } from './model.ts';

interface TargetCall {
  readonly service: 'sqs' | 'lambda';
  readonly action: string;
  readonly input: Input;
}

/** Calls the target as the role of the schedule. Rejects with the error of the target. */
export async function callTarget(host: Host, invocation: Invocation): Promise<void> {
  const { service, action, input } = targetCall(host, invocation);
  await host.call(service, action, input, { kind: 'role', roleArn: invocation.target.roleArn });
}

function targetCall(host: Host, invocation: Invocation): TargetCall {
  const { target } = invocation;
  const body = bodyOf(host, invocation);
  if (target.arn.split(':')[2] === 'sqs') {
    return {
      service: 'sqs',
      action: 'SendMessage',
      input: {
        QueueUrl: queueUrl(host, target.arn),
        MessageBody: body,
        ...(target.messageGroupId === undefined ? {} : { MessageGroupId: target.messageGroupId }),
      },
    };
  }
  return {
    service: 'lambda',
    action: 'Invoke',
    input: { FunctionName: target.arn, InvocationType: 'Event', Payload: Buffer.from(body) },
  };
}

/**
 * The input with its context attributes filled in
 * (https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html); without an
 * input, Scheduler's default event.
 */
function bodyOf(host: Host, invocation: Invocation): string {
  const { target } = invocation;
  const time = new Date(invocation.occurrenceMs).toISOString().replace('.000Z', 'Z');
  if (target.input === undefined) {
    return JSON.stringify({
      version: '0',
      id: invocation.id,
      'detail-type': 'Scheduled Event',
      source: 'aws.scheduler',
      account: host.account,
      time,
      region: host.region,
      resources: [invocation.scheduleArn],
      detail: '{}',
    });
  }
  if (!target.input.includes('<aws.scheduler.')) return target.input;
  return target.input
    .replaceAll('<aws.scheduler.schedule-arn>', invocation.scheduleArn)
    .replaceAll('<aws.scheduler.scheduled-time>', time)
    .replaceAll('<aws.scheduler.execution-id>', invocation.id)
    .replaceAll('<aws.scheduler.attempt-number>', String(invocation.attempts + 1));
}

/**
 * Sends the dead-letter event of an invocation: the request as its body, the cause in its attributes
 * (https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html).
 */
export async function sendToDeadLetters(
  host: Host,
  invocation: Invocation,
  queueArn: string,
  error: unknown,
  exhausted: string,
): Promise<void> {
  const { target } = invocation;
  const { service, input } = targetCall(host, invocation);
  const code = error instanceof AwsError ? (error.queryCode ?? error.code) : 'InternalError';
  const attributes = {
    ERROR_CODE: code,
    ERROR_MESSAGE: error instanceof Error ? error.message : String(error),
    EXECUTION_ID: invocation.id,
    EXHAUSTED_RETRY_CONDITION: exhausted,
    IS_PAYLOAD_TRUNCATED: 'false',
    RETRY_ATTEMPTS: String(invocation.attempts),
    SCHEDULE_ARN: invocation.scheduleArn,
    TARGET_ARN: target.arn,
  };
  const body = service === 'sqs' ? input : { ...input, Payload: bodyOf(host, invocation) };
  await host.call(
    'sqs',
    'SendMessage',
    {
      QueueUrl: queueUrl(host, queueArn),
      MessageBody: JSON.stringify(body),
      MessageAttributes: Object.fromEntries(
        Object.entries(attributes)
          // SQS rejects an empty attribute.
          .filter(([, value]) => value !== '')
          .map(([name, value]) => [name, { DataType: 'String', StringValue: value }]),
      ),
    },
    { kind: 'role', roleArn: target.roleArn },
  );
}

function queueUrl(host: Pick<Host, 'endpoint'>, queueArn: string): string {
  const [, , , , account = '', name = ''] = queueArn.split(':');
  return `${host.endpoint}/${account}/${name}`;
}
