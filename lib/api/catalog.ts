import * as z from 'zod';
import { type CatalogTools, listCatalog, matchKept, showCatalogTopic } from '../app/catalog/catalog.ts';
import { subscriptionSchema } from '../core/registry/subscription.ts';
import { callsWith } from './call.ts';
import { type Parameter, page } from './parameters.ts';

const call = callsWith<CatalogTools>();

const time = z.iso.datetime({
  offset: true,
  error: 'is not an RFC 3339 time such as 2026-01-31T12:00:00Z',
});

/** A version of a schema, by its number. */
const schemaVersion: Parameter<number | undefined> = {
  text: 'The version of the schema; the present one when left out.',
  schema: { type: 'integer', minimum: 1 },
  read(value) {
    if (value === undefined) return { value };
    return /^[1-9]\d{0,8}$/.test(value) ? { value: Number(value) } : { problem: 'must be a number from 1' };
  },
};

export const matchSchema = z.strictObject({
  filter: subscriptionSchema.shape.filter,
  since: time.optional(),
  until: time.optional(),
});

export const catalogCalls = [
  call(
    'GET /v1/catalog',
    {
      summary: 'List what topics there are',
      description:
        'Every topic with its owner, who may publish and subscribe, and the types seen in the last 30 days; for any key.',
      tag: 'Access',
      caller: 'application',
      needs: 'nothing',
      query: page,
      responses: { 200: 'Catalog' },
    },
    (tools, _, { query }) => listCatalog(tools, query),
  ),
  call(
    'GET /v1/catalog/{topic}',
    {
      summary: 'Show a topic with its schema and an example',
      description:
        'The present schema of the topic, or that of `?version=`, with an event that conforms to it, made from it; for any key. The latest ten versions are remembered.',
      tag: 'Access',
      caller: 'application',
      needs: 'nothing',
      query: { version: schemaVersion },
      responses: { 200: 'CatalogTopic' },
      errors: ['unknown_topic', 'unknown_schema_version'],
    },
    (tools, _, { path, query }) => showCatalogTopic(tools, path.topic, query.version),
  ),
  call(
    'POST /v1/topics/{topic}/match',
    {
      summary: 'Try out a filter on the latest events of a topic',
      description:
        'For the owner of the topic and for whom it lets subscribe. It looks at some of the latest events, at most 100: nothing is kept of a topic whose `trace` is `none`.',
      tag: 'Access',
      caller: 'owner',
      needs: 'read',
      body: matchSchema,
      responses: { 200: 'DryRun' },
      errors: ['invalid_filter', 'unknown_topic'],
      example: { filter: { type: [{ prefix: 'order.' }] }, since: '2026-01-31T12:00:00Z' },
    },
    (tools, principal, { path, body }) => matchKept(tools, principal, path.topic, body),
  ),
];
