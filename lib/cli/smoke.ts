import { createServer } from 'node:http';
import { Command } from 'commander';
import { type Client, createReceiver } from '../client/index.ts';
import { CliError } from './support/failure.ts';
import { listenOn } from './support/listen-on.ts';
import { jsonText } from './support/plain.ts';
import { connect, isLocal, type Session, wantsJson } from './support/session.ts';
import { portNumber } from './support/values.ts';
import { newSecret, type World } from './support/world.ts';

interface SmokeOptions {
  readonly endpoint?: string;
  readonly publishUrl?: string;
  readonly port: number;
}

interface Step {
  readonly step: string;
  readonly passed: boolean;
  readonly ms: number;
  readonly detail?: string;
}

const closing = `
It creates a topic, a receiver and a subscription, publishes an event, waits for the delivery, verifies its
signature, and deletes everything again. A bus on AWS can reach this machine only through an https endpoint
(a tunnel to --port); without --endpoint the smoke test leaves out the delivery there, and says so.

Examples:
  busbar smoke
  busbar smoke --url https://abc.execute-api.eu-west-1.amazonaws.com --key bbk_...
  busbar smoke --url https://abc... --publish-url https://xyz.lambda-url... --endpoint https://my-tunnel.example.com/ --port 8080`;

export function smokeCommand(session: Session): Command {
  return new Command('smoke')
    .description('prove that a running bus accepts and delivers events')
    .option('--endpoint <url>', 'how the bus reaches this machine')
    .option('--publish-url <url>', "the stack's output PublishUrl, to try it, too")
    .option('--port <port>', 'where to listen for the delivery; 0 takes a free port', portNumber, 0)
    .addHelpText('after', closing)
    .action((options: SmokeOptions, command: Command) => smoke(session, command, options));
}

async function smoke(session: Session, command: Command, options: SmokeOptions): Promise<void> {
  const { world } = session;
  const json = wantsJson(command);
  const { publishUrl } = options;
  const client = connect(session, command, { publishUrl: undefined });
  const byUrl = publishUrl === undefined ? undefined : connect(session, command, { publishUrl });
  const steps: Step[] = [];
  const run = async <Answer>(step: string, work: () => Promise<Answer>): Promise<Answer> => {
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
  const tell = async (result: Step) => {
    steps.push(result);
    const mark = result.passed ? world.stdout.paint('green', 'ok  ') : world.stdout.paint('red', 'FAIL');
    if (!json)
      await world.stdout.write(
        `${mark} ${result.step} (${result.ms} ms)${result.detail ? `: ${result.detail}` : ''}\n`,
      );
  };

  try {
    await run('the API answers', () => client.call('GET', '/health'));
    await walk({ client, byUrl }, world, options, isLocal(session.about.url ?? ''), run);
  } catch {
    // The failed step has printed its failure; only the verdict is left.
  }
  const failed = steps.filter((step) => !step.passed).length;
  const delivered = steps.some((step) => step.step === deliveryStep && step.passed);
  if (json) await world.stdout.write(`${jsonText({ steps, delivered })}\n`);
  else await world.stdout.write(`${steps.length - failed} passed, ${failed} failed\n`);
  if (!delivered && failed === 0) {
    await world.stderr.write(
      'NOT PROVEN: no delivery was tested, because the bus cannot reach this machine. Pass --endpoint.\n',
    );
  }
  if (failed > 0) throw new CliError('The smoke test failed.', 'The failed step above says why.');
}

const deliveryStep = 'the event arrives, signed';
const deliverySeconds = 60;

async function walk(
  { client, byUrl }: { readonly client: Client; readonly byUrl: Client | undefined },
  world: World,
  options: SmokeOptions,
  onThisMachine: boolean,
  run: <Answer>(step: string, work: () => Promise<Answer>) => Promise<Answer>,
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
