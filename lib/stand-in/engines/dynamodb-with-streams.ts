import { createDynamodb, type DynamodbEngine } from './dynamodb/index.ts';
import type { Unsubscribe } from './dynamodb/streams.ts';
import { createDynamodbStreams } from './dynamodbstreams/index.ts';
import type { Engine, Host } from './engine.ts';

/** The builders of both engines, in the order in which they must be built, and a way to wait for stream records. */
export interface DynamodbEngines {
  readonly builders: readonly [(host: Host) => DynamodbEngine, (host: Host) => Engine];
  /**
   * Calls `listener` after records were added to a stream and committed, or the stream was disabled; once for all
   * records of a turn. It replaces the polling of AWS's own services, which find records in less than a second: a
   * listener reads with GetRecords when it is called instead of polling. Records from before the subscription are not
   * announced.
   */
  onStreamRecords(streamArn: string, listener: () => void): Unsubscribe;
}

export function dynamodbEngines(): DynamodbEngines {
  let dynamodb: DynamodbEngine | undefined;
  const built = (): DynamodbEngine => {
    if (dynamodb === undefined) throw new Error('Build the DynamoDB engine before what uses its streams.');
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
