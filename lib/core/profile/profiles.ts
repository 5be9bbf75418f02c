import * as z from 'zod';
import { nameSchema } from '../kernel/spec.ts';

/** What a sign-in left: the tokens of a person, and where new ones come from. */
const signedInSchema = z.strictObject({
  issuer: z.string(),
  clientId: z.string(),
  idToken: z.string(),
  refreshToken: z.string().optional(),
  /** When the ID token is over. RFC 3339. */
  expiresAt: z.string(),
});
export type SignedIn = z.output<typeof signedInSchema>;

const profileSchema = z.strictObject({
  url: z.string(),
  publishUrl: z.string().optional(),
  key: z.string().optional(),
  /** Comes before the key. */
  signedIn: signedInSchema.optional(),
  /** For which application the person acts. */
  application: nameSchema.optional(),
});
/** A bus, and how to be let in there. */
export type Profile = z.output<typeof profileSchema>;

/** The profile that is used where none is named, by a name that a sign-in gives it. */
export const profileDefault = 'default';

/** The file with the profiles of a person. */
export const profilesSchema = z.strictObject({
  current: nameSchema.optional(),
  profiles: z.record(nameSchema, profileSchema),
});
export type Profiles = z.output<typeof profilesSchema>;

export const noProfiles: Profiles = { profiles: {} };

export const findProfile = ({ profiles }: Profiles, name: string): Profile | undefined =>
  Object.hasOwn(profiles, name) ? profiles[name] : undefined;

/** With a profile, in the place of one of its name. */
export const withProfile = (all: Profiles, name: string, profile: Profile): Profiles => ({
  ...all,
  profiles: { ...all.profiles, [name]: profile },
});

export function withoutProfile({ current, profiles }: Profiles, name: string): Profiles {
  const left = Object.fromEntries(Object.entries(profiles).filter(([each]) => each !== name));
  return { ...(current !== undefined && current !== name && { current }), profiles: left };
}

/** The profile without what a sign-in left. */
export function signedOut({ signedIn: _, ...profile }: Profile): Profile {
  return profile;
}

/** A minute before it is over, a token is renewed: it still has its way to the bus before it. */
const renewBeforeMs = 60_000;

export const needsRenewal = ({ expiresAt }: SignedIn, nowMs: number): boolean =>
  !(Date.parse(expiresAt) - renewBeforeMs > nowMs);
