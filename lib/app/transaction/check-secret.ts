import type { Principal } from '../../core/access/access.ts';
import { createSecret } from '../../core/kernel/signature.ts';
import type { CheckSecret } from '../../core/transaction/check.ts';
import type { Tools } from '../../runtime/tools.ts';

/** How long a replaced check secret signs beside the new one. */
const checkSecretOverlapSeconds = 24 * 3600;

export type CheckSecretTools = Tools<'checkSecrets'>;

/** The application's check secret; created when it has none. */
export async function ensureCheckSecret(
  tools: CheckSecretTools,
  application: string,
): Promise<{ readonly secret: string; readonly isNew: boolean }> {
  const standing = await tools.checkSecrets.find(application);
  if (standing !== undefined) return { secret: standing.secret, isNew: false };
  const made = { secret: createSecret(tools.random) };
  const isNew = await tools.checkSecrets.swap(application, made, undefined);
  // Another call created one at the same moment: that one counts.
  return isNew ? { ...made, isNew } : await ensureCheckSecret(tools, application);
}

/**
 * Creates a new check secret for the caller's application and shows it once. The previous one also signs for a day, so
 * the producer can verify checks by either while it changes over.
 */
export async function renewCheckSecret(
  tools: CheckSecretTools,
  principal: Principal,
): Promise<{ application: string; checkSecret: string; earlierUntil?: string }> {
  const { application } = principal;
  for (;;) {
    const earlier = await tools.checkSecrets.find(application);
    const nowMs = tools.clock.now();
    const untilMs = nowMs + checkSecretOverlapSeconds * 1000;
    const to: CheckSecret = {
      secret: createSecret(tools.random),
      ...(earlier !== undefined && { earlier: { secret: earlier.secret, untilMs } }),
    };
    if (!(await tools.checkSecrets.swap(application, to, earlier))) continue;
    return {
      application,
      checkSecret: to.secret,
      ...(earlier !== undefined && { earlierUntil: new Date(untilMs).toISOString() }),
    };
  }
}
