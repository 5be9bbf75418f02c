import * as z from 'zod';
import { quotasSchema } from '../../core/access/quotas.ts';
import { accessModes } from '../../core/access/topic-access.ts';
import { nameSchema } from '../../core/kernel/spec.ts';
import { subscriptionSchema } from '../../core/registry/subscription.ts';
import { topicSchema } from '../../core/registry/topic.ts';
import { requestStates } from '../../core/request/request.ts';

/** What the calls about access respond with. */
export function accessAnswers(time: z.ZodString, count: z.ZodInt) {
  const DryRun = z.object({
    events: count,
    matched: count,
    samples: z.array(z.record(z.string(), z.unknown())),
  });
  const granted = z.object({ request: z.string(), at: time });
  const Request = z.object({
    id: z.string(),
    kind: z.enum(['subscribe', 'publish', 'topic', 'quotas']),
    application: nameSchema,
    state: z.enum(requestStates),
    createdAt: time,
    topic: nameSchema.optional(),
    receiver: nameSchema.optional(),
    filter: subscriptionSchema.shape.filter.optional(),
    spec: topicSchema.omit({ owner: true }).optional(),
    quotas: quotasSchema.optional(),
    reason: z.string().optional(),
    decidedAt: time.optional(),
    decidedBy: z.object({ application: nameSchema, keyId: z.string().optional() }).optional(),
    note: z.string().optional(),
    dryRun: DryRun.optional(),
  });
  const page = { cursor: z.string().optional() };
  const CatalogEntry = z.object({
    topic: nameSchema,
    owner: nameSchema,
    description: z.string().optional(),
    schemaVersion: count.optional(),
    access: z.object({ publish: z.enum(accessModes), subscribe: z.enum(accessModes) }),
    types: z.array(z.string()),
  });
  return {
    DryRun,
    Request,
    Requests: z.object({ requests: z.array(Request.omit({ spec: true, dryRun: true })), ...page }),
    Grants: z.object({
      grants: z.array(
        z.object({
          application: nameSchema,
          publish: granted.optional(),
          subscribe: z.record(z.string(), granted).optional(),
        }),
      ),
      ...page,
    }),
    Catalog: z.object({ topics: z.array(CatalogEntry), ...page }),
    CatalogTopic: CatalogEntry.extend({
      schema: topicSchema.shape.schema,
      versions: z.array(z.object({ version: count, since: time })),
      example: z.object({ type: z.string(), data: z.unknown() }).optional(),
    }),
  };
}
