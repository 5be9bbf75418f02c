import { readSetting } from '../../core/sign-in/setting.ts';
import type { Tools } from '../../runtime/tools.ts';

export type SignInTools = Tools<'signIn'>;

interface SignInOffer {
  readonly oidc?: { readonly issuer: string; readonly clientId?: string; readonly scope?: string };
}

/** Where staff sign in, and as what client; without `oidc` where they do not. Nothing of it is secret. */
export async function showSignIn({ signIn }: SignInTools): Promise<SignInOffer> {
  if (signIn === undefined) return {};
  const { issuer, audience, clientId, scope } = readSetting(signIn);
  // A token is for the client that asked for it.
  const client = clientId ?? (audience.length === 1 ? audience[0] : undefined);
  return {
    oidc: {
      issuer,
      ...(client !== undefined && { clientId: client }),
      ...(scope !== undefined && { scope }),
    },
  };
}
