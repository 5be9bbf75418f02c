import { Command, Option } from 'commander';
import { kindOptions } from '../connectors/cli.ts';
import { receiverActions } from './receivers-actions.ts';
import { get, given, list, put, remove } from './support/collection.ts';
import { usageError } from './support/failure.ts';
import { paged } from './support/pages.ts';
import type { Session } from './support/session.ts';
import { field } from './support/table.ts';
import {
  header,
  jsonOrFile,
  positiveInteger,
  positiveNumber,
  seconds,
  secondsList,
  secretOrFile,
} from './support/values.ts';

/** Beside these, the options of the kinds, by their fields. */
interface ReceiverOptions {
  readonly endpoint?: string;
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
  readonly publicHeader?: Readonly<Record<string, string>>;
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

export function receiversCommand(session: Session): Command {
  const receivers = new Command('receivers')
    .description('create, show, control and delete receivers')
    .addHelpText(
      'after',
      `
Examples:
  busbar receivers put billing --endpoint https://billing.example.com/events
  busbar receivers put billing --endpoint https://billing.example.com/events \\
    --retry 5s,1m,10m --concurrency 20 --per-second 100 --header 'X-Team: billing'
${kindOptions.map(({ field, example }) => `  busbar receivers put legacy --${field} '${example}'\n`).join('')}  busbar receivers list
  busbar receivers pause billing
  busbar receivers rotate-secret billing --overlap 24h
  busbar receivers skip billing --before 2026-01-31T12:00:00Z
  busbar receivers resume billing`,
    );
  paged(receivers.command('list').description('all receivers')).action((_, command: Command) =>
    list(session, command, '/receivers', columns, { member: 'receivers' }),
  );
  receivers
    .command('get')
    .description('one receiver, without its secret')
    .argument('<receiver>')
    .action((receiver: string, _, command: Command) => get(session, command, pathOf(receiver)));
  const putCommand = receivers
    .command('put')
    .description('create a receiver, or replace its settings')
    .argument('<receiver>')
    .option('--endpoint <url>', 'where the bus posts its events')
    .option('--owner <application>', 'the application that owns it')
    .addOption(new Option('--format <format>', 'the CloudEvents format').choices(['structured', 'binary']))
    .option(
      '--secret <whsec>',
      'sign with this secret, or @file; without it the bus makes one and shows it once',
      secretOrFile,
    )
    .option('--timeout <time>', 'timeout of one attempt: 15, 15s', seconds)
    .option('--retry <times>', 'the delay before each retry: 5s,30s,2m', secondsList)
    .addOption(
      new Option('--business-failures <what>', 'what to do with an event that the endpoint refuses').choices([
        'retry',
        'dead-letter',
      ]),
    )
    .addOption(
      new Option('--probe <how>', 'how the bus tests an endpoint that failed').choices(['delivery', 'head']),
    )
    .addOption(
      new Option('--validate <how>', 'whether the endpoint must agree before the bus sends events').choices([
        'none',
        'handshake',
      ]),
    )
    .option('--concurrency <count>', 'at most this many requests at the same time', positiveInteger)
    .option('--per-second <rate>', 'at most this many requests per second', positiveNumber)
    .option(
      '--per-type <count>',
      'at most this many requests of one event type at the same time',
      positiveInteger,
    )
    .option(
      '--oauth2 <json>',
      'send an OAuth 2 token, from client credentials: {tokenUrl, clientId, clientSecret}, or @file',
      jsonOrFile,
    )
    .option(
      '--header <"Name: value">',
      'send this header, too; its value is never shown (may be repeated)',
      header,
    )
    .option(
      '--public-header <"Name: value">',
      'the same, with a value that is shown (may be repeated)',
      header,
    )
    .action((receiver: string, options: ReceiverOptions, command: Command) =>
      put(session, command, pathOf(receiver), settingsOf(options), `Receiver ${receiver} is saved.`),
    );
  for (const { field, description } of kindOptions)
    putCommand.option(`--${field} <json>`, description, jsonOrFile);
  receivers
    .command('delete')
    .description('delete a receiver')
    .argument('<receiver>')
    .option('--force', 'delete it even if events wait for it; they are lost')
    .action((receiver: string, options: { force?: boolean }, command: Command) => {
      const query = options.force === true ? '?force=true' : '';
      return remove(session, command, `${pathOf(receiver)}${query}`, `Receiver ${receiver} is deleted.`);
    });
  for (const command of receiverActions(session, pathOf)) receivers.addCommand(command);

  function pathOf(receiver: string): string {
    session.about = { receiver };
    return `/receivers/${encodeURIComponent(receiver)}`;
  }
  return receivers;
}

function settingsOf(options: ReceiverOptions): Readonly<Record<string, unknown>> {
  const kind = given(
    Object.fromEntries(kindOptions.map(({ field }) => [field, Object(options)[field] as unknown])),
  );
  if ((options.endpoint === undefined ? 0 : 1) + Object.keys(kind).length !== 1) {
    throw usageError(
      `A receiver is an endpoint${kindOptions.map(({ what }) => ` or ${what}`).join('')}.`,
      `Pass --endpoint${kindOptions.map(({ field }) => ` or --${field}`).join('')}.`,
    );
  }
  const { concurrency, perSecond, perType } = options;
  const limits = given({ concurrency, perSecond, perType });
  return given({
    endpoint: options.endpoint,
    ...kind,
    owner: options.owner,
    format: options.format,
    secret: options.secret,
    timeoutSeconds: options.timeout,
    retry: retryOf(options),
    validate: options.validate,
    breaker: options.probe && { probe: options.probe },
    limits: Object.keys(limits).length > 0 ? limits : undefined,
    headers: headersOf(options),
    publicHeaders: options.publicHeader && Object.keys(options.publicHeader),
    oauth2: options.oauth2,
  });
}

function headersOf({ header, publicHeader }: ReceiverOptions) {
  return header === undefined && publicHeader === undefined ? undefined : { ...header, ...publicHeader };
}

/** The bus takes a retry policy only as a whole, so --business-failures needs the delays, too. */
function retryOf({
  retry,
  businessFailures,
}: ReceiverOptions): Readonly<Record<string, unknown>> | undefined {
  if (businessFailures === undefined) return retry && { delaysSeconds: retry };
  if (retry !== undefined) return { delaysSeconds: retry, businessFailures };
  throw usageError('--business-failures needs --retry.', 'Add the delays, such as --retry 5s,30s,2m.');
}
