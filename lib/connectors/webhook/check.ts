import { checkEndpoint } from '../../core/kernel/endpoint.ts';
import { BusbarError, invalidField } from '../../core/kernel/errors.ts';
import { withoutConsent } from '../../core/registry/consent.ts';
import type { CheckRules } from '../kind.ts';
import type { WebhookSpec } from './receiver.ts';

/** Checks where a receiver sends events, and where it fetches tokens. */
export async function checkWebhook({ endpoint, oauth2 }: WebhookSpec, rules: CheckRules): Promise<void> {
  await checkUrl(endpoint, rules);
  if (oauth2 === undefined) return;
  await checkTokenUrl(oauth2.tokenUrl, rules);
  // At the endpoint's own origin, its agreement counts for both: without it, nothing is sent and no token fetched.
  if (new URL(oauth2.tokenUrl).origin === new URL(endpoint).origin) return;
  if (await rules.mayCall(oauth2.tokenUrl)) return;
  throw invalidField('oauth2.tokenUrl', withoutConsent(oauth2.tokenUrl));
}

async function checkUrl(endpoint: string, rules: CheckRules): Promise<void> {
  const { endpoints: policy, endpointPorts: ports, ownHosts } = rules;
  await checkReachable(checkEndpoint(endpoint, { policy, ports, ownHosts }), rules);
}

/** The bus sends secrets to the token URL, so the rules for endpoints apply. */
async function checkTokenUrl(tokenUrl: string, rules: CheckRules): Promise<void> {
  try {
    await checkUrl(tokenUrl, rules);
  } catch (error) {
    if (!(error instanceof BusbarError) || error.code !== 'invalid_request') throw error;
    const detail = error.fields[0]?.detail ?? error.message;
    throw invalidField('oauth2.tokenUrl', detail);
  }
}

/** A name that does not resolve is an error in the body, provided that this machine can resolve names at all. */
async function checkReachable(url: URL, { endpoints, lookup }: CheckRules): Promise<void> {
  if (endpoints === 'any' || lookup === undefined) return;
  const found = await lookup(url.hostname);
  if (found === 'public' || found === 'unknown') return;
  const problem =
    found === 'private'
      ? `resolves to an address that is not public. Give an endpoint that the public internet reaches`
      : `does not resolve. Create its DNS record first`;
  throw new BusbarError('invalid_request', `endpoint has the host ${url.hostname}, which ${problem}.`, {
    fields: [{ path: 'endpoint', detail: `the host ${problem}` }],
  });
}
