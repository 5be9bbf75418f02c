import { availableParallelism, cpus, totalmem } from 'node:os';
import type { Limit, Limits } from './processes/limits.ts';
import { startWorker } from './processes/worker.ts';
import type { Scope } from './scope.ts';
import { type Ends, withDirectory } from './stand.ts';

/** The machine that a run was measured on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  readonly platform: string;
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
  };
}

export interface NamedLimit extends Limit {
  readonly name: string;
}

/** Measures the steps of a delivery alone, to compare the bus with: one round of each. */
export async function measureLimits({ sink, sinkUrl }: Ends, { seconds }: Scope): Promise<NamedLimit[]> {
  const each = seconds / 2;
  return await withDirectory(async (directory) => {
    const limits = startWorker<Limits>('limits');
    try {
      await sink.call('reset', null);
      const input = { directory, seconds: each };
      return [
        {
          name: 'signed POSTs to the sink',
          ...(await limits.call('signedPosts', { url: sinkUrl, seconds: each })),
        },
        { name: 'SQS send, receive, delete: messages', ...(await limits.call('sqsCycle', input)) },
        { name: 'SNS PublishBatch to a queue: messages', ...(await limits.call('snsPublish', input)) },
        { name: 'DynamoDB PutItem of 1 KB', ...(await limits.call('dynamodbPut', input)) },
      ];
    } finally {
      await limits.stop();
    }
  });
}
