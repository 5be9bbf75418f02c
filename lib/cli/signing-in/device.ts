import type { SignedIn } from '../../core/profile/profiles.ts';
import { CliError } from '../support/failure.ts';
import { plain } from '../support/plain.ts';
import type { World } from '../support/world.ts';
import { ask, type Metadata, type Provider, refusal, signedInOf } from './provider.ts';

const secondsMax = 30 * 60;
const grant = 'urn:ietf:params:oauth:grant-type:device_code';

/**
 * Signs in with a browser of any other device (RFC 8628), for machines without one.
 * @throws CliError
 */
export async function signInByDevice(
  world: World,
  provider: Provider,
  { deviceUrl, tokenUrl }: Metadata,
  scope: string,
): Promise<SignedIn> {
  if (deviceUrl === undefined) {
    throw new CliError('The provider has no sign-in for devices.', 'Sign in without --device.');
  }
  const begun = await ask(world, deviceUrl, { client_id: provider.clientId, scope });
  const {
    device_code: code,
    user_code: userCode,
    verification_uri: url,
    interval,
    expires_in,
  } = begun.document;
  if (
    begun.status !== 200 ||
    typeof code !== 'string' ||
    typeof userCode !== 'string' ||
    typeof url !== 'string'
  ) {
    throw refusal(begun, 'The provider did not begin a sign-in');
  }
  await world.stderr.write(
    `Open ${plain(url.slice(0, 1000))} on any device and enter the code ${plain(userCode.slice(0, 100))}\n`,
  );
  let waitSeconds = typeof interval === 'number' ? Math.min(Math.max(interval, 1), 60) : 5;
  const seconds = typeof expires_in === 'number' ? Math.min(expires_in, secondsMax) : secondsMax;
  for (let waitedSeconds = 0; waitedSeconds < seconds; waitedSeconds += waitSeconds) {
    await world.wait(waitSeconds * 1000);
    const tokens = await ask(world, tokenUrl, {
      grant_type: grant,
      device_code: code,
      client_id: provider.clientId,
    });
    if (tokens.status === 200) return signedInOf(provider, tokens, undefined, world.now());
    // RFC 8628, section 3.5.
    if (tokens.document.error === 'slow_down') waitSeconds += 5;
    else if (tokens.document.error !== 'authorization_pending') {
      throw refusal(tokens, 'The provider did not let you in');
    }
  }
  throw new CliError('Nobody entered the code in time.', 'Run the command again.');
}
