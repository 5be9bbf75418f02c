import { createServer } from 'node:http';
import { Command } from 'commander';
import { BusbarError, type Client, createReceiver } from '../client/index.ts';
import { readAccount } from './smoking/account.ts';
import { openEndpoints } from './smoking/endpoints.ts';
import { pageText, type Result } from './smoking/page.ts';
import { promises, unproven } from './smoking/promises.ts';
import { CliError, usageError } from './support/failure.ts';
import { listenOn } from './support/listen-on.ts';
import { jsonText } from './support/plain.ts';
import { connect, isLocal, type Session, wantsJson } from './support/session.ts';
import { portNumber } from './support/values.ts';
import { version } from './support/version.ts';
import { newSecret, type World } from './support/world.ts';

interface SmokeOptions {
  readonly endpoint?: string;
  readonly publishUrl?: string;
  readonly port: number;
  readonly full?: boolean;
  readonly account?: boolean;
}

const closing = `
It creates a topic, a receiver and a subscription, publishes an event, waits for the delivery, verifies its
signature, and deletes everything again. A bus on AWS can reach this machine only through an https endpoint
(a tunnel to --port); without --endpoint the smoke test leaves out the delivery there, and says so.

With --full it also tries what the bus promises: keys, filters, order, retries, delays, pauses, redrives, transactions,
holds, re-creation and why; and prints one page with what was proven and what was not. It takes a minute or two, and
on AWS costs less than a cent. docs/first-deploy.md says what else to look at.

Examples:
  busbar smoke
  busbar smoke --full
  busbar smoke --url https://abc.execute-api.eu-west-1.amazonaws.com --key-file bus.key
  busbar smoke --url https://abc... --publish-url https://xyz.lambda-url... --endpoint https://my-tunnel.example.com/ \
    --port 8080 --full --account`;

export function smokeCommand(session: Session): Command {
  return new Command('smoke')
    .description('prove that a running bus accepts and delivers events')
    .option('--endpoint <url>', 'how the bus reaches this machine')
    .option('--publish-url <url>', "the stack's output PublishUrl, to try it, too")
    .option('--port <port>', 'where to listen for the delivery; 0 takes a free port', portNumber, 0)
    .option('--full', 'try every promise that a minute can show, and print one page')
    .option('--account', 'ask Lambda what the account allows, with the AWS credentials of the environment')
    .addHelpText('after', closing)
    .action((options: SmokeOptions, command: Command) => smoke(session, command, options));
}

type Run = <Answer>(step: string, work: () => Promise<Answer>) => Promise<Answer>;

async function smoke(session: Session, command: Command, options: SmokeOptions): Promise<void> {
  const { world } = session;
  const json = wantsJson(command);
  const { publishUrl } = options;
  const client = connect(session, command, { publishUrl: undefined });
  const byUrl = publishUrl === undefined ? undefined : connect(session, command, { publishUrl });
  const url = session.about.url ?? '';
  const reachable = options.endpoint ?? (isLocal(url) ? 'this machine' : undefined);
  if (options.full && reachable === undefined) {
    throw usageError(
      'The full smoke test needs deliveries, and the bus cannot reach this machine.',
      'Open a tunnel to a port of this machine, and pass its https address with --endpoint and the port with --port.',
    );
  }
  const steps: Result[] = [];
  const run: Run = async (step, work) => {
    const startedMs = world.now();
    try {
      const answer = await work();
      await tell({ step, passed: true, ms: world.now() - startedMs });
      return answer;
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      await tell({ step, passed: false, ms: world.now() - startedMs, detail });
      throw error;
    }
  };
  const tell = async (result: Result) => {
    steps.push(result);
    const mark = result.passed ? world.stdout.paint('green', 'ok  ') : world.stdout.paint('red', 'FAIL');
    // The page has all of them once more.
    const output = options.full ? world.stderr : world.stdout;
    if (!json)
      await output.write(
        `${mark} ${result.step} (${result.ms} ms)${result.detail ? `: ${result.detail}` : ''}\n`,
      );
  };
  const account = options.account ? await readAccount() : [];

  try {
    await run('the API answers', () => client.call('GET', '/health'));
    await walk({ client, byUrl }, world, options, isLocal(url), run);
    if (options.full) await tryPromises({ client, session, command, options, run });
  } catch (error) {
    // A failed step has printed its failure; only the verdict is left. What failed between steps is one, too.
    if (steps.every(({ passed }) => passed))
      await run('the test goes on', () => Promise.reject(error)).catch(() => undefined);
  }
  const failed = steps.filter((step) => !step.passed).length;
  const delivered = steps.some((step) => step.step === deliveryStep && step.passed);
  const page = {
    url,
    at: new Date(world.now()).toISOString(),
    version: version(),
    results: steps,
    account,
    unproven,
  };
  if (json) await world.stdout.write(`${jsonText({ steps, delivered, account })}\n`);
  else if (options.full) await world.stdout.write(pageText(page, world));
  else {
    for (const { fact, remedy } of account)
      await world.stdout.write(`${fact}${remedy ? ` ${remedy}` : ''}\n`);
    await world.stdout.write(`${steps.length - failed} passed, ${failed} failed\n`);
  }
  if (!delivered && failed === 0) {
    await world.stderr.write(
      'NOT PROVEN: no delivery was tested, because the bus cannot reach this machine. Pass --endpoint.\n',
    );
  }
  if (failed > 0) throw new CliError('The smoke test failed.', 'The failed step above says why.');
}

/** Tries one promise after the other; those behind one that fails are tried as well. */
async function tryPromises(given: {
  readonly client: Client;
  readonly session: Session;
  readonly command: Command;
  readonly options: SmokeOptions;
  readonly run: Run;
}): Promise<void> {
  const { client, session, command, options, run } = given;
  const { world } = session;
  const secret = newSecret(world);
  const endpoints = await openEndpoints(options.port, secret, world.now);
  const base = (options.endpoint ?? endpoints.url).replace(/\/*$/, '/');
  const runId = world.uuid().slice(0, 8);
  try {
    for (const promise of promises) {
      const name = `smoke-${runId}-${promise.id}`;
      const trial = {
        client,
        withKey: (key: string) => connect(session, command, { publishUrl: undefined, key }),
        name,
        now: world.now,
        async receiver(settings: object = {}) {
          const endpoint = endpoints.open(name);
          await client.putReceiver(name, { endpoint: `${base}${name}`, secret, ...settings });
          return endpoint;
        },
      };
      const tried = async () => {
        try {
          await promise.try(trial);
        } finally {
          await forget(client, name);
        }
      };
      // It is told; the others are tried all the same.
      await run(promise.says, tried).catch(() => undefined);
    }
  } finally {
    endpoints.close();
  }
}

/** Deletes whatever a promise made, as far as it is there. */
async function forget(client: Client, name: string): Promise<void> {
  for (const path of [
    `/topics/${name}?force=true`,
    `/receivers/${name}?force=true`,
    `/applications/${name}`,
  ]) {
    try {
      await client.call('DELETE', path);
    } catch (error) {
      if (!(error instanceof BusbarError) || error.status !== 404) throw error;
    }
  }
}

const deliveryStep = 'the event arrives, signed';
const deliverySeconds = 60;

async function walk(
  { client, byUrl }: { readonly client: Client; readonly byUrl: Client | undefined },
  world: World,
  options: SmokeOptions,
  onThisMachine: boolean,
  run: Run,
): Promise<void> {
  // A unique name, so that simultaneous runs do not interfere.
  const name = `smoke-${world.uuid().slice(0, 8)}`;
  const secret = newSecret(world);
  const id = world.uuid();
  const idByUrl = world.uuid();
  const listener = await listen(options.port, secret, byUrl === undefined ? [id] : [id, idByUrl]);
  const reachable = options.endpoint ?? (onThisMachine ? listener.url : undefined);
  try {
    await run('a topic is created', () => client.putTopic(name, { description: 'Created by busbar smoke' }));
    // If the bus cannot reach this machine, the receiver needs some other endpoint; no delivery is expected there.
    await run('a receiver is created', () =>
      client.putReceiver(name, {
        endpoint: reachable ?? 'https://example.com/',
        secret,
        retry: { delaysSeconds: [1, 2, 4] },
      }),
    );
    await run('it is subscribed', () => client.putSubscription(name, name));
    await run('an event is accepted', () => client.publish(name, { id, type: 'busbar.smoke', data: { id } }));
    if (byUrl !== undefined) {
      await run('an event is accepted at the publish URL', () =>
        byUrl.publish(name, { id: idByUrl, type: 'busbar.smoke', data: { id: idByUrl } }),
      );
    }
    if (reachable !== undefined) await run(deliveryStep, () => listener.arrived);
  } finally {
    listener.close();
    await run('everything is deleted', async () => {
      await client.call('DELETE', `/receivers/${name}?force=true`);
      await client.call('DELETE', `/topics/${name}`);
    });
  }
}

/** Listens for events. `arrived` resolves once they all are verified, and rejects after a minute. */
async function listen(port: number, secret: string, ids: readonly string[]) {
  const missing = new Set(ids);
  let settle: (error?: Error) => void = () => undefined;
  const arrived = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => settle(new Error(`it did not arrive within ${deliverySeconds} s`)),
      deliverySeconds * 1000,
    );
    settle = (error) => {
      clearTimeout(timer);
      if (error === undefined) resolve();
      else reject(error);
    };
  });
  // It may be rejected when nobody waits for it yet, or ever.
  arrived.catch(() => undefined);
  const receiver = createReceiver({
    secret,
    onEvent: (event) => {
      if (missing.delete(event.id) && missing.size === 0) settle();
    },
    onError: (error) => settle(error instanceof Error ? error : new Error(String(error))),
  });
  const server = createServer(receiver.node);
  const opened = await listenOn(server, port);
  return {
    url: `http://127.0.0.1:${opened}/`,
    arrived,
    close() {
      settle();
      server.closeAllConnections();
      server.close();
    },
  };
}
