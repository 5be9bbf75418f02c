import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { BusbarError, problemOf } from '../../lib/core/kernel/errors.ts';
import { parseStrictJson, requirePlain } from '../../lib/core/kernel/json.ts';
import { nameSchema } from '../../lib/core/kernel/spec.ts';
import type { Log } from '../../lib/runtime/log.ts';

export type ApiEvent = APIGatewayProxyEventV2;
export type ApiAnswer = APIGatewayProxyStructuredResultV2;

/** Turns what is thrown into a problem document; what is no refusal of ours is logged and not shown. */
export function problems(log: Log): MiddlewareObj<ApiEvent, ApiAnswer> {
  return {
    onError(request) {
      const { error } = request;
      const refusal = error instanceof BusbarError ? error : internal(log, error, request.event);
      request.response = problemAnswer(refusal);
    },
  };
}

function internal(log: Log, error: unknown, event: ApiEvent): BusbarError {
  const requestId = event.requestContext?.requestId;
  log('error', 'A request failed', {
    requestId,
    route: `${event.requestContext?.http?.method} ${event.rawPath}`,
    error: error instanceof Error ? error.stack : String(error),
  });
  return new BusbarError(
    'internal',
    `The request failed. The log has the cause under the request id ${requestId}.`,
  );
}

export function problemAnswer(error: BusbarError): ApiAnswer {
  return {
    statusCode: error.status,
    headers: {
      'content-type': 'application/problem+json',
      ...(error.status === 401 && { 'www-authenticate': 'Bearer' }),
      ...(error.retryAfterSeconds !== undefined && { 'retry-after': String(error.retryAfterSeconds) }),
    },
    body: JSON.stringify(problemOf(error)),
  };
}

export function jsonAnswer(statusCode: number, document: unknown): ApiAnswer {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(document) };
}

export function bodyBytes(event: ApiEvent): Uint8Array {
  return Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
}

/** The JSON document of a request. @throws BusbarError unsupported_media_type, malformed_json. */
export function jsonBody(event: ApiEvent): unknown {
  const bytes = bodyBytes(event);
  if (bytes.length === 0) return {};
  const contentType = event.headers['content-type'] ?? '';
  if (!/^application\/json\s*(;|$)/i.test(contentType)) {
    throw new BusbarError(
      'unsupported_media_type',
      `The content type ${JSON.stringify(contentType)} is not understood here. Send application/json.`,
    );
  }
  const { value } = parseStrictJson(Buffer.from(bytes).toString('utf8'));
  requirePlain(value);
  return value;
}

/** The answers of calls. */
export const ok = (document: unknown) => jsonAnswer(200, document);
export const put = ({ created, document }: { created: boolean; document: unknown }) =>
  jsonAnswer(created ? 201 : 200, document);
/** The answer to a deletion, once it is done. */
export const gone = async (done: Promise<void>): Promise<ApiAnswer> => {
  await done;
  return { statusCode: 204 };
};

/** A name of the path. @throws BusbarError invalid_request. */
export function name(event: ApiEvent, parameter: 'topic' | 'receiver' | 'schedule'): string {
  const parsed = nameSchema.safeParse(event.pathParameters?.[parameter]);
  if (parsed.success) return parsed.data;
  const detail = parsed.error.issues[0]?.message ?? 'is no name';
  throw new BusbarError('invalid_request', `${parameter} ${detail}.`, {
    fields: [{ path: parameter, detail }],
  });
}

/** A part of the path that may hold anything; the API has unescaped it, so that it cannot hold a slash. */
export const text = (event: ApiEvent, parameter: string): string => event.pathParameters?.[parameter] ?? '';

/** A body whose events keep their data letter by letter. */
export const eventRequest = (event: ApiEvent) => ({
  contentType: event.headers['content-type'],
  headers: event.headers,
  body: bodyBytes(event),
});

/** What a call takes in its query. @throws BusbarError invalid_request for anything else. */
export function query<Name extends string>(event: ApiEvent, ...names: Name[]): Partial<Record<Name, string>> {
  const given = event.queryStringParameters ?? {};
  const unknown = Object.keys(given).find((parameter) => !names.includes(parameter as Name));
  if (unknown !== undefined) {
    throw new BusbarError('invalid_request', `${unknown} is no parameter here; ${names.join(', ')} are.`, {
      fields: [{ path: unknown, detail: 'is no parameter here' }],
    });
  }
  return given as Partial<Record<Name, string>>;
}

export function flag(event: ApiEvent, parameter: string): boolean {
  const value = event.queryStringParameters?.[parameter];
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  throw new BusbarError('invalid_request', `${parameter} is ${JSON.stringify(value)}; it is true or false.`);
}

/** How the bus itself is reached: an endpoint there would send events round in a circle. */
export function ownHosts(event: ApiEvent): string[] {
  return [event.headers.host, event.requestContext.domainName].filter((host) => host !== undefined);
}
