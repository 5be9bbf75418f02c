import { createSignInLink, redeemSignInLink, type SignInLinkTools } from '../app/access/sign-in-links.ts';
import { redeemSchema, signInLinkSchema } from '../core/sign-in/link.ts';
import { callsWith } from './call.ts';

const call = callsWith<SignInLinkTools>();

export const signInLinkCalls = [
  call(
    'POST /v1/sign-in-links',
    {
      summary: 'Make a link that signs in once',
      description:
        'The ticket of a link to the console, `<bus>/console/#ticket=<ticket>`, which whoever opens first is signed in by: as this key, and for 12 hours at most. It is shown only here, and ends after five minutes, or at `expiresAt`, which is at most 15 minutes ahead. A person who signed in by OpenID Connect makes none.',
      tag: 'Applications',
      caller: 'application',
      needs: 'nothing',
      audited: true,
      body: signInLinkSchema,
      responses: { 201: 'SignInLink' },
      example: { expiresAt: '2099-01-31T12:00:00Z' },
    },
    (tools, principal, { body }) => createSignInLink(tools, principal, body),
  ),
  call(
    'POST /v1/sign-in-links/redeem',
    {
      summary: 'Exchange the ticket of a sign-in link for a key',
      description:
        'The key of a session: of the same application, with the role and scopes that the key which made the link has now. It ends after 12 hours, and as soon as that key ends or is revoked. A ticket is exchanged once. Sessions are listed among the keys of the application, marked `session`, and use up none of its quota; an application has at most 100 at a time.',
      tag: 'Applications',
      caller: 'anyone',
      signsIn: true,
      body: redeemSchema,
      responses: { 201: 'Session' },
      example: { ticket: 'bbt_a4bT1mGq1l1rXzq0h7nCkq8mB9o2cS5vW3yE6uJ0pLs' },
      errors: ['unauthorized', 'too_many_wrong_keys', 'quota_exceeded'],
    },
    (tools, _, { body, address }) => redeemSignInLink(tools, body.ticket, address),
  ),
];
