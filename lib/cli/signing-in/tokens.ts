import { findProfile, needsRenewal, type SignedIn, withProfile } from '../../core/profile/profiles.ts';
import { changeProfiles, readProfiles } from '../profiles/file.ts';
import { CliError } from '../support/failure.ts';
import type { World } from '../support/world.ts';
import { ask, readMetadata, refusal, signedInOf } from './provider.ts';

/**
 * The ID token of a profile, renewed when it is about to be over. Of several commands one renews it: a provider may take
 * back all tokens when one that renews is used twice.
 * @throws CliError
 */
export async function currentToken(world: World, name: string): Promise<string> {
  const kept = findProfile(readProfiles(world), name)?.signedIn;
  if (kept !== undefined && !needsRenewal(kept, world.now())) return kept.idToken;
  let token: string | undefined;
  await changeProfiles(world, async (profiles) => {
    const profile = findProfile(profiles, name);
    const signedIn = profile?.signedIn;
    if (profile === undefined || signedIn === undefined) throw over(name, 'it was signed out');
    if (!needsRenewal(signedIn, world.now())) {
      token = signedIn.idToken;
      return undefined;
    }
    const renewed = await renew(world, name, signedIn);
    token = renewed.idToken;
    return withProfile(profiles, name, { ...profile, signedIn: renewed });
  });
  if (token === undefined) throw over(name, 'it has no token');
  return token;
}

async function renew(world: World, name: string, signedIn: SignedIn): Promise<SignedIn> {
  const { issuer, clientId, refreshToken } = signedIn;
  if (refreshToken === undefined) throw over(name, `it ended at ${signedIn.expiresAt}`);
  const { tokenUrl } = await readMetadata(world, issuer);
  const answer = await ask(world, tokenUrl, {
    grant_type: 'refresh_token',
    client_id: clientId,
    refresh_token: refreshToken,
  });
  if (answer.status !== 200) throw over(name, refusal(answer, 'the provider did not renew it').message);
  if (answer.document.id_token === undefined) throw over(name, 'the provider gives no more ID tokens');
  // Without another one, that for renewing stays the same (RFC 6749, section 6).
  return { refreshToken, ...signedInOf({ issuer, clientId }, answer, undefined, world.now()) };
}

const over = (name: string, why: string): CliError =>
  new CliError(
    `The sign-in of the profile ${name} is over: ${why.replace(/\.$/, '')}.`,
    `\`busbar login --profile ${name}\` signs you in again.`,
  );
