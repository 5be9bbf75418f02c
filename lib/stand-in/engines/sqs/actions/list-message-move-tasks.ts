import type { Operation } from '../../engine.ts';
import { rejectUnknownMembers } from '../../engine.ts';
import { invalidValue } from '../errors.ts';
import { integer, requiredText } from '../input.ts';
import { limits } from '../limits.ts';
import type { MoveTask } from '../move-tasks.ts';
import type { Sqs } from '../sqs.ts';
import { encodeTaskHandle, movePermissions, queueOfArn } from './start-message-move-task.ts';

/** The latest move tasks of a queue; only one unless `MaxResults` asks for more. */
export function listMessageMoveTasks(sqs: Sqs): Operation {
  return {
    permissions: (input) =>
      movePermissions(
        'ListMessageMoveTasks',
        typeof input.SourceArn === 'string' ? input.SourceArn : sqs.arnOf('*'),
      ),
    handle(input, caller) {
      rejectUnknownMembers('ListMessageMoveTasks', input, ['SourceArn', 'MaxResults']);
      const source = queueOfArn(sqs, requiredText(input, 'SourceArn'), 'SourceArn');
      const maxResults = integer(input, 'MaxResults') ?? 1;
      if (maxResults < 1 || maxResults > limits.moveTasksListedMax) {
        throw invalidValue(maxResults, 'MaxResults', 'Must be between 1 and 10.');
      }
      sqs.bill(caller, source, 0);
      return { Results: sqs.moveTasks.of(source.arn).slice(0, maxResults).map(present) };
    },
  };
}

function present(task: MoveTask): Readonly<Record<string, unknown>> {
  return {
    ...(task.status === 'RUNNING' ? { TaskHandle: encodeTaskHandle(task.id, task.sourceArn) } : {}),
    Status: task.status,
    SourceArn: task.sourceArn,
    ...(task.destinationArn === undefined ? {} : { DestinationArn: task.destinationArn }),
    ...(task.perSecond === undefined ? {} : { MaxNumberOfMessagesPerSecond: task.perSecond }),
    ApproximateNumberOfMessagesMoved: task.moved,
    ApproximateNumberOfMessagesToMove: task.toMove,
    ...(task.failureReason === undefined ? {} : { FailureReason: task.failureReason }),
    StartedTimestamp: task.startedMs,
  };
}
