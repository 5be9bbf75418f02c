import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BusProcess, startBusProcess } from './bus.ts';
import type { Generator, Target } from './processes/generator.ts';
import type { Sink } from './processes/sink.ts';
import { startWorker, type Worker } from './processes/worker.ts';

/** How many topics a bus has, and how many receivers each topic has. */
export interface Layout {
  readonly name: string;
  readonly topics: number;
  readonly receivers: number;
}

/** The processes of a measurement: the generator publishes to the bus, which delivers to the sink. */
export interface Stand {
  readonly layout: Layout;
  readonly bus: BusProcess;
  readonly sink: Worker<Sink>;
  readonly generator: Worker<Generator>;
  /** Publishes batches of this size to the topics in turn. */
  target(batch: number): Target;
}

/** Both ends of a measurement, which outlive a bus. */
export interface Ends {
  readonly sink: Worker<Sink>;
  readonly sinkUrl: string;
  readonly generator: Worker<Generator>;
}

/** Runs `work` with a sink and a generator, and stops them in any case. */
export async function withEnds<Result>(work: (ends: Ends) => Promise<Result>): Promise<Result> {
  const sink = startWorker<Sink>('sink');
  const generator = startWorker<Generator>('generator');
  try {
    return await work({ sink, generator, sinkUrl: await sink.call('listen', null) });
  } finally {
    await Promise.all([sink.stop(), generator.stop()]);
  }
}

/** Runs `work` on a fresh bus with this layout, and stops the bus in any case. */
export async function withBus<Result>(
  ends: Ends,
  layout: Layout,
  work: (stand: Stand) => Promise<Result>,
): Promise<Result> {
  return await withDirectory(async (directory) => {
    const bus = await startBusProcess(directory);
    try {
      const paths = await layOut(bus, layout, ends.sinkUrl);
      const headers = { authorization: `Bearer ${bus.key}`, 'content-type': 'application/json' };
      const target = (batch: number): Target => ({ origin: bus.url, paths, headers, batch, kind: 'publish' });
      return await work({ layout, bus, sink: ends.sink, generator: ends.generator, target });
    } finally {
      await bus.stop();
    }
  });
}

/** Runs `work` with a temporary directory on disk. */
export async function withDirectory<Result>(work: (directory: string) => Promise<Result>): Promise<Result> {
  const directory = mkdtempSync(join(tmpdir(), 'busbar-bench-'));
  try {
    return await work(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Creates the topics, receivers and subscriptions. Resolves to the paths to publish to. */
async function layOut(bus: BusProcess, layout: Layout, sinkUrl: string): Promise<string[]> {
  const topics = Array.from({ length: layout.topics }, (_, index) => `bench-${index}`);
  for (const topic of topics) {
    await bus.client.putTopic(topic);
    for (let index = 0; index < layout.receivers; index++) {
      const receiver = `${topic}-${index}`;
      await bus.client.putReceiver(receiver, { endpoint: `${sinkUrl}/${receiver}` });
      await bus.client.putSubscription(topic, receiver);
    }
  }
  return topics.map((topic) => `/v1/topics/${topic}/events`);
}
