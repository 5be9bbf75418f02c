import * as z from 'zod';
import { type Role, roles } from '../access/access.ts';
import { BusbarError } from '../kernel/errors.ts';
import { nameSchema } from '../kernel/spec.ts';
import { audiencesMax, consoleOriginsMax, groupCharactersMax, settingBytesMax } from './limits.ts';
import { isIssuer, isProviderOrigin, type SignIn } from './setting.ts';

const text = (charactersMax: number) =>
  z
    .string()
    .regex(
      new RegExp(`^[^\\p{C}\\p{Z}]([^\\p{C}\\p{Zl}\\p{Zp}]{0,${charactersMax - 1}})$`, 'u'),
      `is not 1 to ${charactersMax} printable characters, not beginning with a space`,
    );

const roleSchema = z.strictObject({
  application: nameSchema.refine((name) => !name.startsWith('busbar'), {
    message: 'begins with busbar, which is reserved',
  }),
  role: z.enum(roles),
});

/** What busbar.config.ts says of the OpenID provider by which staff sign in. */
export const signInSchema = z.strictObject({
  issuer: z.string().max(500).refine(isIssuer, {
    message:
      'is not the URL of an issuer: it is https, or http on 127.0.0.1 for a laptop, without a query, and written exactly as the provider does',
  }),
  audience: z.union([text(256), z.array(text(256)).min(1).max(audiencesMax)]),
  clientId: text(256).optional(),
  scope: z
    .string()
    .regex(
      /^openid( [\x21\x23-\x5b\x5d-\x7e]+)*$/,
      'is not scopes separated by spaces of which the first is openid',
    )
    .max(500)
    .optional(),
  /** Origins at which the provider answers the console, beside that of the issuer: where its token endpoint is elsewhere. */
  consoleOrigins: z
    .array(
      z.string().max(200).refine(isProviderOrigin, {
        message:
          'is not an origin such as https://oauth2.example.com: a scheme and a host, without a path or a slash at its end',
      }),
    )
    .max(consoleOriginsMax)
    .optional(),
  groupsClaim: text(256).optional(),
  roles: z.record(text(groupCharactersMax), roleSchema).refine((all) => Object.keys(all).length > 0, {
    message: 'is empty, which would let nobody in: name a group, or leave oidc out',
  }),
});
export type SignInInput = z.input<typeof signInSchema>;

/**
 * What the functions are told, as the value of an environment variable. Groups are a list, since any text may be the name of
 * one, also of what every object has.
 * @throws BusbarError invalid_request when it is too long.
 */
export function settingOf(input: z.output<typeof signInSchema>): string {
  const { issuer, audience, clientId, scope, consoleOrigins, groupsClaim = 'groups', roles: groups } = input;
  const setting: SignIn = {
    issuer,
    audience: typeof audience === 'string' ? [audience] : audience,
    ...(clientId !== undefined && { clientId }),
    ...(scope !== undefined && { scope }),
    ...(consoleOrigins !== undefined && { consoleOrigins }),
    groupsClaim,
    roles: Object.entries(groups).map(([group, { application, role }]): [string, string, Role] => [
      group,
      application,
      role,
    ]),
  };
  const value = JSON.stringify(setting);
  const bytes = Buffer.byteLength(value);
  if (bytes <= settingBytesMax) return value;
  const detail = `takes ${bytes} bytes, and the environment of the functions has room for ${settingBytesMax}`;
  throw new BusbarError(
    'invalid_request',
    `oidc ${detail}. Give several teams one group, or have the provider send shorter names.`,
    { fields: [{ path: 'oidc', detail }] },
  );
}
