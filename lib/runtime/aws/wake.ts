import { InvokeCommand } from '@aws-sdk/client-lambda';
import { functionArn } from '../../core/kernel/place.ts';
import type { World } from '../open.ts';
import { lambda } from './clients.ts';

/** Has a function look at once at what it would look at within a minute. */
export interface Wake {
  hold(topic: string): Promise<void>;
}

export function createWake(world: World): Wake {
  const { config } = world;
  const client = world.use(lambda);
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
