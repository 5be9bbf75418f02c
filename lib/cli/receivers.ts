import { Argument, Command, Option } from 'commander';
import type { ShownValidation } from '../core/validation.ts';
import { act, get, given, list, put, remove } from './collection.ts';
import { usageError } from './failure.ts';
import type { Session } from './session.ts';
import { field } from './table.ts';
import {
  header,
  jsonOrFile,
  positiveInteger,
  positiveNumber,
  rfc3339,
  seconds,
  secondsList,
} from './values.ts';

interface ReceiverOptions {
  readonly endpoint?: string;
  readonly rocketmq?: unknown;
  readonly owner?: string;
  readonly format?: string;
  readonly secret?: string;
  readonly timeout?: number;
  readonly retry?: readonly number[];
  readonly businessFailures?: string;
  readonly probe?: string;
  readonly validate?: string;
  readonly concurrency?: number;
  readonly perSecond?: number;
  readonly perType?: number;
  readonly header?: Readonly<Record<string, string>>;
  readonly oauth2?: unknown;
}

const columns = [
  field('receiver'),
  field('endpoint'),
  field('owner'),
  field('format'),
  field('state'),
  field('limits'),
];

const breakerTold: Readonly<Record<string, (receiver: string) => string>> = {
  open: (receiver) => `The breaker of ${receiver} is open. Its events wait, for up to 14 days.`,
  closed: (receiver) => `The breaker of ${receiver} is closed, and stays so whatever its endpoint does.`,
  auto: (receiver) => `The breaker of ${receiver} judges by itself again.`,
};

/** What asking came to, with what the endpoint would have to do. */
function validationTold(receiver: string, validation: unknown): string {
  const { state, detail, allowedRatePerMinute } = validation as ShownValidation;
  switch (state) {
    case 'granted':
      return `The endpoint of ${receiver} agreed, to ${allowedRatePerMinute ?? 'any number of'} requests a minute.`;
    case 'refused':
      return `The endpoint of ${receiver} refused: its events wait. ${detail ?? ''}`;
    case 'pending':
      return `The endpoint of ${receiver} has not agreed yet: its events wait, and it is asked again. ${detail ?? ''}`;
  }
}

export function receiversCommand(session: Session): Command {
  const receivers = new Command('receivers').description('list, show, make and delete receivers').addHelpText(
    'after',
    `
Examples:
  busbar receivers put billing --endpoint https://billing.example.com/events
  busbar receivers put billing --endpoint https://billing.example.com/events \\
    --retry 5s,1m,10m --concurrency 20 --per-second 100 --header 'X-Team: billing'
  busbar receivers put legacy --rocketmq '{"endpoint": "mq.example.com:8081", "topic": "Orders"}'
  busbar receivers list
  busbar receivers pause billing
  busbar receivers rotate-secret billing --overlap 24h
  busbar receivers skip billing --before 2026-01-31T12:00:00Z
  busbar receivers resume billing`,
  );
  receivers
    .command('list')
    .description('all receivers')
    .action((_, command: Command) => list(session, command, '/receivers', columns, 'receivers'));
  receivers
    .command('get')
    .description('one receiver, without its secret')
    .argument('<receiver>')
    .action((receiver: string, _, command: Command) => get(session, command, pathOf(receiver)));
  receivers
    .command('put')
    .description('make a receiver, or replace its settings')
    .argument('<receiver>')
    .option('--endpoint <url>', 'where its events are posted')
    .option(
      '--rocketmq <json>',
      'a topic of RocketMQ to which they are sent instead: {endpoint, topic, …}, or @file',
      jsonOrFile,
    )
    .option('--owner <application>', 'the application that it belongs to')
    .addOption(new Option('--format <format>', 'how an event is posted').choices(['structured', 'binary']))
    .option('--secret <whsec>', 'sign with this secret; without it the bus makes one and shows it once')
    .option('--timeout <time>', 'how long an attempt may take: 15, 15s', seconds)
    .option('--retry <times>', 'the delay before each further attempt: 5s,30s,2m', secondsList)
    .addOption(
      new Option('--business-failures <what>', 'what becomes of an event that the endpoint refuses').choices([
        'retry',
        'dead-letter',
      ]),
    )
    .addOption(
      new Option('--probe <how>', 'what tries an endpoint that failed').choices(['delivery', 'head']),
    )
    .addOption(
      new Option('--validate <how>', 'whether the endpoint must agree before it gets events').choices([
        'none',
        'handshake',
      ]),
    )
    .option('--concurrency <count>', 'at most this many requests at a time', positiveInteger)
    .option('--per-second <rate>', 'at most this many requests a second', positiveNumber)
    .option('--per-type <count>', 'at most this many requests of one type at a time', positiveInteger)
    .option(
      '--oauth2 <json>',
      'send a token that is fetched by client credentials: {tokenUrl, clientId, clientSecret}, or @file',
      jsonOrFile,
    )
    .option('--header <"Name: value">', 'send this header too (may be repeated)', header)
    .action((receiver: string, options: ReceiverOptions, command: Command) =>
      put(session, command, pathOf(receiver), settingsOf(options), `Receiver ${receiver} is saved.`),
    );
  receivers
    .command('delete')
    .description('delete a receiver')
    .argument('<receiver>')
    .option('--force', 'also when events wait for it; they are lost')
    .action((receiver: string, options: { force?: boolean }, command: Command) => {
      const query = options.force === true ? '?force=true' : '';
      return remove(session, command, `${pathOf(receiver)}${query}`, `Receiver ${receiver} is deleted.`);
    });
  receivers
    .command('pause')
    .description('stop delivering to a receiver; its events wait')
    .argument('<receiver>')
    .action((receiver: string, _, command: Command) =>
      act(
        session,
        command,
        `${pathOf(receiver)}/pause`,
        undefined,
        () => `Receiver ${receiver} is paused. Its events wait, for up to 14 days.`,
      ),
    );
  receivers
    .command('resume')
    .description('go on with a receiver that is paused, or disabled by a 410')
    .argument('<receiver>')
    .action((receiver: string, _, command: Command) =>
      act(
        session,
        command,
        `${pathOf(receiver)}/resume`,
        undefined,
        () => `Receiver ${receiver} is active. Within a minute its events are delivered again.`,
      ),
    );
  receivers
    .command('skip')
    .description('drop the events that have waited for a receiver since before a time')
    .argument('<receiver>')
    .requiredOption('--before <time>', 'drop what came before this: 2026-01-31T12:00:00Z', rfc3339)
    .action((receiver: string, { before }: { before: string }, command: Command) =>
      act(
        session,
        command,
        `${pathOf(receiver)}/skip`,
        { before },
        () =>
          `What came for ${receiver} before ${before} is dropped as it is received; \`busbar receivers get ${receiver}\` counts it.`,
      ),
    );
  receivers
    .command('rotate-secret')
    .description('give a receiver another secret; for a while the earlier one signs too')
    .argument('<receiver>')
    .option('--secret <whsec>', 'this one; without it the bus makes one and shows it once')
    .option('--overlap <time>', 'how long the earlier one signs as well: 24h; 0 ends it now', seconds)
    .action((receiver: string, options: { secret?: string; overlap?: number }, command: Command) =>
      act(
        session,
        command,
        `${pathOf(receiver)}/rotate-secret`,
        given({ secret: options.secret, overlapSeconds: options.overlap }),
        (answer) => rotationTold(receiver, answer),
      ),
    );
  receivers
    .command('validate')
    .description('ask the endpoint of a receiver again whether it agrees to get events')
    .argument('<receiver>')
    .action((receiver: string, _, command: Command) =>
      act(session, command, `${pathOf(receiver)}/validate`, undefined, (answer) =>
        validationTold(receiver, answer.validation),
      ),
    );
  receivers
    .command('breaker')
    .description('force the breaker of a receiver open or closed, or give it back (auto)')
    .argument('<receiver>')
    .addArgument(new Argument('<state>', 'what it is to be').choices(['open', 'closed', 'auto']))
    .action((receiver: string, state: string, _, command: Command) =>
      act(
        session,
        command,
        `${pathOf(receiver)}/breaker`,
        { state },
        () => breakerTold[state]?.(receiver) ?? '',
      ),
    );

  function pathOf(receiver: string): string {
    session.about = { receiver };
    return `/receivers/${encodeURIComponent(receiver)}`;
  }
  return receivers;
}

function rotationTold(
  receiver: string,
  { secret, earlierSecrets }: Readonly<Record<string, unknown>>,
): string {
  const untils = Array.isArray(earlierSecrets) ? earlierSecrets.map(({ until }) => String(until)).sort() : [];
  const last = untils.at(-1);
  const earlier =
    last === undefined ? 'No earlier secret signs any more.' : `Earlier ones sign too until ${last}.`;
  if (typeof secret !== 'string') return `Receiver ${receiver} has this secret already. ${earlier}`;
  return `Receiver ${receiver} has another secret, shown only now: ${secret}\n${earlier}`;
}

function settingsOf(options: ReceiverOptions): Readonly<Record<string, unknown>> {
  if ((options.endpoint === undefined) === (options.rocketmq === undefined)) {
    throw usageError('A receiver is an endpoint or a topic of RocketMQ.', 'Give --endpoint or --rocketmq.');
  }
  const { concurrency, perSecond, perType } = options;
  const limits = given({ concurrency, perSecond, perType });
  return given({
    endpoint: options.endpoint,
    rocketmq: options.rocketmq,
    owner: options.owner,
    format: options.format,
    secret: options.secret,
    timeoutSeconds: options.timeout,
    retry: retryOf(options),
    validate: options.validate,
    breaker: options.probe && { probe: options.probe },
    limits: Object.keys(limits).length > 0 ? limits : undefined,
    headers: options.header,
    oauth2: options.oauth2,
  });
}

/** The bus takes a policy whole: what becomes of refusals is asked together with the delays. */
function retryOf({
  retry,
  businessFailures,
}: ReceiverOptions): Readonly<Record<string, unknown>> | undefined {
  if (businessFailures === undefined) return retry && { delaysSeconds: retry };
  if (retry !== undefined) return { delaysSeconds: retry, businessFailures };
  throw usageError('--business-failures needs --retry.', 'Add the delays: --retry 5s,30s,2m');
}
