import { Command } from 'commander';
import { runOf, withEventOptions } from './publish.ts';
import { publishAll } from './publishing/run.ts';
import type { Session } from './support/session.ts';

export function invokeCommand(session: Session): Command {
  return withEventOptions(new Command('invoke'))
    .description('send events to one receiver; otherwise the same as publish')
    .argument('<receiver>', 'the receiver')
    .argument('[data]', 'JSON, @file or -')
    .addHelpText(
      'after',
      `
Examples:
  busbar invoke billing '{"due": 7}' --type invoice.due`,
    )
    .action(
      (receiver: string, data: string | undefined, options: Parameters<typeof runOf>[2], command: Command) =>
        publishAll(session, command, runOf({ receiver }, data, options)),
    );
}
