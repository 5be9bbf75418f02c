import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Client, createClient } from '../lib/client/index.ts';

const root = join(import.meta.dirname, '..');

/** The bus as its users start it: a process of its own, durable, on free ports of 127.0.0.1. */
export interface BusProcess {
  readonly pid: number;
  readonly url: string;
  readonly awsUrl: string;
  readonly key: string;
  readonly client: Client;
  /** What AWS would bill so far, by unit. */
  meter(): Promise<Readonly<Record<string, number>>>;
  /** What its heap holds after a full collection, which is done for it; only of one that is started for this. */
  heapMb(): Promise<number>;
  stop(): Promise<void>;
}

/** Rejects with what the bus said when it does not come up. */
export async function startBusProcess(
  dataDirectory: string,
  options: { readonly measuresHeap?: boolean } = {},
): Promise<BusProcess> {
  const watching = ['--expose-gc', '--import', join(import.meta.dirname, 'processes', 'heap.ts')];
  const { measuresHeap = false } = options;
  const command = [...(measuresHeap ? watching : []), join(root, 'bin', 'busbar.ts'), 'start', '--json'];
  const child = spawn(process.execPath, command, {
    cwd: root,
    // Whoever measures for hours is told of Ctrl-C first, and stops it then.
    detached: measuresHeap,
    env: {
      ...process.env,
      PORT: '0',
      AWS_PORT: '0',
      BUSBAR_DATA: dataDirectory,
      // As it is deployed.
      BUSBAR_TRACE: 'failures',
      BUSBAR_ADMIN_KEY: undefined,
    },
    stdio: ['ignore', 'pipe', 'pipe', ...(measuresHeap ? (['ipc'] as const) : [])],
  });
  const said: string[] = [];
  child.stderr?.on('data', (text: Buffer) => void said.push(text.toString()));
  const { url, awsUrl, adminKey } = await firstLine(child, said);
  if (child.pid === undefined) throw new Error('The bus has no process id.');
  return {
    pid: child.pid,
    url,
    awsUrl,
    key: adminKey,
    client: createClient({ url, key: adminKey }),
    async meter() {
      const response = await fetch(new URL('/_busbar/meter', awsUrl));
      if (response.status !== 200) throw new Error(`The meter answered ${response.status}.`);
      return (await response.json()) as Record<string, number>;
    },
    async heapMb() {
      const answered = once(child, 'message');
      child.send('collect');
      const [{ heapMb, collects }] = (await answered) as [{ heapMb: number; collects: boolean }];
      if (!collects) throw new Error('The bus cannot collect its garbage when it is told to.');
      return heapMb;
    },
    stop: () => stop(child, said, dataDirectory),
  };
}

interface Started {
  readonly url: string;
  readonly awsUrl: string;
  readonly adminKey: string;
}

async function firstLine(child: ChildProcess, said: readonly string[]): Promise<Started> {
  if (child.stdout === null) throw new Error('The bus has no standard output.');
  // The reader stays open: what the bus prints later is of no interest, but must not fill the pipe.
  const lines = createInterface(child.stdout);
  const ended = once(child, 'close').then(() => {
    throw new Error(`The bus did not start. It said:\n${said.join('')}`);
  });
  const [line] = await Promise.race([once(lines, 'line'), ended]);
  // It will end one day, which is no failure then.
  ended.catch(() => undefined);
  return JSON.parse(String(line)) as Started;
}

/** Ends it as Ctrl-C does. One that does not end, or not well, is a failure of the run. */
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
    `The bus ended with ${child.signalCode ?? `exit code ${child.exitCode}`}. It said:\n${said.join('')}\n${log}`,
  );
}
