import { findProfile } from '../../core/profile/profiles.ts';
import { readProfiles } from '../profiles/file.ts';
import type { World } from '../support/world.ts';
import { currentToken } from './tokens.ts';

/** Sends requests as the person of a profile, whose token is renewed when it must be. */
export function fetchSignedIn(world: World, name: string): typeof fetch {
  const application = world.env.BUSBAR_APPLICATION || findProfile(readProfiles(world), name)?.application;
  let failure: Promise<never> | undefined;
  return async (input, init) => {
    // A client tries again; a sign-in that is over stays so.
    if (failure !== undefined) return await failure;
    let token: string;
    try {
      token = await currentToken(world, name);
    } catch (error) {
      failure = Promise.reject(error);
      return await failure;
    }
    const headers = new Headers(init?.headers);
    headers.set('authorization', `Bearer ${token}`);
    if (application !== undefined) headers.set('busbar-application', application);
    return await world.fetch(input, { ...init, headers });
  };
}
