import * as z from 'zod';
import { invalidField } from '../../core/kernel/errors.ts';
import type { Problem } from '../../core/registry/kinds.ts';
import type { WebhookReceiver, WebhookSpec } from './receiver.ts';

/** The integration key of a service at PagerDuty: who has it can page its team. */
export const routingKeySchema = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,128}$/, 'is no integration key: letters, digits, _ and -, at most 128');

/** A key that is never used would be kept for nothing. */
export function routingKeyProblems({
  format,
  routingKey,
}: Pick<WebhookSpec, 'format' | 'routingKey'>): Problem[] {
  if (routingKey === undefined || format === 'pagerduty') return [];
  return [{ path: 'routingKey', detail: 'is only used with format pagerduty' }];
}

/**
 * The key that a body gives, or the one that is kept already.
 * @param existing undefined when events would go to another origin than before.
 * @throws BusbarError invalid_request.
 */
export function keptRoutingKey(
  { format, routingKey }: Pick<WebhookSpec, 'format' | 'routingKey'>,
  existing: Pick<WebhookReceiver, 'routingKey'> | undefined,
): Pick<WebhookReceiver, 'routingKey'> {
  if (format !== 'pagerduty') return {};
  const kept = routingKey ?? existing?.routingKey;
  if (kept !== undefined) return { routingKey: kept };
  throw invalidField(
    'routingKey',
    'is missing: format pagerduty needs the integration key of a service (Events API v2), and none is kept for an endpoint of this origin',
  );
}
