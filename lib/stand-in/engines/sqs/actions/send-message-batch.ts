import type { Operation } from '../../engine.ts';
import { rejectUnknownMembers } from '../../engine.ts';
import { type Entry, eachEntry, readEntries } from '../batch.ts';
import { batchRequestTooLong, invalidParameter } from '../errors.ts';
import { limits } from '../limits.ts';
import { deduplicationIdIsMissing, messageMembers, readMessage, requestBytes } from '../message-request.ts';
import type { Queue } from '../queue.ts';
import type { Sqs } from '../sqs.ts';
import { store } from './send-message.ts';

/** Sends up to ten messages in order, each with its own result. */
export function sendMessageBatch(sqs: Sqs): Operation {
  return {
    permissions: (input) => [sqs.permission('SendMessage', input)],
    handle(input, caller) {
      rejectUnknownMembers('SendMessageBatch', input, ['QueueUrl', 'Entries']);
      const queue = sqs.queueOf(input);
      const entries = readEntries(input, 'SendMessageBatchRequestEntry');
      for (const entry of entries) {
        rejectUnknownMembers('SendMessageBatch', entry.input, ['Id', ...messageMembers]);
      }
      if (queue.settings.fifo) checkFifoMembers(entries, queue);
      const bytes = entries.reduce((sum, entry) => sum + requestBytes(entry.input), 0);
      if (bytes > limits.messageBytesMax) throw batchRequestTooLong(limits.messageBytesMax, bytes);
      const fair = entries.some((entry) => entry.input.MessageGroupId !== undefined);
      sqs.bill(caller, queue, bytes, fair);
      return eachEntry(entries, (entry) => store(queue, readMessage(entry.input, queue.settings, caller)));
    },
  };
}

/** What a FIFO queue misses in one entry fails the whole batch, as AWS was recorded to answer. */
function checkFifoMembers(entries: readonly Entry[], queue: Queue): void {
  for (const { input } of entries) {
    if (input.MessageDeduplicationId === undefined && !queue.settings.contentBasedDeduplication) {
      throw deduplicationIdIsMissing();
    }
    if (input.MessageGroupId === undefined) {
      throw invalidParameter('The request must contain the parameter MessageGroupId.');
    }
  }
}
