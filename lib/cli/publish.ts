import { Command } from 'commander';
import { type PublishRun, publishAll } from './publishing/run.ts';
import { usageError } from './support/failure.ts';
import type { Session } from './support/session.ts';
import { positiveInteger, rfc3339, seconds } from './support/values.ts';

interface PublishOptions {
  readonly type?: string;
  readonly source?: string;
  readonly id?: string;
  readonly subject?: string;
  readonly time?: string;
  readonly delay?: number;
  readonly deliverAt?: string;
  readonly receiver?: string;
  readonly rejected?: string;
  readonly concurrency: number;
}

const closing = `
Data is JSON, @file, @file.ndjson, or - for lines on standard input, which is also read if there is no data.
Each line is one event, in shorthand ({"type": ..., "data": ...}) or as a CloudEvent (with "specversion"). With
--type, each line that is not a CloudEvent is the data of an event.

Examples:
  busbar publish orders '{"total": 5}' --type order.placed
  busbar publish orders '{"type": "order.placed", "data": {"total": 5}, "subject": "order-7"}'
  busbar publish orders @order.json --type order.placed --delay 10m
  busbar publish orders < events.ndjson --rejected again.ndjson
  busbar publish --receiver billing '{"due": 7}' --type invoice.due`;

export function publishCommand(session: Session): Command {
  return withEventOptions(new Command('publish'))
    .description('publish events to a topic')
    .argument('[topic]', 'the topic; omit it with --receiver')
    .argument('[data]', 'JSON, @file or -')
    .option('--receiver <receiver>', 'send to this receiver instead of a topic')
    .addHelpText('after', closing)
    .action(
      async (first: string | undefined, second: string | undefined, options: PublishOptions, command) => {
        const { receiver } = options;
        if (receiver !== undefined) {
          if (second !== undefined) throw usageError('Pass a topic or --receiver, not both.');
          return publishAll(session, command, runOf({ receiver }, first, options));
        }
        if (first === undefined) throw usageError('Name the topic: `busbar publish <topic> [data]`.');
        await publishAll(session, command, runOf({ topic: first }, second, options));
      },
    );
}

/** The options of an event, which `publish` and `invoke` share. */
export function withEventOptions(command: Command): Command {
  return command
    .option('--type <type>', 'the type of the events; each value is then the data of an event')
    .option('--source <uri>', 'their source (default: /busbar/cli)')
    .option('--id <id>', 'the id, if there is only one event (default: a new UUID)')
    .option('--subject <subject>', 'their subject')
    .option('--time <time>', 'when they happened, in RFC 3339 (default: now)', rfc3339)
    .option('--delay <time>', 'deliver after this delay: 90, 90s, 10m, 2h, 1d', seconds)
    .option('--deliver-at <time>', 'deliver at this time, in RFC 3339', rfc3339)
    .option('--rejected <file>', 'write the events that were not stored to this file, to publish them again')
    .option('--concurrency <count>', 'at most this many requests at the same time', positiveInteger, 4);
}

export function runOf(
  target: PublishRun['target'],
  data: string | undefined,
  options: PublishOptions,
): PublishRun {
  if (options.delay !== undefined && options.deliverAt !== undefined) {
    throw usageError('Pass --delay or --deliver-at, not both.');
  }
  return {
    target,
    data,
    event: {
      type: options.type,
      source: options.source,
      id: options.id,
      subject: options.subject,
      time: options.time,
      delaySeconds: options.delay,
      deliverAt: options.deliverAt,
    },
    rejected: options.rejected,
    concurrency: options.concurrency,
  };
}
