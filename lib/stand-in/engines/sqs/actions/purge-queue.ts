import type { Operation } from '../../engine.ts';
import { rejectUnknownMembers } from '../../engine.ts';
import { purgeQueueInProgress } from '../errors.ts';
import { limits } from '../limits.ts';
import type { Sqs } from '../sqs.ts';

/** Deletes every message of a queue at once. A second purge within 60 s is rejected. */
export function purgeQueue(sqs: Sqs): Operation {
  return {
    permissions: (input) => [sqs.permission('PurgeQueue', input)],
    handle(input, caller) {
      rejectUnknownMembers('PurgeQueue', input, ['QueueUrl']);
      const queue = sqs.queueOf(input);
      const nowMs = sqs.host.clock.now();
      const { purgedMs } = queue.row;
      if (purgedMs !== undefined && nowMs - purgedMs < limits.purgeIntervalMs) {
        throw purgeQueueInProgress(queue.row.name);
      }
      sqs.bill(caller, queue, 0);
      queue.row.purgedMs = nowMs;
      queue.save();
      queue.purge();
      return {};
    },
  };
}
