import { setTimeout as sleep } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { type CheckReport, Comparison, type Direction, directions, type Lag } from '../core/bridge-check.ts';
import type { ShownReceiver } from '../core/registry.ts';
import { readBus, readRocketMq } from './bridge-sides.ts';
import { exitCodes } from './exit-codes.ts';
import { usageError } from './failure.ts';
import { connect, type Session, wantsJson } from './session.ts';
import { plain } from './table.ts';
import { portNumber, seconds } from './values.ts';
import type { Output } from './world.ts';

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
Both sides are read while the window lasts: the topic of the bus by a receiver of its own, which is deleted again, the topic
of RocketMQ by a consumer group of its own (--group), which must be there where brokers make none by themselves. Events of
before the window are not compared. Credentials of RocketMQ come from ROCKETMQ_ACCESS_KEY and ROCKETMQ_SECRET_KEY.

Exit codes: 0 both sides have the same, and the old path may be switched off; 1 events are missing or late; 4 nothing was
proven, because nothing came or a side could not be read whole.

Examples:
  busbar bridge check orders --receiver legacy-orders --window 600
  busbar bridge check orders --rocketmq mq.example.com:8081 --rocketmq-topic Orders --direction in`;

/** @param read replaces the reading of RocketMQ. */
export function bridgeCommand(session: Session, read: Reader = readRocketMq): Command {
  const check = new Command('check')
    .description('compare a topic with a topic of RocketMQ: counts, what is missing on either side, lag')
    .argument('<topic>', 'the topic of the bus')
    .option('--receiver <receiver>', 'take the side of RocketMQ, and the filter, from this receiver')
    .option('--rocketmq <endpoint>', 'the proxy of RocketMQ, host:port')
    .option('--rocketmq-topic <topic>', 'the topic of RocketMQ')
    .option('--tags <expression>', 'only messages of these tags, such as "created || paid"', '*')
    .option('--group <group>', 'the consumer group to read with (busbar-check-<topic of RocketMQ>)')
    .option('--no-tls', 'the proxy has no TLS')
    .addOption(
      new Option('--direction <direction>', 'which side must have what the other has: in is the bus')
        .choices([...directions])
        .default('both'),
    )
    .option('--window <seconds>', 'for how long to compare', seconds, 300)
    .option('--warm-up <seconds>', 'how long before, until both sides surely are read', seconds, 10)
    .option('--settle <seconds>', 'how long afterwards, for what is under way', seconds, 60)
    .option('--max-lag <seconds>', 'what is later counts as late', seconds, 60)
    .option('--port <port>', 'where to listen for the bus; 0 takes a free one', portNumber, 0)
    .option('--endpoint <url>', 'how the bus reaches this machine, where it is not on it')
    .addHelpText('after', closing)
    .action((topic: string, options: CheckOptions, command: Command) =>
      checkBridge(session, command, topic, options, read),
    );
  return new Command('bridge')
    .description('look after what goes to and comes from RocketMQ')
    .addCommand(check);
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
      // Ctrl-C ends the window early; what is under way is still waited for, and a second Ctrl-C ends that, too.
      if (stopped) toMs = Math.max(fromMs, world.now());
      const { abort } = world.interrupts();
      await waitUntil(
        session,
        toMs + options.settle * 1000,
        abort,
        comparison,
        'waiting for what is under way',
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
    wantsJson(command) ? `${JSON.stringify(whole)}\n` : told(topic, sides.topic, report, world.stdout),
  );
  session.exitCode = { same: exitCodes.done, different: exitCodes.failed, unknown: exitCodes.unknown }[
    report.verdict
  ];
}

/** Where the side of RocketMQ is, and which events of the topic go there: as a receiver says, or as options do. */
async function sidesOf(
  client: ReturnType<typeof connect>,
  topic: string,
  { receiver, rocketmq, rocketmqTopic, tls }: CheckOptions,
): Promise<{ endpoint: string; topic: string; tls: boolean; filter: unknown }> {
  if (receiver === undefined) {
    if (rocketmq === undefined || rocketmqTopic === undefined)
      throw usageError(
        'The side of RocketMQ is missing.',
        'Give --receiver, or --rocketmq and --rocketmq-topic.',
      );
    return { endpoint: rocketmq, topic: rocketmqTopic, tls, filter: undefined };
  }
  if (rocketmq !== undefined || rocketmqTopic !== undefined)
    throw usageError('--receiver says itself where its topic of RocketMQ is.', 'Leave --rocketmq out.');
  const path = encodeURIComponent(receiver);
  const shown = (await client.call('GET', `/receivers/${path}`)) as ShownReceiver;
  if (shown.rocketmq === undefined)
    throw usageError(`The receiver ${receiver} is an endpoint, and no topic of RocketMQ.`);
  const subscription = (await client.call(
    'GET',
    `/topics/${encodeURIComponent(topic)}/subscriptions/${path}`,
  )) as { filter?: unknown };
  const { endpoint, topic: name, tls: ownTls } = shown.rocketmq;
  return { endpoint, topic: name, tls: tls && (ownTls ?? true), filter: subscription.filter };
}

/** Waits and draws how far it is. True when it was broken off. */
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
    // A broken wait is seen by the loop.
    await sleep(Math.min(leftMs, 1000), undefined, { signal }).catch(() => undefined);
  }
  if (stderr.isTerminal) await stderr.write('\r\u001b[K');
  return signal.aborted;
}

/** The report as a person reads it. */
function told(topic: string, rocketMqTopic: string, report: CheckReport, output: Output): string {
  const { window, seen, onBoth, missing, notCompared, lag, verdict, reasons } = report;
  const side = (name: string, { events, duplicates }: { events: number; duplicates: number }) =>
    `  ${name.padEnd(10)} ${events} events${duplicates > 0 ? `, ${duplicates} came again` : ''}`;
  const lacks = (name: string, { events, ids }: CheckReport['missing']['bus']) =>
    events === 0
      ? []
      : [
          `  missing on ${name}: ${events}`,
          ...ids.map((id) => `    ${plain(id)}`),
          ...(events > ids.length ? ['    …'] : []),
        ];
  const late = (name: string, one: Lag | undefined) =>
    one === undefined
      ? []
      : [
          `  second on ${name}: ${one.events}, after ${one.medianSeconds.toFixed(1)} s (median), ${one.p99Seconds.toFixed(1)} s (99 of 100), ${one.maxSeconds.toFixed(1)} s (most)`,
        ];
  const verdicts = {
    same: output.paint('green', 'Both sides have the same: the old path may be switched off.'),
    different: output.paint('red', `The old path is still needed: ${reasons.join('; ')}.`),
    unknown: output.paint('yellow', `Nothing is proven: ${reasons.join('; ')}.`),
  };
  return `${[
    `${topic} and ${plain(rocketMqTopic)} of RocketMQ, ${window.from} to ${window.to}`,
    side('bus', seen.bus),
    side('RocketMQ', seen.rocketmq),
    `  on both    ${onBoth}`,
    ...lacks('the bus', missing.bus),
    ...lacks('RocketMQ', missing.rocketmq),
    ...(notCompared > 0 ? [`  ${notCompared} were older than the window, and are not compared`] : []),
    ...late('the bus', lag.bus),
    ...late('RocketMQ', lag.rocketmq),
    verdicts[verdict],
  ].join('\n')}\n`;
}
