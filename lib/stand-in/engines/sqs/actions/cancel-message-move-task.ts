import type { Operation } from '../../engine.ts';
import { rejectUnknownMembers } from '../../engine.ts';
import { invalidParameter } from '../errors.ts';
import { requiredText } from '../input.ts';
import type { Sqs } from '../sqs.ts';
import { decodeTaskHandle, movePermissions, queueOfArn } from './start-message-move-task.ts';

/** Stops a running move task. It is cancelled at once, without AWS's state CANCELLING. */
export function cancelMessageMoveTask(sqs: Sqs): Operation {
  return {
    permissions(input) {
      const decoded = typeof input.TaskHandle === 'string' ? decodeTaskHandle(input.TaskHandle) : undefined;
      return movePermissions('CancelMessageMoveTask', decoded?.sourceArn ?? sqs.arnOf('*'));
    },
    handle(input, caller) {
      rejectUnknownMembers('CancelMessageMoveTask', input, ['TaskHandle']);
      const decoded = decodeTaskHandle(requiredText(input, 'TaskHandle'));
      if (decoded === undefined) throw invalidParameter('Value for parameter TaskHandle is invalid.');
      const source = queueOfArn(sqs, decoded.sourceArn, 'SourceArn');
      const task = sqs.moveTasks.cancel(decoded.taskId);
      sqs.bill(caller, source, 0);
      return { ApproximateNumberOfMessagesMoved: task.moved };
    },
  };
}
