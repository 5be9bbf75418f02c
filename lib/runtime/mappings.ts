import {
  type EventSourceMappingConfiguration,
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { queueArn } from '../core/resources.ts';
import type { Config } from './config.ts';
import type { BaseRuntime } from './runtime.ts';

/** The event source mappings that consume a receiver's queues. */
export interface Mappings {
  /** Starts or stops consuming the receiver's online lane. AWS takes up to a minute to act on it. */
  setEnabled(receiver: string, enabled: boolean): Promise<void>;
}

export function createMappings(runtime: BaseRuntime, config: Config): Mappings {
  const client = new LambdaClient(runtime.aws);
  return {
    async setEnabled(receiver, enabled) {
      const mapping = await findMapping(client, config, queueArn(config, receiver, 'online'));
      if (mapping?.UUID === undefined) return;
      await client.send(new UpdateEventSourceMappingCommand({ UUID: mapping.UUID, Enabled: enabled }));
    },
  };
}

/** The mapping of a queue to the deliver function; a queue has at most one. */
export async function findMapping(
  client: LambdaClient,
  config: Config,
  eventSourceArn: string,
): Promise<EventSourceMappingConfiguration | undefined> {
  const answer = await client.send(
    new ListEventSourceMappingsCommand({
      EventSourceArn: eventSourceArn,
      FunctionName: config.deliverFunction,
    }),
  );
  return answer.EventSourceMappings?.[0];
}
