import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { Queue, Worker } from 'bullmq';
import { Pool } from 'undici';
import { secretKey, sign } from '../../lib/core/kernel/signature.ts';
import { listen } from './listen.ts';
import { serve } from './worker.ts';

/**
 * What a team would build with BullMQ: an HTTP API that takes events and adds a job for each, and a worker that posts
 * each, signed by Standard Webhooks, and leaves the retry to BullMQ. It takes the requests of the generator and answers
 * as the bus does.
 */

const queueName = 'bench';
const bodyBytesMax = 1024 * 1024;
const secret = secretKey(`whsec_${Buffer.alloc(32, 7).toString('base64')}`);

async function open(input: {
  readonly redisPort: number;
  readonly sinkUrl: string;
  readonly concurrency: number;
}): Promise<string> {
  const connection = { host: '127.0.0.1', port: input.redisPort, maxRetriesPerRequest: null };
  const queue = new Queue<string>(queueName, {
    connection,
    defaultJobOptions: {
      attempts: 10,
      backoff: { type: 'exponential', delay: 1000 },
      removeOnComplete: true,
    },
  });
  const pool = new Pool(input.sinkUrl, { connections: input.concurrency, pipelining: 1 });
  const worker = new Worker<string>(
    queueName,
    async ({ data: body, id = '' }) => {
      const timestampSeconds = Math.floor(Date.now() / 1000);
      const { statusCode, body: answer } = await pool.request({
        method: 'POST',
        path: '/bullmq',
        headers: {
          'content-type': 'application/json',
          'webhook-id': id,
          'webhook-timestamp': String(timestampSeconds),
          'webhook-signature': sign([secret], id, timestampSeconds, body),
        },
        body,
      });
      await answer.dump();
      if (statusCode >= 300) throw new Error(`The endpoint answered with ${statusCode}.`);
    },
    { connection, concurrency: input.concurrency },
  );
  worker.on('error', (error) => console.error(error));
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()]);

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= bodyBytesMax) chunks.push(chunk);
    });
    request.on('end', () => {
      add(Buffer.concat(chunks).toString('utf8')).then(
        (count) => {
          const events = Array.from({ length: count }, () => ({ status: 'accepted' }));
          response.writeHead(202, { 'content-type': 'application/json' }).end(JSON.stringify({ events }));
        },
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    });
  });

  async function add(text: string): Promise<number> {
    const parsed = JSON.parse(text) as { type: string } | { type: string }[];
    const events = Array.isArray(parsed) ? parsed : [parsed];
    await queue.addBulk(
      events.map((event) => ({
        name: event.type,
        data: JSON.stringify(event),
        opts: { jobId: randomUUID() },
      })),
    );
    return events.length;
  }

  return await listen(server);
}

const actions = { open };

export type BullMq = typeof actions;
serve(actions);
