import { createServer } from 'node:http';
import { Command } from 'commander';
import { BusbarError, type Client } from '../client/index.ts';
import { type Heard, hear, printedEvent } from './listening/hear.ts';
import { CliError, usageError } from './support/failure.ts';
import { listenOn } from './support/listen-on.ts';
import { jsonText } from './support/plain.ts';
import { connect, type Session, wantsJson } from './support/session.ts';
import { cell } from './support/table.ts';
import { fraction, httpStatus, portNumber, several, severalSecrets } from './support/values.ts';
import { aborted, newSecret, type Output, type World } from './support/world.ts';

interface ListenOptions {
  readonly port: number;
  readonly receiver?: string;
  readonly topic?: readonly string[];
  readonly endpoint?: string;
  readonly replace?: boolean;
  readonly secret?: readonly string[];
  readonly status: number;
  readonly failRate: number;
}

const closing = `
With --receiver, the command creates the receiver, or points an existing one at this listener; with --topic, it
subscribes the receiver. The receiver remains when the listener stops: its events wait until you listen again.
Deliveries are verified if the secret is known, because you pass --receiver or --secret.

Examples:
  busbar listen --receiver billing --topic orders
  busbar listen --receiver billing --topic orders --fail-rate 0.3
  busbar listen --port 4300 --secret @billing.secret --json`;

export function listenCommand(session: Session): Command {
  return new Command('listen')
    .description('receive events on this machine: verify, print and answer each delivery')
    .option('--port <port>', 'where to listen; 0 takes a free port', portNumber, 4200)
    .option('--receiver <receiver>', 'create this receiver and point it here')
    .option('--topic <topic>', 'subscribe the receiver to this topic (may be repeated)', several)
    .option('--endpoint <url>', 'how the bus reaches this listener (default: http://127.0.0.1:<port>/)')
    .option('--replace', 'take over a receiver that points to another endpoint')
    .option('--secret <whsec>', 'verify with this secret, or @file (may be repeated)', severalSecrets)
    .option('--status <status>', 'the status to answer with', httpStatus, 200)
    .option('--fail-rate <fraction>', 'answer this fraction of the deliveries with 500', fraction, 0)
    .addHelpText('after', closing)
    .action((options: ListenOptions, command: Command) => listen(session, command, options));
}

async function listen(session: Session, command: Command, options: ListenOptions): Promise<void> {
  const { world } = session;
  const { receiver, topic: topics = [] } = options;
  if (receiver === undefined && topics.length > 0)
    throw usageError('--topic needs --receiver.', 'Name the receiver to subscribe.');
  const { stop } = world.interrupts();
  const json = wantsJson(command);
  const secrets = options.secret ?? (receiver === undefined ? [] : [newSecret(world)]);
  const counts = { answered: 0, refused: 0 };

  const server = createServer((request, response) => {
    const decide = () => (world.random() < options.failRate ? 500 : options.status);
    hear(request, { secrets, decide, now: world.now }).then(
      async (heard) => {
        response.writeHead(heard.status, heard.status === 413 ? { connection: 'close' } : {}).end();
        counts[heard.delivery === undefined ? 'refused' : 'answered']++;
        await world.stdout.write(json ? jsonLine(heard) : prettyLine(heard, world.stdout));
      },
      (error: unknown) => {
        // The sender closed the connection in the middle of its request.
        void world.stderr.write(`A request was interrupted: ${cell(String(error))}\n`);
        response.destroy();
      },
    );
  });
  const port = await listenOn(server, options.port);
  try {
    if (receiver !== undefined) {
      const endpoint = options.endpoint ?? `http://127.0.0.1:${port}/`;
      await register(session, connect(session, command), { receiver, topics, endpoint, secrets, options });
    }
    await announce(world, { port, receiver, topics, verifies: secrets.length > 0 });
    await aborted(stop);
  } finally {
    server.close();
    server.closeAllConnections();
  }
  const refused = counts.refused === 0 ? '' : `, ${counts.refused} refused`;
  await world.stderr.write(`Stopped: ${counts.answered} deliveries${refused}.\n`);
}

/** The settings that a PUT may contain; `GET` shows more. */
const settable = ['owner', 'format', 'timeoutSeconds', 'retry', 'limits', 'headers'] as const;

async function register(
  session: Session,
  client: Client,
  wish: {
    receiver: string;
    topics: readonly string[];
    endpoint: string;
    secrets: readonly string[];
    options: ListenOptions;
  },
): Promise<void> {
  const { receiver, endpoint } = wish;
  session.about = { ...session.about, receiver };
  const path = `/receivers/${encodeURIComponent(receiver)}`;
  const old = await found(client, path);
  if (old !== undefined && old.endpoint !== endpoint && wish.options.replace !== true) {
    throw new CliError(
      `The receiver ${receiver} already exists and points to ${cell(old.endpoint)}.`,
      'Pass --replace to point it here, or choose another name.',
    );
  }
  const kept = Object.fromEntries(
    settable.flatMap((name) => (old?.[name] === undefined ? [] : [[name, old[name]]])),
  );
  await client.putReceiver(receiver, {
    ...kept,
    endpoint,
    ...(wish.secrets[0] && { secret: wish.secrets[0] }),
  });
  for (const topic of wish.topics) {
    session.about = { ...session.about, topic };
    const subscription = `/topics/${encodeURIComponent(topic)}/subscriptions/${encodeURIComponent(receiver)}`;
    // An existing subscription keeps its filter.
    if ((await found(client, subscription)) === undefined) await client.putSubscription(topic, receiver);
  }
}

/** The resource at a path; undefined if there is none. */
async function found(client: Client, path: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const body = await client.call('GET', path);
    return typeof body === 'object' && body !== null ? { ...body } : {};
  } catch (error) {
    if (error instanceof BusbarError && error.status === 404) return undefined;
    throw error;
  }
}

async function announce(
  world: World,
  ready: { port: number; receiver: string | undefined; topics: readonly string[]; verifies: boolean },
): Promise<void> {
  const { receiver, topics } = ready;
  const lines = [`Listening on http://127.0.0.1:${ready.port}/; press Ctrl-C to stop.`];
  if (receiver !== undefined) {
    const to = topics.length === 0 ? '' : `, subscribed to ${topics.join(', ')}`;
    lines.push(
      `The receiver ${receiver} points here${to}. Delete it with \`busbar receivers delete ${receiver}\`.`,
    );
  }
  if (!ready.verifies) lines.push("Signatures are not verified: pass the receiver's secret with --secret.");
  await world.stderr.write(lines.map((line) => `${line}\n`).join(''));
}

function jsonLine({ atMs, delivery, isWhole, verified, status, problem }: Heard): string {
  const receivedAt = new Date(atMs).toISOString();
  const { body: _, ...shown } = { ...delivery };
  const event = delivery && printedEvent(delivery, isWhole);
  const heard = { receivedAt, ...shown, ...(event && { event }), verified, status };
  return `${jsonText({ ...heard, ...(problem !== undefined && { problem }) })}\n`;
}

function prettyLine(heard: Heard, output: Output): string {
  const time = output.paint('dim', new Date(heard.atMs).toISOString().slice(11, 23));
  if (heard.delivery === undefined) {
    return `${time}  ${output.paint('red', `refused ${heard.status}`)}  ${cell(heard.problem)}\n`;
  }
  const { topic, event, attempt } = heard.delivery;
  const outcome = heard.status < 300 ? String(heard.status) : output.paint('red', String(heard.status));
  const parts = [
    time,
    outcome,
    cell(topic ?? '(invoked)'),
    output.paint('cyan', cell(event.type)),
    cell(event.id),
    `attempt ${attempt}`,
    cell(
      event.data instanceof Uint8Array
        ? `${event.data.length} bytes`
        : jsonText(printedEvent(heard.delivery, heard.isWhole).data),
    ),
  ];
  return `${parts.join('  ')}\n`;
}
