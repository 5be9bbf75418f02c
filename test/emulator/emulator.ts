import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../free-ports.ts';
import { program } from './tools.ts';

/** Credentials that the emulator takes for those of its default account. */
const credentials = { accessKeyId: 'test' };
export const region = 'us-east-1';

/** A running emulator of AWS by others, and how to call it. */
export interface Emulator {
  readonly url: string;
  /** The file that has what it and the functions log. */
  readonly logFile: string;
  /** A call of an API that takes forms and answers XML. */
  query(service: string, parameters: Readonly<Record<string, string>>): Promise<string>;
  /** Invokes a function and answers its result. */
  invoke(functionName: string, payload: unknown): Promise<unknown>;
  putObject(bucket: string, key: string, body: Buffer): Promise<void>;
  stop(): Promise<void>;
}

/** Starts it on a free port of this machine alone, with nothing kept from an earlier run. */
export async function startEmulator(directory: string): Promise<Emulator> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const logFile = join(directory, 'emulator.log');
  const child = spawn(program('ministack'), [], {
    cwd: directory,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HOME: directory,
      TMPDIR: directory,
      GATEWAY_PORT: String(port),
      EDGE_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      MINISTACK_HOST: '127.0.0.1',
      AWS_ENDPOINT_URL: url,
      AWS_DEFAULT_REGION: region,
      STATE_DIR: join(directory, 'state'),
    },
  });
  const log = createWriteStream(logFile);
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  const ended = once(child, 'exit');
  const killIt = () => signal(child, 'SIGKILL');
  process.once('exit', killIt);
  const emulator: Emulator = {
    url,
    logFile,
    async query(service, parameters) {
      const response = await fetch(`${url}/`, {
        method: 'POST',
        headers: { ...authorization(service), 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(parameters),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${parameters.Action}: ${response.status} ${text}`);
      return text;
    },
    async invoke(functionName, payload) {
      const response = await fetch(`${url}/2015-03-31/functions/${functionName}/invocations`, {
        method: 'POST',
        headers: authorization('lambda'),
        body: JSON.stringify(payload),
      });
      const text = await response.text();
      if (!response.ok || response.headers.has('x-amz-function-error')) {
        throw new Error(`Invoking ${functionName}: ${response.status} ${text}`);
      }
      return JSON.parse(text);
    },
    async putObject(bucket, key, body) {
      const path = key === '' ? bucket : `${bucket}/${key}`;
      const response = await fetch(`${url}/${path}`, {
        method: 'PUT',
        headers: authorization('s3'),
        body: new Uint8Array(body),
      });
      if (!response.ok) throw new Error(`PUT ${path}: ${response.status} ${await response.text()}`);
    },
    async stop() {
      signal(child, 'SIGTERM');
      const late = setTimeout(() => signal(child, 'SIGKILL'), 5000);
      await ended;
      clearTimeout(late);
      process.off('exit', killIt);
    },
  };
  try {
    await ready(url, child);
  } catch (error) {
    await emulator.stop();
    throw error;
  }
  return emulator;
}

/** The emulator tells services apart by the scope of the credential; it verifies no signature. */
const authorization = (service: string) => ({
  authorization: `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=0`,
});

/** It and the processes of its functions: they are a group. */
function signal({ pid }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function ready(url: string, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    if (child.exitCode !== null) throw new Error(`The emulator ended with ${child.exitCode}.`);
    const answer = await fetch(`${url}/_ministack/health`).catch(() => undefined);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('The emulator did not answer within 30 s.');
}
