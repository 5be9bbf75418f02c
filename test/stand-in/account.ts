import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SchedulerClient } from '@aws-sdk/client-scheduler';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { type Authorize, createAws } from '../../lib/stand-in/aws.ts';
import { virtualClock } from '../../lib/stand-in/clock.ts';
import {
  type Caller,
  type CpuTime,
  type Engine,
  type Host,
  root,
} from '../../lib/stand-in/engines/engine.ts';
import { countingMeter } from '../../lib/stand-in/meter.ts';
import { seededRandom } from '../../lib/stand-in/random.ts';
import { requestHandler } from '../../lib/stand-in/request-handler.ts';
import { memoryStore } from '../../lib/stand-in/store.ts';

/**
 * An account for a contract test: the given engines in memory, a clock that the test moves, and real SDK clients.
 * Pass the same `store` twice to see a restart.
 */
export function testAccount(
  builders: readonly ((host: Host) => Engine)[],
  options: {
    store?: ReturnType<typeof memoryStore>;
    authorize?: Authorize;
    caller?: Caller;
    startMs?: number;
    cpu?: CpuTime;
  } = {},
) {
  const clock = virtualClock(options.startMs ?? Date.parse('2026-01-01T00:00:00Z'));
  const meter = countingMeter();
  const store = options.store ?? memoryStore();
  const aws = createAws(
    {
      account: '000000000000',
      region: 'us-east-1',
      endpoint: 'http://127.0.0.1:4566',
      clock,
      random: seededRandom(1),
      store,
      meter,
      ...(options.cpu !== undefined && { cpu: options.cpu }),
      authorize: options.authorize ?? (() => undefined),
    },
    builders,
  );
  const config = {
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    requestHandler: requestHandler(aws, options.caller ?? root),
    maxAttempts: 1,
  };
  return {
    aws,
    clock,
    meter,
    store,
    // Otherwise the client warns on every call that the host of the queue URL is not its endpoint.
    sqs: new SQSClient({ ...config, useQueueUrlAsEndpoint: false }),
    sns: new SNSClient(config),
    dynamodb: new DynamoDBClient(config),
    scheduler: new SchedulerClient(config),
    lambda: new LambdaClient(config),
  };
}
