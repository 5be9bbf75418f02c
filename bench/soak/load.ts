import { DescribeTableCommand, DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import type { BusProcess } from '../bus.ts';
import type { Generator, Target } from '../processes/generator.ts';
import type { SoakEndpoints } from '../processes/soak-endpoints.ts';
import type { Worker } from '../processes/worker.ts';
import { usageOf } from '../usage.ts';
import type { Sample } from './verdict.ts';

/** The processes of a soak: the generator publishes to the bus, which delivers to the endpoints. */
export interface SoakStand {
  readonly bus: BusProcess;
  readonly endpoints: Worker<SoakEndpoints>;
  readonly generator: Worker<Generator>;
  readonly target: Target;
}

/** How the load is divided: of ten events, eight go to the endpoint that mostly works. */
const shares = { steady: 8, slow: 1, flapping: 1 } as const;

/** Creates a topic with one receiver for each kind of endpoint, and returns where to publish. */
export async function layOut(bus: BusProcess, url: string): Promise<Target> {
  const kinds = Object.keys(shares) as (keyof typeof shares)[];
  for (const kind of kinds) {
    await bus.client.putTopic(kind);
    await bus.client.putReceiver(kind, {
      endpoint: `${url}/${kind}`,
      timeoutSeconds: 2,
      // Long enough to survive an endpoint that is down for some seconds.
      retry: { delaysSeconds: [1, 2, 5, ...Array.from({ length: 27 }, () => 10)] },
    });
    await bus.client.putSubscription(kind, kind);
  }
  return {
    origin: bus.url,
    paths: kinds.flatMap((kind) => Array.from({ length: shares[kind] }, () => `/v1/topics/${kind}/events`)),
    headers: { authorization: `Bearer ${bus.key}`, 'content-type': 'application/json' },
    batch: 10,
    kind: 'publish',
  };
}

/** Takes samples, each of the time since the previous one. */
export function sampler(stand: SoakStand, acceptedBefore: number) {
  const { bus, endpoints, generator } = stand;
  const dynamodb = new DynamoDBClient({
    region: 'us-east-1',
    endpoint: bus.awsUrl,
    credentials: bus.awsCredentials,
  });
  const startMs = performance.now();
  let lastSeconds = 0;
  let lastDistinct = acceptedBefore;
  let lastShed = 0;

  async function rows(): Promise<number> {
    const { TableNames = [] } = await dynamodb.send(new ListTablesCommand({}));
    const tables = await Promise.all(
      TableNames.map((TableName) => dynamodb.send(new DescribeTableCommand({ TableName }))),
    );
    return tables.reduce((sum, { Table }) => sum + (Table?.ItemCount ?? 0), 0);
  }

  return async (): Promise<Sample & { readonly duplicates: number; readonly attempts: number }> => {
    const atSeconds = (performance.now() - startMs) / 1000;
    const [load, seen] = await Promise.all([generator.call('soFar', null), endpoints.call('interval', null)]);
    if (load.failures > 0)
      throw new Error(`${load.failures} requests failed. The first one: ${load.firstFailure}`);
    const sample = {
      atSeconds,
      rssMb: usageOf(bus.pid).rssMb,
      rows: await rows(),
      backlog: acceptedBefore + load.acceptedEvents - seen.distinct,
      deliveredPerSecond: (seen.distinct - lastDistinct) / (atSeconds - lastSeconds),
      shed: (load.shed - lastShed) * stand.target.batch,
      p50Ms: seen.p50Ms,
      p99Ms: seen.p99Ms,
      duplicates: seen.duplicates,
      attempts: seen.attempts,
      // Comes last, because a garbage collection stops the bus for a moment, which should count for the next interval.
      heapMb: await bus.heapMb(),
    };
    lastSeconds = atSeconds;
    lastDistinct = seen.distinct;
    lastShed = load.shed;
    return sample;
  };
}
