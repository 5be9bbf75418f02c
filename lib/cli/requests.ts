import { Command } from 'commander';
import { requestStates } from '../core/request/request.ts';
import type { Item } from './support/answer.ts';
import { isItem } from './support/answer.ts';
import { act, given, list } from './support/collection.ts';
import { paged } from './support/pages.ts';
import { jsonText } from './support/plain.ts';
import { connect, type Session, wantsJson } from './support/session.ts';
import { field, fields } from './support/table.ts';
import { jsonOrFile } from './support/values.ts';

const columns = [
  field('id'),
  field('state'),
  field('kind'),
  field('application', 'from'),
  field('topic'),
  field('receiver'),
  field('filter'),
  field('reason'),
  field('note'),
];

interface AskOptions {
  readonly receiver?: string;
  readonly filter?: unknown;
  readonly reason?: string;
  readonly spec?: unknown;
}

/** `busbar requests`: ask for access, and decide about what others ask for. */
export function requestsCommand(session: Session): Command {
  const requests = new Command('requests')
    .description('ask for access to a topic, and decide about what others ask for')
    .addHelpText(
      'after',
      `
Examples:
  busbar catalog
  busbar requests subscribe orders billing --filter '{"type": ["order.placed"]}' --reason 'We send the invoices.'
  busbar requests publish orders --reason 'The new shop sells, too.'
  busbar requests list --state open
  busbar requests approve req_0m1a2b3c4
  busbar requests reject req_0m1a2b3c4 --note 'Subscribe to order-summaries instead.'`,
    );
  requests
    .command('subscribe')
    .description('ask to subscribe a receiver to a topic, and see what its filter would have matched')
    .argument('<topic>')
    .argument('<receiver>')
    .option('--filter <json|@file>', 'an SNS filter policy over event attributes and data', jsonOrFile)
    .option('--reason <text>', 'why, for whoever decides')
    .action((topic: string, receiver: string, { filter, reason }: AskOptions, command: Command) =>
      ask(session, command, given({ kind: 'subscribe', topic, receiver, filter, reason })),
    );
  requests
    .command('publish')
    .description('ask to publish to a topic')
    .argument('<topic>')
    .option('--reason <text>', 'why, for whoever decides')
    .action((topic: string, { reason }: AskOptions, command: Command) =>
      ask(session, command, given({ kind: 'publish', topic, reason })),
    );
  requests
    .command('topic')
    .description('ask for a new topic')
    .argument('<topic>')
    .option('--spec <json|@file>', 'its settings: {"description", "schema", …}', jsonOrFile)
    .option('--reason <text>', 'why, for whoever decides')
    .action((topic: string, { spec, reason }: AskOptions, command: Command) =>
      ask(session, command, given({ kind: 'topic', topic, spec, reason })),
    );
  requests
    .command('quotas')
    .description('ask for other quotas')
    .argument('<json|@file>', 'such as {"publishPerSecond": 500}', jsonOrFile)
    .option('--reason <text>', 'why, for whoever decides')
    .action((quotas: unknown, { reason }: AskOptions, command: Command) =>
      ask(session, command, given({ kind: 'quotas', quotas, reason })),
    );
  paged(requests.command('list').description('the requests that you made or may decide about'))
    .option('--state <state>', `only those that are ${requestStates.join(', ')}`)
    .option('--topic <topic>', 'only those about this topic')
    .option('--application <application>', 'only those of this application')
    .action((options: Readonly<Record<string, string>>, command: Command) => {
      const { state, topic, application } = options;
      const query = given({ state, topic, application }) as Readonly<Record<string, string>>;
      return list(session, command, '/requests', columns, { member: 'requests', query });
    });
  requests
    .command('get')
    .description('one request, with what its filter would have matched')
    .argument('<id>')
    .action(async (id: string, _, command: Command) => {
      await tell(session, command, await connect(session, command).call('GET', pathOf(id)));
    });
  for (const [decision, description, done] of [
    ['approve', 'approve a request; it has taken effect when the command ends', 'approved'],
    ['reject', 'reject a request', 'rejected'],
    ['withdraw', 'withdraw a request that you made', 'withdrawn'],
  ] as const) {
    requests
      .command(decision)
      .description(description)
      .argument('<id>')
      .option('--note <text>', 'for the application that asked')
      .action((id: string, { note }: { readonly note?: string }, command: Command) =>
        act(
          session,
          command,
          `${pathOf(id)}/${decision}`,
          given({ note }),
          () => `The request ${id} is ${done}.`,
        ),
      );
  }
  return requests;
}

const pathOf = (id: string) => `/requests/${encodeURIComponent(id)}`;

async function ask(session: Session, command: Command, body: Item): Promise<void> {
  await tell(session, command, await connect(session, command).call('POST', '/requests', body));
}

async function tell(session: Session, command: Command, request: unknown): Promise<void> {
  const { stdout } = session.world;
  if (wantsJson(command) || !isItem(request)) return stdout.write(`${jsonText(request)}\n`);
  const { dryRun, ...shown } = request;
  await stdout.write(fields(shown, stdout));
  if (!isItem(dryRun)) return;
  await stdout.write(
    dryRun.events === 0
      ? 'No events of the topic are kept, so nothing is known of what the filter matches.\n'
      : `The filter matches ${dryRun.matched} of the latest ${dryRun.events} kept events. Such as:\n${(dryRun.samples as unknown[]).map((sample) => `${jsonText(sample)}\n`).join('')}`,
  );
}
