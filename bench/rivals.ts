import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from '../test/free-ports.ts';
import type { Measurement } from './measure.ts';
import type { BullMq } from './processes/bullmq.ts';
import { startWorker } from './processes/worker.ts';
import { type Loads, oneToOne, publish } from './scenarios.ts';
import type { Scope } from './scope.ts';
import { type Ends, withBus, withDirectory } from './stand.ts';

/** As many as a receiver of the bus has. */
const concurrency = 100;

/** The bus beside BullMQ, in turn, with the same generator, sink and load. */
export interface Rivals {
  readonly bus: Loads;
  readonly bullmq: Loads;
}

/** Undefined when BullMQ can run here. */
export function missingRedis(): string | undefined {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'redis-server (Debian: redis-server)';
  }
}

export async function measureRivals(ends: Ends, scope: Scope): Promise<Rivals> {
  const { seconds, warmUpSeconds } = scope;
  const bus = await withBus(ends, oneToOne, async (stand) => {
    await publish(stand, 10, warmUpSeconds);
    return await loadsOf((batch) => publish(stand, batch, seconds));
  });
  const bullmq = await withDirectory((directory) =>
    withRedis(directory, async (redis) => {
      const worker = startWorker<BullMq>('bullmq');
      try {
        const origin = await worker.call('open', {
          redisPort: redis.port,
          sinkUrl: ends.sinkUrl,
          concurrency,
        });
        const headers = { 'content-type': 'application/json' };
        const stand = {
          layout: oneToOne,
          generator: ends.generator,
          sink: ends.sink,
          bus: { pids: [worker.pid, redis.pid], meter: async () => ({}) },
          target: (batch: number) => ({ origin, paths: ['/'], headers, batch, kind: 'publish' as const }),
        };
        await publish(stand, 10, warmUpSeconds);
        return await loadsOf((batch) => publish(stand, batch, seconds));
      } finally {
        await worker.stop();
      }
    }),
  );
  return { bus, bullmq };
}

async function loadsOf(run: (batch: number) => Promise<Measurement>): Promise<Loads> {
  return { 'batches of 10': await run(10), 'batches of 1': await run(1) };
}

/** Runs `work` with a Redis that writes its log once a second, as durable as the bus on a laptop. */
async function withRedis<Result>(
  directory: string,
  work: (redis: { readonly port: number; readonly pid: number }) => Promise<Result>,
): Promise<Result> {
  const port = await freePort();
  const settings = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory];
  const durable = ['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', ''];
  const child = spawn('redis-server', [...settings, ...durable], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await readyLine(child);
    if (child.pid === undefined) throw new Error('Redis has no process id.');
    return await work({ port, pid: child.pid });
  } finally {
    if (child.exitCode === null && child.signalCode === null) {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    }
  }
}

async function readyLine({ stdout }: ChildProcess): Promise<void> {
  if (stdout === null) throw new Error('Redis has no standard output.');
  let said = '';
  for await (const chunk of stdout.iterator({ destroyOnReturn: false })) {
    said += String(chunk);
    if (said.includes('Ready to accept connections')) {
      stdout.resume();
      return;
    }
  }
  throw new Error(`Redis did not start:\n${said}`);
}
