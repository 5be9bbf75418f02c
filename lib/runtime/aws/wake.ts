import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { functionArn } from '../../core/kernel/place.ts';
import type { Config } from '../config.ts';
import type { BaseRuntime } from '../runtime.ts';

/** Has a function look at once at what it would look at within a minute. */
export interface Wake {
  hold(topic: string): Promise<void>;
}

export function createWake(runtime: BaseRuntime, config: Config): Wake {
  const client = new LambdaClient(runtime.aws);
  return {
    async hold(topic) {
      await client.send(
        new InvokeCommand({
          FunctionName: functionArn(config, 'hold'),
          InvocationType: 'Event',
          Payload: Buffer.from(JSON.stringify({ topic })),
        }),
      );
    },
  };
}
