import type { Engine, Host } from '../engine.ts';
import { cancelMessageMoveTask } from './actions/cancel-message-move-task.ts';
import { changeMessageVisibility } from './actions/change-message-visibility.ts';
import { changeMessageVisibilityBatch } from './actions/change-message-visibility-batch.ts';
import { createQueue } from './actions/create-queue.ts';
import { deleteMessage } from './actions/delete-message.ts';
import { deleteMessageBatch } from './actions/delete-message-batch.ts';
import { deleteQueue } from './actions/delete-queue.ts';
import { getQueueAttributes } from './actions/get-queue-attributes.ts';
import { getQueueUrl } from './actions/get-queue-url.ts';
import { listDeadLetterSourceQueues } from './actions/list-dead-letter-source-queues.ts';
import { listMessageMoveTasks } from './actions/list-message-move-tasks.ts';
import { listQueueTags } from './actions/list-queue-tags.ts';
import { listQueues } from './actions/list-queues.ts';
import { purgeQueue } from './actions/purge-queue.ts';
import { receiveMessage } from './actions/receive-message.ts';
import { sendMessage } from './actions/send-message.ts';
import { sendMessageBatch } from './actions/send-message-batch.ts';
import { setQueueAttributes } from './actions/set-queue-attributes.ts';
import { startMessageMoveTask } from './actions/start-message-move-task.ts';
import { tagQueue } from './actions/tag-queue.ts';
import { untagQueue } from './actions/untag-queue.ts';
import { limits } from './limits.ts';
import { Sqs } from './sqs.ts';

export interface SqsOptions {
  /** How long the name of a deleted queue stays taken, in milliseconds; 60,000 by default, as on AWS. */
  readonly recreateAfterMs?: number;
}

/**
 * Amazon SQS (API version 2012-11-05). docs/stand-in/sqs.md says what is modelled and what differs from AWS.
 * AddPermission and RemovePermission are not supported: set the Policy attribute instead.
 */
export function createSqs(host: Host, options: SqsOptions = {}): Engine {
  const sqs = new Sqs(host, options.recreateAfterMs ?? limits.recreateAfterMs);
  return {
    service: 'sqs',
    operations: {
      CancelMessageMoveTask: cancelMessageMoveTask(sqs),
      ChangeMessageVisibility: changeMessageVisibility(sqs),
      ChangeMessageVisibilityBatch: changeMessageVisibilityBatch(sqs),
      CreateQueue: createQueue(sqs),
      DeleteMessage: deleteMessage(sqs),
      DeleteMessageBatch: deleteMessageBatch(sqs),
      DeleteQueue: deleteQueue(sqs),
      GetQueueAttributes: getQueueAttributes(sqs),
      GetQueueUrl: getQueueUrl(sqs),
      ListDeadLetterSourceQueues: listDeadLetterSourceQueues(sqs),
      ListMessageMoveTasks: listMessageMoveTasks(sqs),
      ListQueues: listQueues(sqs),
      ListQueueTags: listQueueTags(sqs),
      PurgeQueue: purgeQueue(sqs),
      ReceiveMessage: receiveMessage(sqs),
      SendMessage: sendMessage(sqs),
      SendMessageBatch: sendMessageBatch(sqs),
      SetQueueAttributes: setQueueAttributes(sqs),
      StartMessageMoveTask: startMessageMoveTask(sqs),
      TagQueue: tagQueue(sqs),
      UntagQueue: untagQueue(sqs),
    },
    resourcePolicy: (resourceArn) => sqs.queueByArn(resourceArn)?.settings.policy,
    resume() {
      sqs.moveTasks.resume();
    },
    async close() {
      sqs.close();
    },
  };
}
