import type { Engine, Host } from '../engine.ts';
import { cancelMessageMoveTask } from './cancel-message-move-task.ts';
import { changeMessageVisibility } from './change-message-visibility.ts';
import { changeMessageVisibilityBatch } from './change-message-visibility-batch.ts';
import { createQueue } from './create-queue.ts';
import { deleteMessage } from './delete-message.ts';
import { deleteMessageBatch } from './delete-message-batch.ts';
import { deleteQueue } from './delete-queue.ts';
import { getQueueAttributes } from './get-queue-attributes.ts';
import { getQueueUrl } from './get-queue-url.ts';
import { listDeadLetterSourceQueues } from './list-dead-letter-source-queues.ts';
import { listMessageMoveTasks } from './list-message-move-tasks.ts';
import { listQueueTags } from './list-queue-tags.ts';
import { listQueues } from './list-queues.ts';
import { purgeQueue } from './purge-queue.ts';
import { receiveMessage } from './receive-message.ts';
import { sendMessage } from './send-message.ts';
import { sendMessageBatch } from './send-message-batch.ts';
import { setQueueAttributes } from './set-queue-attributes.ts';
import { Sqs } from './sqs.ts';
import { startMessageMoveTask } from './start-message-move-task.ts';
import { tagQueue } from './tag-queue.ts';
import { untagQueue } from './untag-queue.ts';

/**
 * The stand-in of Amazon SQS (API version 2012-11-05). What it models and where it differs from AWS is listed in
 * docs/engines/sqs.md. AddPermission and RemovePermission are not there: set the Policy attribute instead.
 */
export function createSqs(host: Host): Engine {
  const sqs = new Sqs(host);
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
