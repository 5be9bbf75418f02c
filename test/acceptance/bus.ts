import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '..', '..');

/** A running bus as a program outside sees it: a URL, a key, and a process that can be killed. */
export interface AcceptanceBus {
  readonly url: string;
  /** A link that signs in to the console, once. */
  readonly consoleUrl: string;
  /** Takes events only. */
  readonly publishUrl: string;
  readonly awsUrl: string;
  readonly adminKey: string;
  /** What requests to the AWS endpoint are signed with. */
  readonly awsCredentials: AwsCredentials;
  readonly dataDirectory: string;
  /** Makes one call of the HTTP API. `body` is sent unchanged if it is text or bytes, otherwise as JSON. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  /** The same with another key. */
  as(key: string): Call;
  /** Stops the bus as Ctrl-C does, deletes its data and resolves to the exit code. */
  stop(): Promise<number | null>;
  /** The same, but keeps the data for the next bus. */
  stopKeepingData(): Promise<number | null>;
  /** Kills the bus, as a crash would. */
  kill(): Promise<void>;
}

/** Calls with one key. */
export type Call = (method: string, path: string, body?: unknown) => Promise<Answer>;

interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests read the members that they expect.
  readonly body: any;
}

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'busbar-acceptance-'));
}

/** Runs `busbar start` on free ports, with an empty data directory by default. */
export async function startBus(
  options: {
    dataDirectory?: string;
    env?: Record<string, string>;
    /** Called with the process before the bus is up. */
    onSpawn?: (child: ChildProcess) => void;
  } = {},
): Promise<AcceptanceBus> {
  const dataDirectory = options.dataDirectory ?? temporaryDirectory();
  const child = spawnStart({ BUSBAR_DATA: dataDirectory, ...options.env });
  options.onSpawn?.(child);
  const started = await firstLine(child);
  const { url, consoleUrl, publishUrl, awsUrl, adminKey, aws } = JSON.parse(started) as {
    url: string;
    consoleUrl: string;
    publishUrl: string;
    awsUrl: string;
    adminKey: string;
    aws: AwsCredentials;
  };
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const stopKeepingData = async () => {
    child.kill('SIGINT');
    const [code] = await exited;
    return code;
  };
  return {
    url,
    consoleUrl,
    publishUrl,
    awsUrl,
    adminKey,
    awsCredentials: aws,
    dataDirectory,
    call: (method, path, body, headers) => call(url, adminKey, method, path, body, headers),
    as: (key) => (method, path, body) => call(url, key, method, path, body),
    stopKeepingData,
    async stop() {
      const code = await stopKeepingData();
      rmSync(dataDirectory, { recursive: true, force: true });
      return code;
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function spawnStart(env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, ['bin/busbar.js', 'start', '--json'], {
    cwd: root,
    env: {
      ...process.env,
      // The compile cache halves the time of a start.
      NODE_COMPILE_CACHE: join(root, '.cache', 'compiled'),
      PORT: '0',
      AWS_PORT: '0',
      BUSBAR_ADMIN_KEY: '',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Starts a bus that is expected to fail, and resolves to its exit code and standard error. */
export async function startThatFails(
  env: Record<string, string>,
): Promise<{ code: number | null; stderr: string }> {
  const child = spawnStart(env);
  let stderr = '';
  child.stderr?.on('data', (chunk) => {
    stderr += String(chunk);
  });
  // A start that hangs must not outlive the test.
  const killed = setTimeout(() => child.kill('SIGKILL'), 60_000);
  const [code] = (await once(child, 'close')) as [number | null];
  clearTimeout(killed);
  return { code, stderr };
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null || child.stderr === null) throw new Error('The child has no output.');
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += String(chunk);
  });
  for await (const line of createInterface({ input: child.stdout })) return line;
  throw new Error(`The bus did not start: ${stderr}`);
}

/** One call of the HTTP API. */
export async function call(
  url: string,
  key: string,
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && {
      body: typeof body === 'string' || body instanceof Uint8Array ? (body as string) : JSON.stringify(body),
    }),
  });
  const text = await response.text();
  const isJson = text !== '' && /json/.test(response.headers.get('content-type') ?? '');
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}
