import { findProfile } from '../../core/profile/profiles.ts';
import type { NamedProfile } from '../../core/profile/target.ts';
import { usageError } from '../support/failure.ts';
import { plain } from '../support/plain.ts';
import type { World } from '../support/world.ts';
import { readProfiles } from './file.ts';

/**
 * The profile that the option names, else BUSBAR_PROFILE, else `busbar profiles use`.
 * @throws CliError when there is none of that name.
 */
export function namedProfile(world: World, option: string | undefined): NamedProfile | undefined {
  const profiles = readProfiles(world);
  const name = option ?? (world.env.BUSBAR_PROFILE || profiles.current);
  if (name === undefined) return undefined;
  const profile = findProfile(profiles, name);
  if (profile !== undefined) return { name, profile, isByOption: option !== undefined };
  const source = option === undefined ? 'BUSBAR_PROFILE' : '--profile';
  throw usageError(
    `There is no profile ${plain(name)}, which ${source} names.`,
    '`busbar profiles list` shows those that there are; `busbar profiles add` and `busbar login` make one.',
  );
}
