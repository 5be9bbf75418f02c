import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { BusbarError, problemOf } from '../../lib/core/errors.ts';
import { parseStrictJson } from '../../lib/core/json.ts';
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
  return parseStrictJson(Buffer.from(bytes).toString('utf8')).value;
}
