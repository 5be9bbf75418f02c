import { createDynamodb, type DynamodbEngine } from './dynamodb/index.ts';
import type { Unsubscribe } from './dynamodb/streams.ts';
import { createDynamodbStreams } from './dynamodbstreams/index.ts';
import type { Engine, Host } from './engine.ts';

/** The builders of both engines, to be run in this order, and the hook for those who wait for stream records. */
export interface DynamodbEngines {
  readonly builders: readonly [(host: Host) => DynamodbEngine, (host: Host) => Engine];
  /**
   * Calls `listener` after records were added to a stream and committed (or the stream was disabled), once for all of a
   * turn. It stands for the service's own pollers, which find records in less than a second: who listens reads by
   * GetRecords as before, and need not ask again and again. Records from before the call are not announced.
   */
  onStreamRecords(streamArn: string, listener: () => void): Unsubscribe;
}

export function dynamodbEngines(): DynamodbEngines {
  let dynamodb: DynamodbEngine | undefined;
  const built = (): DynamodbEngine => {
    if (dynamodb === undefined)
      throw new Error('The DynamoDB engine is built before what needs its streams.');
    return dynamodb;
  };
  return {
    builders: [
      (host) => {
        dynamodb = createDynamodb(host);
        return dynamodb;
      },
      (host) => createDynamodbStreams(host, built().streams),
    ],
    onStreamRecords: (streamArn, listener) => built().streams.onRecords(streamArn, listener),
  };
}
