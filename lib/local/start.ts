import { createWriteStream, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createClient } from '../client/index.ts';
import { endpointParametersMetadata } from '../core/declaration/declaration.ts';
import { createHttp } from '../runtime/http/client.ts';
import type { Log } from '../runtime/log.ts';
import { systemRandom } from '../runtime/random.ts';
import { systemClock } from '../stand-in/clock.ts';
import { type KeptCredentials, keepCredentials } from '../stand-in/credentials-file.ts';
import { root } from '../stand-in/engines/engine.ts';
import type { Credentials } from '../stand-in/sigv4.ts';
import { type DurableStore, sqliteStore } from '../stand-in/store.ts';
import { keepAdminHeader, keepAdminKey } from './admin-key.ts';
import { assembly } from './assembly.ts';
import { type RunningBus, startBus } from './bus.ts';
import { type ExampleDelivery, type ExampleReceiver, startExampleReceiver } from './example.ts';
import { parseSettings, type Settings, StartError } from './settings.ts';
import { synthesize } from './synth.ts';

/** The topic of busbar.config.ts that the first event is published to. */
const exampleTopic = 'example-orders';

/** The whole bus on this machine. */
export interface StartedBus {
  readonly url: string;
  /** Takes events only, as the output `PublishUrl` on AWS. */
  readonly publishUrl: string;
  readonly awsUrl: string;
  readonly adminKey: string;
  /** A file with the header that authenticates `curl -H @<file>`, which keeps the key out of the process list. */
  readonly adminHeaderFile: string;
  /** What the AWS endpoint is called with. */
  readonly aws: KeptCredentials;
  readonly logFile: string;
  /** The example of busbar.config.ts, if it is still declared: publish there, and the receiver shows it. */
  readonly example: { readonly topic: string; readonly receiver: string } | undefined;
  /** Finishes what runs, stores everything and stops. */
  close(): Promise<void>;
}

/**
 * Synthesizes the CDK app, deploys its template to the stand-in and starts listening. Rejects with an error of one
 * sentence when the machine, the settings or the data directory prevent it.
 */
export async function start(options: {
  readonly env: Readonly<Record<string, string | undefined>>;
  progress(message: string): void;
  onExampleDelivery(delivery: ExampleDelivery): void;
}): Promise<StartedBus> {
  const { progress } = options;
  const settings = parseSettings(options.env);
  const adminKey = keepAdminKey(settings.dataDirectory, settings.adminKey);
  const adminHeaderFile = keepAdminHeader(settings.dataDirectory, adminKey);
  const aws = keepCredentials(join(settings.dataDirectory, 'aws.env'), assembly.region);
  const store = sqliteStore(settings.dataDirectory, 'point BUSBAR_DATA to another directory');
  const logFile = join(settings.dataDirectory, 'busbar.log');
  const log = fileLog(logFile);
  let example: ExampleReceiver | undefined;
  let bus: RunningBus | undefined;
  const close = async () => {
    await bus?.close();
    await example?.close();
    // The bus has already closed it, unless it never started.
    store.close();
    await log.close();
  };
  try {
    await synthesize({ ...assembly, progress });
    const receiver = await startExampleReceiver(options.onExampleDelivery);
    example = receiver;
    progress('Deploying the template to the engines…');
    bus = await openBus(settings, {
      store,
      log: log.write,
      credentials: aws,
      exampleUrl: receiver.url,
    });
    await makeAdminKey(bus, adminKey);
    const shown = await introduce(bus, adminKey, receiver);
    const { url, awsUrl } = bus;
    const publishUrl = String(bus.outputs.PublishUrl);
    return { url, publishUrl, awsUrl, adminKey, adminHeaderFile, aws, logFile, example: shown, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function openBus(
  settings: Settings,
  parts: {
    readonly store: DurableStore;
    readonly log: Log;
    readonly credentials: Credentials;
    readonly exampleUrl: string;
  },
): Promise<RunningBus> {
  const { store, log, exampleUrl } = parts;
  const parameters: Record<string, string> = {
    Endpoints: 'any',
    EndpointPorts: 'any',
    Trace: settings.trace,
    OtlpEndpoint: settings.otlpEndpoint,
    OtlpHeadersFrom: settings.otlpHeadersSecret,
  };
  for (const parameter of endpointParameters()) parameters[parameter] = exampleUrl;
  return startBus({
    outDirectory: assembly.outDirectory,
    account: assembly.account,
    region: assembly.region,
    store,
    log,
    parameters,
    secrets: settings.secrets,
    clock: systemClock,
    random: systemRandom,
    http: createHttp({ clock: systemClock, endpoints: 'any', ports: 'any' }),
    port: settings.port,
    awsPort: settings.awsPort,
    awsCredentials: parts.credentials,
    hosts: settings.hosts,
    hostsVariable: 'BUSBAR_HOSTS',
    // On a laptop, a deleted receiver can be created again at once, without AWS's wait of a minute.
    recreateQueueAfterMs: 0,
    iamUsageDirectory: settings.iamUsageDirectory,
  });
}

/** The template parameters for endpoints, which the stack lists in the metadata of the template. */
function endpointParameters(): readonly string[] {
  const template = JSON.parse(readFileSync(join(assembly.outDirectory, 'Busbar.template.json'), 'utf8'));
  return template.Metadata?.[endpointParametersMetadata] ?? [];
}

/** As on AWS, whoever may invoke the keys function creates the first admin key. */
async function makeAdminKey(bus: RunningBus, key: string): Promise<void> {
  const request = { action: 'create', application: 'admin', role: 'admin', key };
  const answer = await bus.aws.call(
    'lambda',
    'Invoke',
    { FunctionName: bus.outputs.KeysFunction, Payload: Buffer.from(JSON.stringify(request)) },
    root,
  );
  if (answer?.FunctionError === undefined) return;
  const reason = Buffer.from((answer.Payload as Uint8Array | undefined) ?? []).toString('utf8');
  throw new StartError(`The admin key could not be created: ${reason}`);
}

/** Gives the example receiver and the bus a common secret, as a team does when it sets up a receiver. */
async function introduce(
  bus: RunningBus,
  key: string,
  example: ExampleReceiver,
): Promise<{ topic: string; receiver: string } | undefined> {
  const secret = `whsec_${Buffer.from(systemRandom.bytes(32)).toString('base64')}`;
  example.useSecret(secret);
  const client = createClient({ url: bus.url, key });
  let shown: { topic: string; receiver: string } | undefined;
  const { topics } = (await client.call('GET', '/topics')) as { topics: { topic: string }[] };
  for (const { topic } of topics) {
    const path = `/topics/${topic}/subscriptions`;
    const { subscriptions } = (await client.call('GET', path)) as { subscriptions: { receiver: string }[] };
    for (const { receiver } of subscriptions) {
      const { endpoint } = (await client.call('GET', `/receivers/${receiver}`)) as { endpoint: string };
      if (endpoint !== example.url) continue;
      // The secret of the previous start must not sign any more: nobody knows it.
      await client.call('POST', `/receivers/${receiver}/rotate-secret`, { secret, overlapSeconds: 0 });
      if (topic === exampleTopic) shown = { topic, receiver };
    }
  }
  return shown;
}

/** Functions log to a file: on the terminal, their lines would mix with the user's own. */
function fileLog(file: string): { write: Log; close(): Promise<void> } {
  mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
  const stream = createWriteStream(file, { flags: 'a', mode: 0o600 });
  return {
    write(level, message, fields) {
      const time = new Date(systemClock.now()).toISOString();
      stream.write(`${JSON.stringify({ time, level, message, ...fields })}\n`);
    },
    close: () => new Promise((resolve) => stream.end(resolve)),
  };
}
