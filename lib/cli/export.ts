import { Command, Option } from 'commander';
import { sinks } from '../connectors/index.ts';
import { manifestOf } from '../core/manifest/manifest.ts';
import { readBus } from './applying/read-bus.ts';
import { yamlOf } from './applying/text.ts';
import type { Item } from './support/answer.ts';
import { CliError } from './support/failure.ts';
import { readList } from './support/pages.ts';
import { jsonLines } from './support/plain.ts';
import { connect, type Session, wantsJson } from './support/session.ts';

interface ExportOptions {
  readonly owner?: string;
  readonly format: string;
}

export function exportCommand(session: Session): Command {
  return new Command('export')
    .description('print topics, receivers, subscriptions and schedules as a document for `busbar apply`')
    .option('--owner <application>', 'only what this application owns')
    .addOption(new Option('--format <format>', 'of the document').choices(['yaml', 'json']).default('yaml'))
    .addHelpText(
      'after',
      `
The document has no secrets: hidden header values stand as (hidden), which keeps them where they are, and the secrets of
receivers and of OAuth 2 are left out. What busbar.config.ts declares is left out, and so is what requests granted.

Examples:
  busbar export > bus.yaml
  busbar export --owner billing --format json > billing.json`,
    )
    .action(async ({ owner, format }: ExportOptions, command: Command) => {
      const { stdout } = session.world;
      const isMine =
        owner === undefined ? await ownedBy(session, command) : (one: Item) => one.owner === owner;
      const live = await readBus(session, command, { topic: isMine, receiver: isMine, schedule: isMine });
      const manifest = manifestOf(sinks, {
        topics: live.topics.filter(isMine),
        receivers: live.receivers.filter(isMine),
        subscriptions: live.subscriptions,
        schedules: live.schedules.filter(isMine),
      });
      if (wantsJson(command) || format === 'json') {
        return await stdout.write(`${jsonLines(manifest)}\n`);
      }
      const yaml = yamlOf(manifest);
      if (yaml === undefined) {
        throw new CliError('A number has more digits than YAML keeps.', 'Pass --format json.');
      }
      await stdout.write(yaml);
    });
}

/** What the caller owns: all for an admin, else that of its application and the children of that. */
async function ownedBy(session: Session, command: Command): Promise<(one: Item) => boolean> {
  const me = (await connect(session, command).call('GET', '/me')) as Item;
  if (me.role === 'admin') return () => true;
  const { items } = await readList(session, command, '/applications', 'applications');
  const names = new Set([me.application, ...items.map(({ application }) => application)]);
  return ({ owner }) => names.has(owner);
}
