import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Client, createClient } from '../lib/client/index.ts';

const root = join(import.meta.dirname, '..');

/** The bus as users start it: as a process, durable, on free ports of 127.0.0.1. */
export interface BusProcess {
  readonly pid: number;
  /** All its processes: one. */
  readonly pids: readonly number[];
  readonly url: string;
  /** Takes events only. */
  readonly publishUrl: string;
  readonly awsUrl: string;
  /** What requests to the AWS endpoint are signed with. */
  readonly awsCredentials: AwsCredentials;
  readonly key: string;
  readonly client: Client;
  /** What AWS would have billed so far, by unit. */
  meter(): Promise<Readonly<Record<string, number>>>;
  /** The size of the heap after a full garbage collection, which this triggers. Needs `measuresHeap`. */
  heapMb(): Promise<number>;
  stop(): Promise<void>;
}

/** Starts a bus. Rejects with its output if it does not start. */
export async function startBusProcess(
  dataDirectory: string,
  options: { readonly measuresHeap?: boolean } = {},
): Promise<BusProcess> {
  const watching = ['--expose-gc', '--import', join(import.meta.dirname, 'processes', 'heap.ts')];
  const { measuresHeap = false } = options;
  const command = [...(measuresHeap ? watching : []), join(root, 'bin', 'busbar.js'), 'start', '--json'];
  const child = spawn(process.execPath, command, {
    cwd: root,
    // In a soak, only the soak itself reacts to Ctrl-C, and stops the bus.
    detached: measuresHeap,
    env: {
      ...process.env,
      PORT: '0',
      AWS_PORT: '0',
      BUSBAR_DATA: dataDirectory,
      // The default of a deployed bus.
      BUSBAR_TRACE: 'failures',
      BUSBAR_ADMIN_KEY: undefined,
    },
    stdio: ['ignore', 'pipe', 'pipe', ...(measuresHeap ? (['ipc'] as const) : [])],
  });
  const said: string[] = [];
  child.stderr?.on('data', (text: Buffer) => void said.push(text.toString()));
  const { url, publishUrl, awsUrl, adminKey, aws } = await firstLine(child, said);
  if (child.pid === undefined) throw new Error('The bus has no process id.');
  return {
    pid: child.pid,
    pids: [child.pid],
    url,
    publishUrl,
    awsUrl,
    key: adminKey,
    awsCredentials: aws,
    client: createClient({ url, key: adminKey }),
    async meter() {
      const response = await fetch(new URL('/_busbar/meter', awsUrl));
      if (response.status !== 200) throw new Error(`The meter responded with ${response.status}.`);
      return (await response.json()) as Record<string, number>;
    },
    async heapMb() {
      const answered = once(child, 'message');
      child.send('collect');
      const [{ heapMb, collects }] = (await answered) as [{ heapMb: number; collects: boolean }];
      if (!collects) throw new Error('The bus runs without --expose-gc.');
      return heapMb;
    },
    stop: () => stop(child, said, dataDirectory),
  };
}

interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

interface Started {
  readonly url: string;
  readonly publishUrl: string;
  readonly awsUrl: string;
  readonly aws: AwsCredentials;
  readonly adminKey: string;
}

async function firstLine(child: ChildProcess, said: readonly string[]): Promise<Started> {
  if (child.stdout === null) throw new Error('The bus has no standard output.');
  // The reader stays open, because unread output would fill the pipe and block the bus.
  const lines = createInterface(child.stdout);
  const ended = once(child, 'close').then(() => {
    throw new Error(`The bus did not start. Its output:\n${said.join('')}`);
  });
  const [line] = await Promise.race([once(lines, 'line'), ended]);
  // When it ends later, that is not a failure of the start.
  ended.catch(() => undefined);
  return JSON.parse(String(line)) as Started;
}

/** Stops the bus as Ctrl-C does. @throws Error when it does not end with exit code 0. */
async function stop(child: ChildProcess, said: readonly string[], dataDirectory: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
    await ended;
    clearTimeout(late);
  }
  if (child.exitCode === 0) return;
  const log = readFileSync(join(dataDirectory, 'busbar.log'), 'utf8').slice(-2000);
  throw new Error(
    `The bus ended with ${child.signalCode ?? `exit code ${child.exitCode}`}. Its output:\n${said.join('')}\n${log}`,
  );
}
