import { hasConsent } from '../../core/registry/consent.ts';
import type { Tools } from '../../runtime/tools.ts';

export type ConsentTools = Pick<
  Tools<'registry' | 'validate' | 'trustedOrigins'>,
  'registry' | 'validate' | 'trustedOrigins'
>;

/** Whether the bus may call a URL for an application; reads the registry only where the operator demands agreements. */
export async function mayCall(tools: ConsentTools, application: string, url: string): Promise<boolean> {
  const { validate, trustedOrigins } = tools;
  if (hasConsent(url, application, { validate, trustedOrigins, receivers: [] })) return true;
  const receivers = await tools.registry.receivers();
  return hasConsent(url, application, { validate, trustedOrigins, receivers });
}
