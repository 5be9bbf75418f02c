import { Command, type OptionValues } from 'commander';
import { createClient } from '../client/index.ts';
import {
  findProfile,
  type Profile,
  profileDefault,
  type SignedIn,
  signedOut,
  withProfile,
} from '../core/profile/profiles.ts';
import { isSameBus } from '../core/profile/target.ts';
import { changeProfiles, readProfiles } from './profiles/file.ts';
import { requireProfileName } from './profiles/name.ts';
import { signInByDevice } from './signing-in/device.ts';
import { signInByBrowser } from './signing-in/loopback.ts';
import { ask, type Provider, readMetadata, scopeOf } from './signing-in/provider.ts';
import { type Item, isItem } from './support/answer.ts';
import { CliError, usageError } from './support/failure.ts';
import { jsonText, plain } from './support/plain.ts';
import {
  defaultUrl,
  type GlobalOptions,
  isLocal,
  requireUrl,
  type Session,
  wantsJson,
} from './support/session.ts';
import type { World } from './support/world.ts';

interface LoginOptions extends GlobalOptions {
  readonly device?: boolean;
  readonly clientId?: string;
  readonly application?: string;
}

export function loginCommand(session: Session): Command {
  return new Command('login')
    .description('sign in to a bus as a person, in your browser')
    .option('--device', 'sign in with the browser of any other device, by a code')
    .option('--client-id <id>', 'the client at the provider, if the bus names none or another')
    .option('--application <application>', 'the application for which you act, if you belong to several')
    .addHelpText(
      'after',
      `
The tokens are kept in a profile, and renewed while the provider does that. Where no --profile is named it is that of
BUSBAR_PROFILE or busbar profiles use, else default, which is used from then on.

Examples:
  busbar login --url https://bus.example.com
  busbar login --profile production --application billing
  busbar login --device`,
    )
    .action((_: OptionValues, command: Command) => login(session, command));
}

async function login(session: Session, command: Command): Promise<void> {
  const { world } = session;
  const options = command.optsWithGlobals<LoginOptions>();
  const before = readProfiles(world);
  const named = options.profile ?? (world.env.BUSBAR_PROFILE || undefined);
  const name = requireProfileName(named ?? before.current ?? profileDefault);
  const url = options.url ?? (findProfile(before, name)?.url || world.env.BUSBAR_URL || defaultUrl);
  session.about = { url };
  requireUrl(url, `Sign in at a URL such as ${defaultUrl}.`);
  requireSafe(url);
  const offer = await offerOf(world, url);
  const provider: Provider = { issuer: offer.issuer, clientId: clientOf(offer, options.clientId) };
  const metadata = await readMetadata(world, provider.issuer);
  const scope = scopeOf(offer.scope, metadata);
  const signIn = options.device === true ? signInByDevice : signInByBrowser;
  const signedIn = await signIn(world, provider, metadata, scope);
  const application = options.application ?? findProfile(before, name)?.application;
  const me = await whoAmI(world, url, signedIn, application);
  await changeProfiles(world, (profiles) => {
    const kept = findProfile(profiles, name);
    const isSame = kept !== undefined && isSameBus(kept.url, url);
    const profile: Profile = {
      // Nothing of another bus stays beside the new URL.
      ...(isSame ? kept : { url }),
      signedIn,
      ...(application !== undefined && { application }),
    };
    const isFirst = named === undefined && profiles.current === undefined;
    return { ...withProfile(profiles, name, profile), ...(isFirst && { current: name }) };
  });
  await tell(session, command, name, url, me);
}

async function tell(
  session: Session,
  command: Command,
  profile: string,
  url: string,
  me: Item,
): Promise<void> {
  const { stdout, env } = session.world;
  const { application, role, keyId } = me;
  if (wantsJson(command)) {
    return stdout.write(`${jsonText({ profile, url, application, role, keyId })}\n`);
  }
  const who = `${plain(String(keyId))}, ${plain(String(role))} of ${plain(String(application))}`;
  await stdout.write(`Signed in at ${plain(url)} as ${who} (profile ${profile}).\n`);
  const instead = ['BUSBAR_KEY', 'BUSBAR_ADMIN_KEY'].find((name) => env[name] !== undefined);
  if (instead !== undefined) {
    await session.world.stderr.write(
      `${instead} is set, and goes before the profile: unset it, or name the profile with --profile ${profile}.\n`,
    );
  }
}

/** A token is worth as much as a key: it goes over no network in the clear. */
function requireSafe(url: string): void {
  if (URL.canParse(url) && (new URL(url).protocol === 'https:' || isLocal(url))) return;
  throw usageError(
    `${plain(url)} is not an https URL, so your token could be read on its way.`,
    'Sign in at an https URL, or at a bus on this machine.',
  );
}

interface Offer {
  readonly issuer: string;
  readonly clientId?: string;
  readonly scope?: string;
}

async function offerOf({ fetch, random }: World, url: string): Promise<Offer> {
  const answer = await createClient({ url, fetch, random, retry: { attempts: 2 } }).call('GET', '/sign-in');
  const oidc = isItem(answer) ? answer.oidc : undefined;
  const { issuer, clientId, scope } = isItem(oidc) ? oidc : {};
  if (typeof issuer !== 'string') {
    throw new CliError(
      `People do not sign in at the bus ${plain(url)}.`,
      'Use a key (`busbar profiles add`), or have its operator set oidc in busbar.config.ts.',
    );
  }
  return {
    issuer,
    ...(typeof clientId === 'string' && { clientId }),
    ...(typeof scope === 'string' && { scope }),
  };
}

function clientOf({ clientId }: Offer, given: string | undefined): string {
  const client = given ?? clientId;
  if (client !== undefined) return client;
  throw usageError(
    'The bus names no client at its provider.',
    'Pass --client-id, or have its operator set oidc.clientId in busbar.config.ts.',
  );
}

/** Who the bus takes the person for; a token that it refuses is not kept. */
async function whoAmI(
  { fetch: send, random }: World,
  url: string,
  { idToken }: SignedIn,
  application: string | undefined,
): Promise<Item> {
  const asked: typeof fetch = (input, init) => {
    const headers = new Headers(init?.headers);
    if (application !== undefined) headers.set('busbar-application', application);
    return send(input, { ...init, headers });
  };
  const client = createClient({ url, key: idToken, fetch: asked, random, retry: { attempts: 2 } });
  const answer = await client.call('GET', '/me');
  return isItem(answer) ? answer : {};
}

export function logoutCommand(session: Session): Command {
  return new Command('logout')
    .description('forget the tokens of a profile, and have the provider end them')
    .action((_: OptionValues, command: Command) => logout(session, command));
}

async function logout(session: Session, command: Command): Promise<void> {
  const { world } = session;
  const before = readProfiles(world);
  const name =
    command.optsWithGlobals<GlobalOptions>().profile ?? (world.env.BUSBAR_PROFILE || before.current);
  let left: SignedIn | undefined;
  if (name !== undefined) {
    await changeProfiles(world, (profiles) => {
      const profile = findProfile(profiles, requireProfileName(name));
      left = profile?.signedIn;
      return profile === undefined || left === undefined
        ? undefined
        : withProfile(profiles, name, signedOut(profile));
    });
  }
  if (left === undefined || name === undefined) {
    throw new CliError(
      name === undefined ? 'No profile is in use.' : `Nobody is signed in by the profile ${plain(name)}.`,
      '`busbar profiles list` shows who is.',
    );
  }
  const problem = await revoke(world, left);
  await world.stdout.write(
    wantsJson(command) ? `${jsonText({ profile: name })}\n` : `Signed out of the profile ${name}.\n`,
  );
  if (problem !== undefined) await world.stderr.write(`${problem}\n`);
}

/** Has the provider end what renews tokens (RFC 7009). @returns what the person should know. */
async function revoke(world: World, { issuer, clientId, refreshToken, expiresAt }: SignedIn) {
  const until = `Whoever copied the token can use it until ${plain(expiresAt)}.`;
  if (refreshToken === undefined) return until;
  try {
    const { revocationUrl } = await readMetadata(world, issuer);
    if (revocationUrl === undefined) return until;
    const { status } = await ask(world, revocationUrl, {
      client_id: clientId,
      token: refreshToken,
      token_type_hint: 'refresh_token',
    });
    return status === 200 ? undefined : `The provider did not end the sign-in (${status}). ${until}`;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    return `The provider could not be told. ${error.message} ${until}`;
  }
}
