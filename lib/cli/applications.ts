import { Command } from 'commander';
import { change, get, given, list, put, remove } from './support/collection.ts';
import { paged } from './support/pages.ts';
import type { Session } from './support/session.ts';
import { field } from './support/table.ts';
import { jsonOrFile, several } from './support/values.ts';

interface ApplicationOptions {
  readonly description?: string;
  readonly contact?: readonly string[];
  readonly parent?: string;
  readonly quotas?: unknown;
}

const columns = [
  field('application'),
  field('parent'),
  field('contacts'),
  field('quotas'),
  field('description'),
];

export function applicationsCommand(session: Session): Command {
  const applications = new Command('applications')
    .description('create, show, change and delete applications')
    .addHelpText(
      'after',
      `
Examples:
  busbar applications put billing --contact billing@example.com
  busbar applications put billing-eu --parent billing
  busbar applications patch billing --quotas '{"topics": 50, "publishPerSecond": 500}'
  busbar applications list`,
    );
  paged(applications.command('list').description('your applications; all for an admin')).action(
    (_, command: Command) => list(session, command, '/applications', columns, { member: 'applications' }),
  );
  applications
    .command('get')
    .description('one application')
    .argument('<application>')
    .action((application: string, _, command: Command) => get(session, command, pathOf(application)));
  withSettings(applications.command('put'))
    .description('create an application, or replace its settings')
    .action((application: string, options: ApplicationOptions, command: Command) =>
      put(session, command, pathOf(application), settingsOf(options), `Application ${application} is saved.`),
    );
  withSettings(applications.command('patch'))
    .description('change some settings of an application')
    .action((application: string, options: ApplicationOptions, command: Command) =>
      change(
        session,
        command,
        'PATCH',
        pathOf(application),
        settingsOf(options),
        () => `Application ${application} is changed.`,
      ),
    );
  applications
    .command('delete')
    .description('delete an application that owns nothing any more')
    .argument('<application>')
    .action((application: string, _, command: Command) =>
      remove(session, command, pathOf(application), `Application ${application} is deleted.`),
    );

  function pathOf(application: string): string {
    session.about = { application };
    return `/applications/${encodeURIComponent(application)}`;
  }
  return applications;
}

const withSettings = (command: Command) =>
  command
    .argument('<application>')
    .option('--description <text>', 'what it is for')
    .option('--contact <text>', 'whom to ask; may be repeated', several)
    .option('--parent <application>', 'the application whose members manage it')
    .option('--quotas <json|@file>', 'how much it may have and use, such as {"topics": 50}', jsonOrFile);

const settingsOf = ({ description, contact: contacts, parent, quotas }: ApplicationOptions) =>
  given({ description, contacts, parent, quotas });
