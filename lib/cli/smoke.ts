import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Command } from 'commander';
import { type Client, createReceiver } from '../client/index.ts';
import { CliError } from './failure.ts';
import { connect, type Session, wantsJson } from './session.ts';
import { portNumber } from './values.ts';
import type { World } from './world.ts';

interface SmokeOptions {
  readonly endpoint?: string;
  readonly port: number;
}

interface Step {
  readonly step: string;
  readonly passed: boolean;
  readonly ms: number;
  readonly detail?: string;
}

const closing = `
It makes a topic, a receiver and a subscription of its own, publishes, awaits the delivery, verifies its
signature, and takes everything away again. A bus on AWS needs an https endpoint that leads to this machine (a
tunnel to --port); without --endpoint the delivery is left out there, and that is said.

Examples:
  busbar smoke
  busbar smoke --url https://abc.execute-api.eu-west-1.amazonaws.com --key bbk_...
  busbar smoke --url https://abc... --key bbk_... --endpoint https://my-tunnel.example.com/ --port 8080`;

export function smokeCommand(session: Session): Command {
  return new Command('smoke')
    .description('prove that a running bus takes and delivers events')
    .option('--endpoint <url>', 'how the bus reaches this machine')
    .option('--port <port>', 'where to listen for the delivery; 0 takes a free port', portNumber, 0)
    .addHelpText('after', closing)
    .action((options: SmokeOptions, command: Command) => smoke(session, command, options));
}

async function smoke(session: Session, command: Command, options: SmokeOptions): Promise<void> {
  const { world } = session;
  const json = wantsJson(command);
  const client = connect(session, command);
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

  const isLocal = ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(session.about.url ?? '').hostname);
  try {
    await run('the API answers', () => client.call('GET', '/health'));
    await walk(client, world, options, isLocal, run);
  } catch {
    // Each step has told its own failure; what is left is the verdict.
  }
  const failed = steps.filter((step) => !step.passed).length;
  const delivered = steps.some((step) => step.step === deliveryStep && step.passed);
  if (json) await world.stdout.write(`${JSON.stringify({ steps, delivered })}\n`);
  else await world.stdout.write(`${steps.length - failed} passed, ${failed} failed\n`);
  if (!delivered && failed === 0) {
    await world.stderr.write(
      'NOT PROVEN: the delivery was left out, because the bus cannot reach this machine. Pass --endpoint.\n',
    );
  }
  if (failed > 0) throw new CliError('The bus did not pass.', 'The step that failed says why.');
}

const deliveryStep = 'the event arrives, signed';
const deliverySeconds = 60;

async function walk(
  client: Client,
  world: World,
  options: SmokeOptions,
  isLocal: boolean,
  run: <Answer>(step: string, work: () => Promise<Answer>) => Promise<Answer>,
): Promise<void> {
  // A name of its own, so that two runs at once do not meet.
  const name = `smoke-${world.uuid().slice(0, 8)}`;
  const secret = `whsec_${Buffer.from(world.bytes(32)).toString('base64')}`;
  const id = world.uuid();
  const listener = await listen(options.port, secret, id);
  const reachable = options.endpoint ?? (isLocal ? listener.url : undefined);
  try {
    await run('a topic is made', () => client.putTopic(name, { description: 'Made by busbar smoke' }));
    // Without a way to this machine, the receiver points at a page that takes no POST; nothing is expected of it.
    await run('a receiver is made', () =>
      client.putReceiver(name, {
        endpoint: reachable ?? 'https://example.com/',
        secret,
        retry: { delaysSeconds: [1, 2, 4] },
      }),
    );
    await run('it is subscribed', () => client.putSubscription(name, name));
    await run('an event is accepted', () => client.publish(name, { id, type: 'busbar.smoke', data: { id } }));
    if (reachable !== undefined) await run(deliveryStep, () => listener.arrived);
  } finally {
    listener.close();
    await run('everything is taken away', async () => {
      await client.call('DELETE', `/receivers/${name}?force=true`);
      await client.call('DELETE', `/topics/${name}`);
    });
  }
}

/** Listens for one event. `arrived` resolves once it is verified, and rejects after a minute. */
async function listen(port: number, secret: string, id: string) {
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
  // Nobody may be waiting yet, or ever, when it is settled.
  arrived.catch(() => undefined);
  const receiver = createReceiver({
    secret,
    onEvent: (event) => {
      if (event.id === id) settle();
    },
    onError: (error) => settle(error instanceof Error ? error : new Error(String(error))),
  });
  const server = createServer(receiver.node);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(new CliError(`Port ${port} cannot be listened on: ${error.message}`)),
    );
    server.listen(port, '127.0.0.1', resolve);
  });
  const { port: opened } = server.address() as AddressInfo;
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
