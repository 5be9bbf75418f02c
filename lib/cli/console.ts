import { Command } from 'commander';
import type { Client } from '../client/index.ts';
import type { Item } from './support/answer.ts';
import { jsonText } from './support/plain.ts';
import { connect, type Session, wantsJson } from './support/session.ts';

interface ConsoleOptions {
  readonly open: boolean;
}

export function consoleCommand(session: Session): Command {
  return new Command('console')
    .description('open the web console of a bus, signed in by your key')
    .option('--no-open', 'only print the link')
    .addHelpText(
      'after',
      `
The link signs in whoever opens it first, once, within five minutes: as your key, and for 12 hours at most.
Who signed in with \`busbar login\` signs in at the console itself, at <url>/console/.

Examples:
  busbar console
  busbar console --profile production --no-open`,
    )
    .action(async ({ open }: ConsoleOptions, command: Command) => {
      const client = connect(session, command);
      const { consoleUrl, expiresAt } = await makeConsoleLink(client, session.target?.url ?? '');
      const { stdout, openBrowser } = session.world;
      await stdout.write(wantsJson(command) ? `${jsonText({ consoleUrl, expiresAt })}\n` : `${consoleUrl}\n`);
      if (open && !wantsJson(command)) openBrowser(consoleUrl);
    });
}

/**
 * A link that signs in to the console of a bus, once. The ticket is in the fragment, which no browser sends, so it reaches
 * neither a server nor a log.
 */
export async function makeConsoleLink(
  client: Pick<Client, 'call'>,
  url: string,
): Promise<{ readonly consoleUrl: string; readonly expiresAt: string }> {
  const { ticket, expiresAt } = (await client.call('POST', '/sign-in-links', {})) as Item;
  return {
    consoleUrl: `${url.replace(/\/+$/, '')}/console/#ticket=${String(ticket)}`,
    expiresAt: String(expiresAt),
  };
}
