import { Command, type OptionValues } from 'commander';
import {
  findProfile,
  type Profile,
  type Profiles,
  withoutProfile,
  withProfile,
} from '../core/profile/profiles.ts';
import { urlProblem } from '../core/profile/target.ts';
import { changeProfiles, profilesFile, readProfiles } from './profiles/file.ts';
import { requireProfileName } from './profiles/name.ts';
import { askSecret } from './support/asking.ts';
import { CliError, usageError } from './support/failure.ts';
import { jsonText, plain } from './support/plain.ts';
import { type GlobalOptions, keyOf, type Session, wantsJson } from './support/session.ts';
import { field, table } from './support/table.ts';

interface AddOptions extends GlobalOptions {
  readonly publishUrl?: string;
  readonly application?: string;
}

const columns = [
  field('current', ' '),
  field('profile'),
  field('url'),
  field('credentials'),
  field('application'),
];

export function profilesCommand(session: Session): Command {
  const { world } = session;
  const profiles = new Command('profiles')
    .description('the buses that you work with, each with its key or your sign-in')
    .addHelpText(
      'after',
      `
A command uses the profile that --profile names. Otherwise its options and the environment go before the profile of
BUSBAR_PROFILE, or of \`busbar profiles use\`. A profile's key is sent to no other bus than its own.

Examples:
  busbar profiles add production --url https://bus.example.com < key.txt
  busbar profiles use production
  busbar topics list --profile production
  busbar profiles use --none`,
    );
  profiles
    .command('list')
    .description('the profiles, without their keys')
    .action(async (_: OptionValues, command: Command) => {
      const rows = shown(readProfiles(world));
      if (wantsJson(command)) return world.stdout.write(`${jsonText({ profiles: rows })}\n`);
      if (rows.length === 0) {
        return world.stderr.write(`There are no profiles in ${profilesFile(world) ?? 'your settings'}.\n`);
      }
      const marked = rows.map(({ current, ...row }) => ({ ...row, current: current ? '*' : undefined }));
      await world.stdout.write(table(marked, columns, world.stdout));
    });
  profiles
    .command('add')
    .description('make a profile, with the key that comes on standard input or is asked for')
    .argument('<profile>')
    .option('--publish-url <url>', "where this bus takes events: the stack's output PublishUrl")
    .option('--application <application>', 'the application for which you act once you are signed in')
    .option('--no-key', 'without a key, to sign in by `busbar login`')
    .action((name: string, _: OptionValues, command: Command) => add(session, name, command));
  profiles
    .command('remove')
    .description('delete a profile with its key and tokens')
    .argument('<profile>')
    .action((name: string, _: OptionValues, command: Command) =>
      change(session, command, name, (all) => withoutProfile(all, name), 'is removed'),
    );
  profiles
    .command('use')
    .description('use a profile wherever neither options nor the environment say otherwise')
    .argument('[profile]')
    .option('--none', 'use none any more')
    .action(async (name: string | undefined, options: { readonly none?: boolean }, command: Command) => {
      if ((name === undefined) !== (options.none === true)) {
        throw usageError('Name one profile, or pass --none.');
      }
      if (name !== undefined) {
        return await change(
          session,
          command,
          name,
          (all) => ({ ...all, current: name }),
          'is used from now on',
        );
      }
      await changeProfiles(world, ({ profiles }) => ({ profiles }));
      await world.stdout.write(wantsJson(command) ? '{}\n' : 'No profile is used from now on.\n');
    });
  return profiles;
}

const shown = ({ current, profiles }: Profiles) =>
  Object.entries(profiles).map(([profile, { url, application, ...rest }]) => ({
    profile,
    url,
    current: profile === current,
    credentials: credentialsOf(rest),
    ...(application !== undefined && { application }),
  }));

function credentialsOf({ key, signedIn }: Pick<Profile, 'key' | 'signedIn'>): string {
  if (signedIn === undefined) return key === undefined ? 'none' : 'key';
  return `signed in, ${signedIn.refreshToken === undefined ? 'until' : 'renewed at'} ${signedIn.expiresAt}`;
}

async function add(session: Session, name: string, command: Command): Promise<void> {
  const { world } = session;
  const options = command.optsWithGlobals<Omit<AddOptions, 'key'> & { readonly key?: string | boolean }>();
  const { url = world.env.BUSBAR_URL, publishUrl, application } = options;
  requireProfileName(name);
  if (url === undefined) throw usageError('A profile is of one bus.', 'Pass its URL with --url.');
  for (const each of [url, ...(publishUrl === undefined ? [] : [publishUrl])]) {
    const problem = urlProblem(each);
    if (problem !== undefined) throw usageError(plain(problem));
  }
  if (application !== undefined) requireProfileName(application);
  requireNew(readProfiles(world), name);
  // --key of the program is a text, --no-key of this command is false.
  if (typeof options.key === 'string') {
    throw usageError('A key that is an argument shows in the process list.', 'Pass it on standard input.');
  }
  const key =
    options.key === false
      ? undefined
      : (keyOf(options.keyFile) ?? (await askSecret(session, `Key for ${url}: `)));
  if (key === '') throw usageError('There is no key on standard input.', 'Pass one, or --no-key.');
  await changeProfiles(world, (all) => {
    requireNew(all, name);
    return withProfile(all, name, {
      url,
      ...(publishUrl !== undefined && { publishUrl }),
      ...(key !== undefined && { key }),
      ...(application !== undefined && { application }),
    });
  });
  const message = `Profile ${name} is saved in ${profilesFile(world)}.\n`;
  await world.stdout.write(wantsJson(command) ? `${jsonText({ profile: name, url })}\n` : message);
}

function requireNew(all: Profiles, name: string): void {
  if (findProfile(all, name) === undefined) return;
  throw new CliError(
    `There is a profile ${name} already.`,
    `\`busbar profiles remove ${name}\` deletes it with its key.`,
  );
}

async function change(
  { world }: Session,
  command: Command,
  name: string,
  to: (all: Profiles) => Profiles,
  done: string,
): Promise<void> {
  await changeProfiles(world, (all) => {
    if (findProfile(all, requireProfileName(name)) !== undefined) return to(all);
    throw new CliError(`There is no profile ${name}.`, '`busbar profiles list` shows those that there are.');
  });
  await world.stdout.write(
    wantsJson(command) ? `${jsonText({ profile: name })}\n` : `Profile ${name} ${done}.\n`,
  );
}
