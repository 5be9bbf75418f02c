import {
  type EventSourceMappingConfiguration,
  type LambdaClient,
  ListEventSourceMappingsCommand,
  ResourceInUseException,
  ResourceNotFoundException,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { BusbarError } from '../../core/kernel/errors.ts';
import { type Lane, queueArn } from '../../core/kernel/place.ts';
import { sleep } from '../../core/kernel/sleep.ts';
import type { World } from '../open.ts';
import { lambda } from './clients.ts';

/** The event source mappings that consume a receiver's queues. */
export interface Mappings {
  /** Starts or stops consuming a lane of the receiver. AWS takes up to a minute to act on it. */
  setEnabled(receiver: string, lane: Lane, enabled: boolean): Promise<void>;
}

export function createMappings(world: World): Mappings {
  const { config } = world;
  const client = world.use(lambda);
  return {
    async setEnabled(receiver, lane, enabled) {
      const mapping = await findMapping(client, queueArn(config, receiver, lane));
      if (mapping?.UUID === undefined) return;
      // The control plane allows few calls a second, so that none is made for nothing.
      if (mapping.State === (enabled ? 'Enabled' : 'Disabled')) return;
      const { UUID } = mapping;
      // One that is gone belonged to a receiver that was deleted at the same time: there is nothing to poll.
      await changeMapping(world, client, mapping, () =>
        client.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: enabled })),
      );
    },
  };
}

/** For how long a change waits for an earlier one; AWS names no bound, and the API gives up after 30 s. */
const settleSecondsMax = 20;

/**
 * Makes a change to a mapping as soon as an earlier change of it is through: until then Lambda refuses.
 * @throws BusbarError conflict when that takes too long.
 */
async function whenSettled<Answer>(world: World, change: () => Promise<Answer>): Promise<Answer> {
  const { clock, random } = world;
  const untilMs = clock.now() + settleSecondsMax * 1000;
  for (let waitMs = 100; ; waitMs = Math.min(waitMs * 2, 3000)) {
    try {
      return await change();
    } catch (error) {
      if (!(error instanceof ResourceInUseException)) throw error;
      if (clock.now() + waitMs > untilMs) {
        throw new BusbarError(
          'conflict',
          'AWS is still carrying out an earlier change of this receiver. Try again in a minute.',
          { cause: error, retryAfterSeconds: 60 },
        );
      }
    }
    await sleep(clock, waitMs * (0.5 + random.next() / 2));
  }
}

/**
 * Makes a change to a mapping; answers false when the mapping is gone by now. Of one that is gone nobody can tell whose
 * function it invokes, so that IAM refuses by our condition on the function what Lambda would not find.
 * @throws BusbarError conflict.
 */
export async function changeMapping(
  world: World,
  client: LambdaClient,
  { UUID, EventSourceArn = '' }: EventSourceMappingConfiguration,
  change: () => Promise<unknown>,
): Promise<boolean> {
  try {
    await whenSettled(world, change);
    return true;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return false;
    if ((error as Error).name !== 'AccessDeniedException') throw error;
    const standing = await findMapping(client, EventSourceArn);
    if (standing?.UUID === UUID) throw error;
    return false;
  }
}

/** The mapping of a queue to the function that consumes it, whichever that is; a queue has at most one. */
export async function findMapping(
  client: LambdaClient,
  eventSourceArn: string,
): Promise<EventSourceMappingConfiguration | undefined> {
  const answer = await client.send(new ListEventSourceMappingsCommand({ EventSourceArn: eventSourceArn }));
  return answer.EventSourceMappings?.[0];
}
