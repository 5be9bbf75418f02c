import { Command, Option } from 'commander';
import { roles } from '../core/access/access.ts';
import { change, given, list, remove } from './support/collection.ts';
import { paged } from './support/pages.ts';
import type { Session } from './support/session.ts';
import { field } from './support/table.ts';
import { rfc3339, several } from './support/values.ts';

interface KeyOptions {
  readonly name: string;
  readonly role: string;
  readonly scope?: readonly string[];
  readonly expiresAt?: string;
}

const columns = [
  field('keyId', 'key id'),
  field('name'),
  field('role'),
  field('scopes'),
  field('createdAt', 'created'),
  field('expiresAt', 'expires'),
  field('lastUsedOn', 'last used'),
];

export function keysCommand(session: Session): Command {
  const keys = new Command('keys')
    .description('create, list and revoke the keys of an application')
    .addHelpText(
      'after',
      `
A key is printed once, when it is created, and grants no more than the key that creates it.

Examples:
  busbar keys create billing --name 'checkout, production' --scope 'publish:orders'
  busbar keys create billing --name dashboard --role viewer --expires-at 2027-01-31T12:00:00Z
  busbar keys list billing
  busbar keys revoke billing 3f0c9d0b7a5e4d21c8f6`,
    );
  keys
    .command('create')
    .description('create a key and print it')
    .argument('<application>')
    .requiredOption('--name <text>', 'where it is used')
    .addOption(new Option('--role <role>', 'what it may do').choices(roles).default('member'))
    .option(
      '--scope <scope>',
      'read, manage, publish:<topic> or invoke:<receiver>, where a * may end the name; may be repeated',
      several,
    )
    .option('--expires-at <time>', 'when it is refused from', rfc3339)
    .action((application: string, options: KeyOptions, command: Command) => {
      const { name, role, scope: scopes, expiresAt } = options;
      const spec = given({ name, role, scopes, expiresAt });
      return change(
        session,
        command,
        'POST',
        pathOf(application),
        spec,
        ({ keyId, key }) => `The key ${keyId} is created. It is not shown again:\n${key}`,
      );
    });
  paged(keys.command('list').description('the keys of an application').argument('<application>')).action(
    (application: string, _, command: Command) =>
      list(session, command, pathOf(application), columns, { member: 'keys' }),
  );
  keys
    .command('revoke')
    .description('revoke a key by its id')
    .argument('<application>')
    .argument('<key-id>')
    .action((application: string, keyId: string, _, command: Command) =>
      remove(
        session,
        command,
        `${pathOf(application)}/${encodeURIComponent(keyId)}`,
        `Key ${keyId} is revoked.`,
      ),
    );

  function pathOf(application: string): string {
    session.about = { application };
    return `/applications/${encodeURIComponent(application)}/keys`;
  }
  return keys;
}
