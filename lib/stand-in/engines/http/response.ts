import { isObject } from '../members.ts';
import { gatewayResponse, type HttpApiResponse } from './model.ts';

/**
 * Reads the answer of a function in payload format 2.0. With a `statusCode` it is a response; without one, the whole
 * answer is the JSON body of a 200
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html).
 */
export function readResponse(payload: string): HttpApiResponse {
  let answer: unknown;
  try {
    answer = JSON.parse(payload);
  } catch {
    // A function always answers JSON; API Gateway cannot read anything else either.
    return gatewayResponse(500, 'Internal Server Error');
  }
  if (!isObject(answer) || answer.statusCode === undefined) {
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      cookies: [],
      body: typeof answer === 'string' ? answer : payload,
    };
  }
  const status = Number(answer.statusCode);
  const { body = '', cookies = [], headers = {} } = answer;
  if (
    !Number.isInteger(status) ||
    status < 100 ||
    status > 599 ||
    (typeof body !== 'string' && body !== null) ||
    !Array.isArray(cookies) ||
    !(headers === null || isObject(headers))
  ) {
    return gatewayResponse(500, 'Internal Server Error');
  }
  const named: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) named[name.toLowerCase()] = String(value);
  named['content-type'] ??= 'text/plain; charset=utf-8';
  return {
    status,
    headers: named,
    cookies: cookies.map(String),
    body: answer.isBase64Encoded === true ? Buffer.from(body ?? '', 'base64') : (body ?? ''),
  };
}
