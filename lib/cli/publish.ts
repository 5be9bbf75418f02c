import { Command } from 'commander';
import { usageError } from './failure.ts';
import { type PublishRun, publishAll } from './publishing/run.ts';
import type { Session } from './session.ts';
import { positiveInteger, rfc3339, seconds } from './values.ts';

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
Data is JSON, @file, @file.ndjson, or - for lines on standard input, which is also read when there is no data.
Each line is one event: in shorthand ({"type": ..., "data": ...}) or as a CloudEvent (with "specversion"). With
--type each line is the data of an event, unless it is a CloudEvent.

Examples:
  busbar publish orders '{"total": 5}' --type order.placed
  busbar publish orders '{"type": "order.placed", "data": {"total": 5}, "subject": "order-7"}'
  busbar publish orders @order.json --type order.placed --delay 10m
  busbar publish orders < events.ndjson --rejected again.ndjson
  busbar publish --receiver billing '{"due": 7}' --type invoice.due`;

export function publishCommand(session: Session): Command {
  return withEventOptions(new Command('publish'))
    .description('publish events to a topic')
    .argument('[topic]', 'the topic; left out with --receiver')
    .argument('[data]', 'JSON, @file or -')
    .option('--receiver <receiver>', 'to this one receiver instead of a topic')
    .addHelpText('after', closing)
    .action(
      async (first: string | undefined, second: string | undefined, options: PublishOptions, command) => {
        const { receiver } = options;
        if (receiver !== undefined) {
          if (second !== undefined) throw usageError('Give a topic or --receiver, not both.');
          return publishAll(session, command, runOf({ receiver }, first, options));
        }
        if (first === undefined) throw usageError('Name the topic: `busbar publish <topic> [data]`.');
        await publishAll(session, command, runOf({ topic: first }, second, options));
      },
    );
}

/** The options that say what an event is; `invoke` has them too. */
export function withEventOptions(command: Command): Command {
  return command
    .option('--type <type>', 'the type of the events; makes each value the data of an event')
    .option('--source <uri>', 'where they come from (/busbar/cli)')
    .option('--id <id>', 'the id of the one event (a new UUID)')
    .option('--subject <subject>', 'what they are about')
    .option('--time <time>', 'when it happened, RFC 3339 (now)', rfc3339)
    .option('--delay <time>', 'deliver so much later: 90, 90s, 10m, 2h, 1d', seconds)
    .option('--deliver-at <time>', 'deliver at this time, RFC 3339', rfc3339)
    .option('--rejected <file>', 'keep the lines that were not stored in this file, for another try')
    .option('--concurrency <count>', 'at most this many requests at a time', positiveInteger, 4);
}

export function runOf(
  target: PublishRun['target'],
  data: string | undefined,
  options: PublishOptions,
): PublishRun {
  if (options.delay !== undefined && options.deliverAt !== undefined) {
    throw usageError('Give --delay or --deliver-at, not both.');
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
