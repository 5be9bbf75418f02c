import { type Consent, consentTo } from '../../core/registry/consent.ts';
import type { Tools } from '../../runtime/tools.ts';

export type ConsentTools = Pick<
  Tools<'registry' | 'validate' | 'trustedOrigins'>,
  'registry' | 'validate' | 'trustedOrigins'
>;

/** Whether the bus may call a URL for an application; reads the registry only where the operator demands agreements. */
export async function mayCall(tools: ConsentTools, application: string, url: string): Promise<boolean> {
  return tools.validate !== 'handshake' || (await findConsent(tools, application, url)) !== undefined;
}

/** Who agrees that the bus calls a URL for an application; undefined when nobody does. */
export async function findConsent(
  { registry, trustedOrigins }: Pick<ConsentTools, 'registry' | 'trustedOrigins'>,
  application: string,
  url: string,
): Promise<Consent | undefined> {
  return (
    consentTo(url, application, { trustedOrigins, receivers: [] }) ??
    consentTo(url, application, { trustedOrigins, receivers: await registry.receivers() })
  );
}
