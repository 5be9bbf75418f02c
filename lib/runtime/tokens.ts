import type { World } from './open.ts';
import { loadPart } from './part.ts';
import type { Tokens } from './staff-tokens.ts';

/** Undefined where staff do not sign in. What checks tokens is loaded by the first one: others never pay for it. */
export function createTokens(world: World): Tokens | undefined {
  const { signIn, endpoints } = world.config;
  if (signIn === undefined) return undefined;
  return loadPart('staff-tokens').createStaffTokens(world, signIn, endpoints);
}
