import type { APIGatewayProxyEventV2 } from 'aws-lambda';
import type { RecallQuestion } from '../../lib/core/delay/delayed.ts';
import { parseTimestamp } from '../../lib/core/event/event.ts';
import { BusbarError } from '../../lib/core/kernel/errors.ts';

/**
 * What `GET /v1/events/{id}` and `GET /v1/events?id=` ask. The second is for ids with slashes: an HTTP API decodes the
 * path, so that a `%2F` in it parts segments.
 * @throws BusbarError invalid_request, naming the parameter.
 */
export function whyQuestion(event: APIGatewayProxyEventV2): {
  id: string;
  source: string | undefined;
  sinceMs: number | undefined;
} {
  const { id, query } = idAndQuery(event, ['id', 'source', 'since']);
  const sinceMs = query.since === undefined ? undefined : parseTimestamp(query.since);
  if (Number.isNaN(sinceMs)) throw wrong('since', 'is no RFC 3339 time such as 2026-01-31T12:00:00Z');
  return { id, source: query.source, sinceMs };
}

/** Which event is to be cancelled or re-timed; its id stands in the path or, when it has slashes, in the query. */
export function recallQuestion(event: APIGatewayProxyEventV2): RecallQuestion {
  const { id, query } = idAndQuery(event, ['id', 'source', 'topic', 'receiver']);
  return { id, source: query.source, topic: query.topic, receiver: query.receiver };
}

function idAndQuery(
  event: APIGatewayProxyEventV2,
  parameters: readonly string[],
): { id: string; query: Readonly<Record<string, string | undefined>> } {
  const query = event.queryStringParameters ?? {};
  const unknown = Object.keys(query).find((name) => !parameters.includes(name));
  if (unknown !== undefined)
    throw wrong(unknown, `is not a parameter here; there are ${parameters.join(', ')}`);
  const id = event.pathParameters?.id ?? query.id;
  if (id === undefined || id === '') {
    throw wrong('id', 'is missing. Give it as /v1/events/{id}, or as /v1/events?id= when it has slashes');
  }
  if (event.pathParameters?.id !== undefined && query.id !== undefined && query.id !== id) {
    throw wrong('id', 'is another one than in the path');
  }
  return { id, query };
}

function wrong(path: string, detail: string): BusbarError {
  return new BusbarError('invalid_request', `${path} ${detail}.`, { fields: [{ path, detail }] });
}
