import type { MiddlewareObj } from '@middy/core';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { ApiRequest, ApiResponse } from '../../lib/api/router.ts';
import { BusbarError, problemOf } from '../../lib/core/kernel/errors.ts';
import { notUtf8 } from '../../lib/core/kernel/json.ts';
import { refusalOfAws } from '../../lib/runtime/aws/refusal.ts';
import { acceptedCodings, decodeContent } from '../../lib/runtime/http/content-encoding.ts';
import type { Log } from '../../lib/runtime/log.ts';

export type ApiEvent = APIGatewayProxyEventV2;
export type ApiAnswer = APIGatewayProxyStructuredResultV2;

/** Turns what is thrown into a problem document; anything that is not a BusbarError is logged and not shown. */
export function problems(log: Log): MiddlewareObj<ApiEvent, ApiAnswer> {
  return {
    onError(request) {
      const { error } = request;
      const refusal =
        error instanceof BusbarError
          ? error
          : (failureOfAws(log, error, request.event) ?? internal(log, error, request.event));
      request.response = problemAnswer(refusal);
    },
  };
}

function failureOfAws(log: Log, error: unknown, event: ApiEvent): BusbarError | undefined {
  const refusal = refusalOfAws(error);
  if (refusal === undefined) return undefined;
  log('warn', 'AWS refused a call of a request', {
    requestId: event.requestContext?.requestId,
    route: `${event.requestContext?.http?.method} ${event.rawPath}`,
    code: refusal.code,
    error: String(error),
  });
  return refusal;
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

function problemAnswer(error: BusbarError): ApiAnswer {
  return {
    statusCode: error.status,
    headers: {
      'content-type': 'application/problem+json',
      ...(error.status === 401 && { 'www-authenticate': 'Bearer' }),
      ...(error.code === 'unsupported_encoding' && { 'accept-encoding': acceptedCodings }),
      ...(error.retryAfterSeconds !== undefined && { 'retry-after': String(error.retryAfterSeconds) }),
    },
    body: JSON.stringify(problemOf(error)),
  };
}

export function jsonAnswer(statusCode: number, document: unknown) {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(document) };
}

/** What the gateway writes for bytes that are not UTF-8. */
const replacement = '\ufffd';

/**
 * The bytes of the body as the client meant them, its content encoding undone.
 * @throws BusbarError malformed_json, malformed_body, unsupported_encoding, request_too_large.
 */
export async function bodyBytes(event: ApiEvent): Promise<Uint8Array> {
  const { isBase64Encoded, headers } = event;
  const body = event.body ?? '';
  const bytes = Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');
  // A body that the gateway takes for text loses what is not UTF-8. Its length tells: one byte, or two, became three.
  if (!isBase64Encoded && body.includes(replacement) && Number(headers['content-length']) !== bytes.length) {
    throw notUtf8();
  }
  const encoding = headers['content-encoding'];
  return encoding === undefined ? bytes : decodeContent(bytes, encoding);
}

/** Who sends a request, and from where. */
export const credentialsOf = ({ headers, requestContext }: ApiEvent) => ({
  authorization: headers.authorization,
  // Test events of the Lambda console have no address.
  address: requestContext.http?.sourceIp ?? '',
  application: headers['busbar-application'],
});

/** A request as the router takes it. */
export function apiRequest(event: ApiEvent): ApiRequest {
  const { http, domainName, requestId } = event.requestContext;
  return {
    method: http.method,
    path: http.path,
    query: event.queryStringParameters ?? {},
    headers: event.headers,
    address: http.sourceIp,
    body: () => bodyBytes(event),
    requestId,
    ownHosts: [event.headers.host, domainName].filter((host) => host !== undefined),
  };
}

export function apiAnswer({ status, document, headers = {} }: ApiResponse): ApiAnswer {
  if (document === undefined) return { statusCode: status, headers };
  const answer = jsonAnswer(status, document);
  return { ...answer, headers: { ...answer.headers, ...headers } };
}
