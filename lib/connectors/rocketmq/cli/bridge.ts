import { setTimeout as sleep } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { exitCodes } from '../../../cli/support/exit-codes.ts';
import { usageError } from '../../../cli/support/failure.ts';
import { jsonText } from '../../../cli/support/plain.ts';
import { connect, type Session, wantsJson } from '../../../cli/support/session.ts';
import { portNumber, seconds } from '../../../cli/support/values.ts';
import type { ShownReceiver } from '../../../core/registry/receiver.ts';
import { type CheckReport, Comparison, type Direction, directions } from '../bridge-check.ts';
import type { ShownRocketMq } from '../receiver.ts';
import { readBus } from './bus-side.ts';
import { reportText } from './report.ts';
import { readRocketMq } from './rocketmq-side.ts';

interface CheckOptions {
  readonly receiver?: string;
  readonly rocketmq?: string;
  readonly rocketmqTopic?: string;
  readonly tags: string;
  readonly group?: string;
  readonly tls: boolean;
  readonly direction: Direction;
  readonly window: number;
  readonly warmUp: number;
  readonly settle: number;
  readonly maxLag: number;
  readonly port: number;
  readonly endpoint?: string;
}

type Reader = typeof readRocketMq;

const closing = `
For the length of the window, the check reads both sides: the topic of the bus through a temporary receiver, and the topic
of RocketMQ with a consumer group of its own (--group). Create the group first if your brokers do not create groups
automatically. Events from before the window are not compared. ROCKETMQ_ACCESS_KEY and ROCKETMQ_SECRET_KEY are the
credentials for RocketMQ.

Exit codes: 0 both sides have the same events, and you can switch the old path off; 1 events are missing or late;
4 nothing is proven, because no event came or one side could not be read completely.

Examples:
  busbar bridge check orders --receiver legacy-orders --window 600
  busbar bridge check orders --rocketmq mq.example.com:8081 --rocketmq-topic Orders --direction in`;

/** `busbar bridge check`. @param read reads RocketMQ; tests replace it. */
export function bridgeCommand(session: Session, read: Reader = readRocketMq): Command {
  const check = new Command('check')
    .description('compare a topic with a topic of RocketMQ: counts, events missing on either side, lag')
    .argument('<topic>', 'the topic of the bus')
    .option('--receiver <receiver>', 'take the topic of RocketMQ, and the filter, from this receiver')
    .option('--rocketmq <endpoint>', 'the RocketMQ proxy, as host:port')
    .option('--rocketmq-topic <topic>', 'the topic of RocketMQ')
    .option('--tags <expression>', 'only messages with these tags, such as "created || paid"', '*')
    .option('--group <group>', 'the consumer group to read with (default: busbar-check-<topic of RocketMQ>)')
    .option('--no-tls', 'connect to the proxy without TLS')
    .addOption(
      new Option(
        '--direction <direction>',
        'which side must have all events of the other: in is the bus, out is RocketMQ',
      )
        .choices([...directions])
        .default('both'),
    )
    .option('--window <seconds>', 'how long to compare', seconds, 300)
    .option('--warm-up <seconds>', 'how long to read both sides before the window begins', seconds, 10)
    .option('--settle <seconds>', 'how long to wait after the window for events on their way', seconds, 60)
    .option('--max-lag <seconds>', 'a greater lag counts as late', seconds, 60)
    .option('--port <port>', 'where to listen for deliveries; 0 takes a free port', portNumber, 0)
    .option('--endpoint <url>', 'how the bus reaches this machine, if it runs on another')
    .addHelpText('after', closing)
    .action((topic: string, options: CheckOptions, command: Command) =>
      checkBridge(session, command, topic, options, read),
    );
  return new Command('bridge').description('check what flows between the bus and RocketMQ').addCommand(check);
}

async function checkBridge(
  session: Session,
  command: Command,
  topic: string,
  options: CheckOptions,
  read: Reader,
): Promise<void> {
  const { world } = session;
  session.about = { topic };
  const client = connect(session, command);
  const sides = await sidesOf(client, topic, options);
  const { ROCKETMQ_ACCESS_KEY: accessKey, ROCKETMQ_SECRET_KEY: secretKey } = world.env;
  const { stop } = world.interrupts();
  const comparison = new Comparison();
  const busSide = await readBus(
    client,
    world,
    { topic, filter: sides.filter, port: options.port, endpoint: options.endpoint },
    (seen) => comparison.add('bus', seen),
  );
  let report: CheckReport;
  try {
    const rocketMqSide = await read(
      world,
      {
        access: {
          endpoint: sides.endpoint,
          tls: sides.tls,
          ...(accessKey !== undefined &&
            secretKey !== undefined && { credentials: { accessKey, secretKey } }),
        },
        topic: sides.topic,
        tags: options.tags,
        group: options.group ?? `busbar-check-${sides.topic}`,
      },
      (seen) => comparison.add('rocketmq', seen),
    );
    let troubles: readonly string[] = [];
    const fromMs = world.now() + options.warmUp * 1000;
    let toMs = fromMs + options.window * 1000;
    try {
      const stopped = await waitUntil(session, toMs, stop, comparison, 'comparing');
      // Ctrl-C ends the window early and still waits for events on their way; a second Ctrl-C ends that wait, too.
      if (stopped) toMs = Math.max(fromMs, world.now());
      const { abort } = world.interrupts();
      await waitUntil(
        session,
        toMs + options.settle * 1000,
        abort,
        comparison,
        'waiting for events on their way',
      );
      troubles = [busSide.trouble(), rocketMqSide.trouble()].filter((trouble) => trouble !== undefined);
    } finally {
      await rocketMqSide.close();
    }
    const { direction, maxLag: maxLagSeconds } = options;
    report = comparison.report({ fromMs, toMs, direction, maxLagSeconds, idsMax: 20, troubles });
  } finally {
    await busSide.close();
  }
  const whole = { topic, rocketmq: { endpoint: sides.endpoint, topic: sides.topic }, ...report };
  await world.stdout.write(
    wantsJson(command) ? `${jsonText(whole)}\n` : reportText(topic, sides.topic, report, world.stdout),
  );
  session.exitCode = { same: exitCodes.done, different: exitCodes.failed, unknown: exitCodes.unknown }[
    report.verdict
  ];
}

/** Where the topic of RocketMQ is, and which events go there: taken from a receiver, or from the options. */
async function sidesOf(
  client: ReturnType<typeof connect>,
  topic: string,
  { receiver, rocketmq, rocketmqTopic, tls }: CheckOptions,
): Promise<{ endpoint: string; topic: string; tls: boolean; filter: unknown }> {
  if (receiver === undefined) {
    if (rocketmq === undefined || rocketmqTopic === undefined)
      throw usageError(
        'The topic of RocketMQ is missing.',
        'Give --receiver, or --rocketmq and --rocketmq-topic.',
      );
    return { endpoint: rocketmq, topic: rocketmqTopic, tls, filter: undefined };
  }
  if (rocketmq !== undefined || rocketmqTopic !== undefined)
    throw usageError(
      '--receiver already names a topic of RocketMQ.',
      'Leave out --rocketmq and --rocketmq-topic.',
    );
  const path = encodeURIComponent(receiver);
  const shown = (await client.call('GET', `/receivers/${path}`)) as ShownReceiver & ShownRocketMq;
  if (shown.rocketmq === undefined) throw usageError(`The receiver ${receiver} is not a topic of RocketMQ.`);
  const subscription = (await client.call(
    'GET',
    `/topics/${encodeURIComponent(topic)}/subscriptions/${path}`,
  )) as { filter?: unknown };
  const { endpoint, topic: name, tls: ownTls } = shown.rocketmq;
  return { endpoint, topic: name, tls: tls && (ownTls ?? true), filter: subscription.filter };
}

/** Waits, and shows the progress on a terminal. Resolves to true if the signal ended the wait. */
async function waitUntil(
  { world }: Session,
  untilMs: number,
  signal: AbortSignal,
  comparison: Comparison,
  what: string,
): Promise<boolean> {
  const { stderr } = world;
  for (;;) {
    const leftMs = untilMs - world.now();
    if (leftMs <= 0 || signal.aborted) break;
    if (stderr.isTerminal) {
      const { bus, rocketmq, onOne } = comparison.counts();
      const left = `${Math.ceil(leftMs / 1000)} s left`;
      await stderr.write(
        `\r\u001b[K${what}: bus ${bus}, RocketMQ ${rocketmq}, on one side ${onOne}; ${left}`,
      );
    }
    // An abort ends the sleep; the loop then sees it.
    await sleep(Math.min(leftMs, 1000), undefined, { signal }).catch(() => undefined);
  }
  if (stderr.isTerminal) await stderr.write('\r\u001b[K');
  return signal.aborted;
}
