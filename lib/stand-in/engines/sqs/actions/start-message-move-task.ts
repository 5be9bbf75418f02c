import type { Input, Operation, Permission } from '../../engine.ts';
import { rejectUnknownMembers } from '../../engine.ts';
import { invalidParameter, invalidValue, resourceNotFound } from '../errors.ts';
import { integer, requiredText, text } from '../input.ts';
import { limits } from '../limits.ts';
import type { Queue } from '../queue.ts';
import type { Sqs } from '../sqs.ts';

/**
 * Starts to move the messages of a dead-letter queue to another queue, or each back to its source. Without a rate it
 * moves 500 messages a second, the most that AWS allows; AWS would choose a rate by the backlog.
 */
export function startMessageMoveTask(sqs: Sqs): Operation {
  return {
    permissions: (input) => permissions(sqs, input),
    handle(input, caller) {
      rejectUnknownMembers('StartMessageMoveTask', input, [
        'SourceArn',
        'DestinationArn',
        'MaxNumberOfMessagesPerSecond',
      ]);
      const source = queueOfArn(sqs, requiredText(input, 'SourceArn'), 'SourceArn');
      const destinationArn = text(input, 'DestinationArn');
      const perSecond = integer(input, 'MaxNumberOfMessagesPerSecond');
      if (perSecond !== undefined && (perSecond < 1 || perSecond > limits.movePerSecondMax)) {
        throw invalidValue(perSecond, 'MaxNumberOfMessagesPerSecond', 'Must be between 1 and 500.');
      }
      if (sqs.sourcesOf(source.arn).length === 0) {
        throw invalidParameter('Source queue must be configured as a Dead Letter Queue.');
      }
      if (destinationArn !== undefined) checkDestination(sqs, source, destinationArn);
      const task = sqs.moveTasks.start(source, destinationArn, perSecond);
      sqs.bill(caller, source, 0);
      return { TaskHandle: encodeTaskHandle(task.id, source.arn) };
    },
  };
}

/** Source: "Configure permissions" of https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-configure-dead-letter-queue-redrive.html */
function permissions(sqs: Sqs, input: Input): Permission[] {
  const source = typeof input.SourceArn === 'string' ? input.SourceArn : sqs.arnOf('*');
  const destinations =
    typeof input.DestinationArn === 'string'
      ? [input.DestinationArn]
      : sqs.sourcesOf(source).map((queue) => queue.arn);
  return [
    ...movePermissions('StartMessageMoveTask', source),
    ...destinations.map((resource) => ({ action: 'sqs:SendMessage', resource })),
  ];
}

/** What each action on move tasks needs on the queue that is moved from. */
export function movePermissions(action: string, sourceArn: string): Permission[] {
  return [action, 'ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'].map((name) => ({
    action: `sqs:${name}`,
    resource: sourceArn,
  }));
}

function checkDestination(sqs: Sqs, source: Queue, destinationArn: string): void {
  const destination = queueOfArn(sqs, destinationArn, 'DestinationArn');
  if (destination === source) {
    throw invalidParameter("Source queue arn and destination queue arn can't be the same.");
  }
  if (destination.settings.fifo !== source.settings.fifo) {
    throw invalidParameter('Source and destination queue must be of the same type.');
  }
}

export function queueOfArn(sqs: Sqs, arn: string, parameter: string): Queue {
  if (!/^arn:[^:]+:sqs:[^:]+:[^:]+:[^:]+$/.test(arn)) {
    throw invalidParameter(
      `You must use this format to specify the ${parameter}: arn:<partition>:<service>:<region>:<account-id>:<resource-id>`,
    );
  }
  const queue = sqs.queueByArn(arn);
  if (queue === undefined) {
    throw resourceNotFound(`The resource that you specified for the ${parameter} parameter doesn't exist.`);
  }
  return queue;
}

export function encodeTaskHandle(taskId: string, sourceArn: string): string {
  return Buffer.from(JSON.stringify({ taskId, sourceArn })).toString('base64');
}

export function decodeTaskHandle(handle: string): { taskId: string; sourceArn: string } | undefined {
  try {
    const decoded: unknown = JSON.parse(Buffer.from(handle, 'base64').toString());
    const { taskId, sourceArn } = decoded as { taskId?: unknown; sourceArn?: unknown };
    if (typeof taskId === 'string' && typeof sourceArn === 'string') return { taskId, sourceArn };
  } catch {
    // Text that cannot be decoded is not a task handle.
  }
  return undefined;
}
