import { type Command, Option } from 'commander';
import { kindOptions } from '../connectors/cli.ts';
import { formats } from '../core/registry/receiver.ts';
import type { Item } from './support/answer.ts';
import { given } from './support/collection.ts';
import { usageError } from './support/failure.ts';
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
export interface ReceiverOptions {
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
  readonly routingKey?: string;
}

/** The options of a command that sets something of a receiver. */
export function receiverSettings(command: Command): Command {
  command
    .option('--endpoint <url>', 'where the bus posts its events')
    .option('--owner <application>', 'the application that owns it')
    .addOption(new Option('--format <format>', 'the form of the events').choices(formats))
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
      '--routing-key <key>',
      'the integration key of PagerDuty, with --format pagerduty, or @file',
      secretOrFile,
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
    );
  for (const { field, description } of kindOptions)
    command.option(`--${field} <json>`, description, jsonOrFile);
  return command;
}

const kindOf = (options: ReceiverOptions): Item =>
  given(Object.fromEntries(kindOptions.map(({ field }) => [field, Object(options)[field] as unknown])));

/** The settings of a put: of exactly one kind, and with the delays of a retry policy, which is replaced as a whole. */
export function wholeOf(options: ReceiverOptions): Item {
  if ((options.endpoint === undefined ? 0 : 1) + Object.keys(kindOf(options)).length !== 1) {
    throw usageError(
      `A receiver is an endpoint${kindOptions.map(({ what }) => ` or ${what}`).join('')}.`,
      `Pass --endpoint${kindOptions.map(({ field }) => ` or --${field}`).join('')}.`,
    );
  }
  if (options.businessFailures !== undefined && options.retry === undefined) {
    throw usageError('--business-failures needs --retry.', 'Add the delays, such as --retry 5s,30s,2m.');
  }
  return settingsOf(options);
}

/** The settings that the options give. */
export function settingsOf(options: ReceiverOptions): Item {
  const { concurrency, perSecond, perType, retry: delaysSeconds, businessFailures, probe } = options;
  return given({
    endpoint: options.endpoint,
    ...kindOf(options),
    owner: options.owner,
    format: options.format,
    secret: options.secret,
    timeoutSeconds: options.timeout,
    retry: group({ delaysSeconds, businessFailures }),
    validate: options.validate,
    breaker: group({ probe }),
    limits: group({ concurrency, perSecond, perType }),
    headers: headersOf(options),
    publicHeaders: options.publicHeader && Object.keys(options.publicHeader),
    oauth2: options.oauth2,
    routingKey: options.routingKey,
  });
}

function group(fields: Item): Item | undefined {
  const some = given(fields);
  return Object.keys(some).length === 0 ? undefined : some;
}

function headersOf({ header, publicHeader }: ReceiverOptions) {
  return header === undefined && publicHeader === undefined ? undefined : { ...header, ...publicHeader };
}
