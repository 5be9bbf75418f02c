import { allResources } from '../../core/registry/resources.ts';
import type { World } from '../open.ts';
import { sqs } from './clients.ts';
import { countMessages } from './queue-messages.ts';

/** How much waits in the queues of a receiver. */
export interface WaitingCounts {
  /** In flight and dead letters included; as AWS counts, roughly. A queue that is not there holds nothing. */
  count(receiver: string): Promise<number>;
}

export function createWaitingCounts(world: World): WaitingCounts {
  const { config } = world;
  const client = world.use(sqs);
  return {
    async count(receiver) {
      let waiting = 0;
      for (const { name } of allResources(config, receiver).queues) {
        const url = `${config.queueUrlBase}/${name}`;
        const { ready, hidden, delayed } = await countMessages(client, url, { mayBeMissing: true });
        waiting += ready + hidden + delayed;
      }
      return waiting;
    },
  };
}
