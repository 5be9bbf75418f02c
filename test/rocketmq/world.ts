import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { App } from 'aws-cdk-lib';
import { type Client, createClient } from '../../lib/client/index.ts';
import { type DeclarationInput, defineBus } from '../../lib/connectors/declaration.ts';
import { bridgeSchema, writeBridge } from '../../lib/connectors/rocketmq/bridge.ts';
import type { RocketMqOutgoing } from '../../lib/connectors/rocketmq/client.ts';
import { systemRocketMq } from '../../lib/connectors/rocketmq/system.ts';
import { bus as limits } from '../../lib/core/kernel/limits.ts';
import { type RunningBus, startBus } from '../../lib/local/bus.ts';
import type { HttpRequest } from '../../lib/runtime/http/http.ts';
import { systemRandom } from '../../lib/runtime/random.ts';
import { bundle } from '../../lib/stacks/bundle.ts';
import { BusStack } from '../../lib/stacks/bus-stack.ts';
import { systemClock } from '../../lib/stand-in/clock.ts';
import { root } from '../../lib/stand-in/engines/engine.ts';
import { memoryStore } from '../../lib/stand-in/store.ts';
import { type RealCluster, startRealCluster } from './real-cluster.ts';

/** The name under which the account holds the credentials of the cluster, and one that holds wrong ones. */
export const secretName = 'rocketmq';
export const wrongSecretName = 'rocketmq-wrong';

export interface World {
  readonly cluster: RealCluster;
  readonly bus: RunningBus;
  /** The HTTP API, as an admin. */
  readonly client: Client;
  /** Event id to how often it was delivered to endpoints. */
  readonly arrived: ReadonlyMap<string, number>;
  /** What endpoints were sent. */
  readonly requests: readonly HttpRequest[];
  /** The lines that functions in this process logged at `warn` and `error`. */
  readonly lines: readonly string[];
  /** Sends messages with a producer of its own; answers their ids in their order. */
  send(messages: readonly Omit<RocketMqOutgoing, 'keys' | 'properties'>[]): Promise<string[]>;
  /** Starts the function of a bridge as Lambda would, in a process of its own that may be killed; 50 s unless told. */
  startBridge(name: string, bridge: object, runSeconds?: number): BridgeProcess;
  close(): Promise<void>;
}

export interface BridgeProcess {
  /** What it logged so far. */
  readonly lines: readonly string[];
  /** With the exit code, or undefined when it was killed. */
  readonly ended: Promise<number | undefined>;
  kill(): void;
}

/** A bus on this machine, of the template that would be deployed, beside a real cluster. */
export async function startWorld(declaration: (cluster: RealCluster) => DeclarationInput): Promise<World> {
  const cluster = await startRealCluster();
  const directory = mkdtempSync(join(tmpdir(), 'busbar-rocketmq-world-'));
  const arrived = new Map<string, number>();
  const requests: HttpRequest[] = [];
  const lines: string[] = [];
  const children = new Set<ChildProcess>();
  let bus: RunningBus | undefined;
  const close = async () => {
    for (const child of children) child.kill('SIGKILL');
    await bus?.close();
    await cluster.close();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const app = new App({ analyticsReporting: false, outdir: directory });
    new BusStack(app, 'Busbar', { prefix: 'busbar', declaration: defineBus(declaration(cluster)) });
    app.synth();
    const { credentials } = cluster.access;
    const running = await startBus({
      outDirectory: directory,
      store: memoryStore(),
      clock: systemClock,
      random: systemRandom,
      port: 0,
      awsPort: 0,
      awsCredentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      // The cluster has no TLS, and a schedule need not be late here.
      schedulePrecisionMs: 0,
      parameters: { Endpoints: 'any', EndpointPorts: 'any' },
      secrets: {
        [secretName]: JSON.stringify(credentials),
        [wrongSecretName]: JSON.stringify({ ...credentials, secretKey: 'no-such-secret' }),
      },
      log: (level, message, fields) => {
        if (level !== 'debug' && level !== 'info')
          lines.push(`${level}: ${message} ${JSON.stringify(fields ?? {})}`);
      },
      http: {
        async send(request) {
          requests.push(request);
          const id = JSON.parse(String(request.body ?? '{}')).id;
          arrived.set(id, (arrived.get(id) ?? 0) + 1);
          return { kind: 'answer', status: 204, headers: {}, body: '' };
        },
      },
    });
    bus = running;
    return {
      cluster,
      bus: running,
      client: createClient({ url: running.url, key: await adminKey(running) }),
      arrived,
      requests,
      lines,
      send: (messages) => send(cluster, messages),
      startBridge: (name, bridge, runSeconds = limits.bridgeRunSeconds) =>
        startBridge(running, name, bridge, runSeconds, children),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function adminKey(bus: RunningBus): Promise<string> {
  const answer = await bus.aws.call(
    'lambda',
    'Invoke',
    {
      FunctionName: bus.outputs.KeysFunction,
      Payload: Buffer.from(JSON.stringify({ action: 'create', application: 'admin', role: 'admin' })),
    },
    root,
  );
  return JSON.parse(Buffer.from(answer?.Payload as Uint8Array).toString('utf8')).key;
}

async function send(
  cluster: RealCluster,
  messages: readonly Omit<RocketMqOutgoing, 'keys' | 'properties'>[],
): Promise<string[]> {
  const topics = [...new Set(messages.map(({ topic }) => topic))];
  const opened = await systemRocketMq(() => {}).openProducer(cluster.access, { topics });
  if (opened.kind !== 'open') throw new Error(opened.message);
  const ids: string[] = [];
  try {
    // In bulk, and in order where the messages are in a group.
    for (let from = 0; from < messages.length; from += 64) {
      const part = messages.slice(from, from + 64);
      const sent = part.some(({ group }) => group !== undefined)
        ? await oneByOne(part, (message) => opened.producer.send({ keys: [], properties: {}, ...message }))
        : await Promise.all(
            part.map((message) => opened.producer.send({ keys: [], properties: {}, ...message })),
          );
      for (const one of sent) {
        if (one.kind !== 'sent') throw new Error(one.message);
        ids.push(one.messageId);
      }
    }
  } finally {
    await opened.producer.close();
  }
  return ids;
}

async function oneByOne<Item, Value>(items: readonly Item[], work: (item: Item) => Promise<Value>) {
  const values: Value[] = [];
  for (const item of items) values.push(await work(item));
  return values;
}

/** The very bundle that would be deployed, with the environment that it would have, under the account's owner. */
function startBridge(
  bus: RunningBus,
  name: string,
  bridge: object,
  runSeconds: number,
  children: Set<ChildProcess>,
): BridgeProcess {
  const { Variables } = environmentOf(bus);
  const script = `
    const { handler } = require(${JSON.stringify(join(bundle('bridge', 'lib/connectors/rocketmq/functions/bridge.ts'), 'index.cjs'))});
    handler({}, { getRemainingTimeInMillis: () => ${1000 * (limits.bridgeTimeoutSeconds - limits.bridgeRunSeconds + runSeconds)} }).then(
      (run) => { console.log(JSON.stringify({ run })); process.exit(0); },
      (error) => { console.error(error); process.exit(1); },
    );`;
  const child = spawn(process.execPath, ['-e', script], {
    cwd: tmpdir(),
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH ?? '',
      ...Variables,
      AWS_REGION: 'us-east-1',
      AWS_ENDPOINT_URL: bus.awsUrl,
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      BUSBAR_BRIDGE: writeBridge(name, bridgeSchema.parse(bridge)),
    },
  });
  children.add(child);
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', (line) => lines.push(line));
  }
  const ended = once(child, 'close').then(([code]) => {
    children.delete(child);
    return typeof code === 'number' ? code : undefined;
  });
  return { lines, ended, kill: () => void child.kill('SIGKILL') };
}

/** The environment of the functions that publish, as the template has it. */
function environmentOf(bus: RunningBus): { Variables: Record<string, string> } {
  const answer = bus.aws.call('lambda', 'GetFunctionConfiguration', { FunctionName: 'busbar-publish' }, root);
  if (answer instanceof Promise || answer === undefined) throw new Error('The engine answers at once.');
  return answer.Environment as { Variables: Record<string, string> };
}

/** Waits until a condition holds, looking every quarter of a second. @throws Error after `withinMs`. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  withinMs: number,
): Promise<void> {
  const endMs = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > endMs) throw new Error(`${what} did not happen within ${withinMs / 1000} s.`);
    await sleep(250);
  }
}
