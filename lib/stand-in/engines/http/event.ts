import { isUtf8 } from 'node:buffer';
import type { HttpApiRequest, HttpRoute } from './model.ts';

/**
 * The content types whose bodies reach a function as text. Every other body is base64-encoded, including
 * `application/cloudevents+json` and one without a content type. AWS does not document this list; it was observed on
 * AWS (https://github.com/ministackorg/ministack/pull/766).
 */
function isTextBody({ headers, body }: HttpApiRequest): boolean {
  // AWS does not say what it does with these; a load balancer hands coded bodies in base64, too:
  // https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
  if (headers['content-encoding'] !== undefined || !isUtf8(body)) return false;
  const type = (headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  return (
    type.startsWith('text/') ||
    type === 'application/json' ||
    type === 'application/xml' ||
    type === 'application/javascript'
  );
}

/** The decoded query parameters, with values of the same name joined by commas. Undefined when there are none. */
function queryStringParameters(query: string): Record<string, string> | undefined {
  if (query === '') return undefined;
  const parameters: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(query)) {
    parameters[name] = parameters[name] === undefined ? value : `${parameters[name]},${value}`;
  }
  return parameters;
}

/** `12/Mar/2020:19:03:58 +0000`, the time format of access logs. */
function accessLogTime(epochMs: number): string {
  const [, day, month, year, time] =
    /^\w+, (\d+) (\w+) (\d+) ([\d:]+)/.exec(new Date(epochMs).toUTCString()) ?? [];
  return `${day}/${month}/${year}:${time} +0000`;
}

export interface EventContext {
  readonly account: string;
  readonly region: string;
  readonly stageName: string;
  readonly requestId: string;
  readonly traceId: string;
  readonly nowMs: number;
}

/**
 * The event of a Lambda proxy integration, payload format 2.0
 * (https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html). `path` is
 * the decoded path: an HTTP API decodes `rawPath`, despite its name.
 */
export function proxyEvent(
  request: HttpApiRequest,
  path: string,
  route: HttpRoute,
  pathParameters: Readonly<Record<string, string>> | undefined,
  context: EventContext,
): Readonly<Record<string, unknown>> {
  return {
    ...eventOf(request, path, context, {
      account: context.account,
      id: route.apiId,
      domainName: `${route.apiId}.execute-api.${context.region}.amazonaws.com`,
      routeKey: route.routeKey,
      authorizer:
        route.authorizationType === 'AWS_IAM' ? iamAuthorizer(request.headers, context.account) : undefined,
    }),
    pathParameters,
  };
}

/**
 * The event of a function URL without authentication: the same format, whose path is as it was sent, with an anonymous
 * account and without path parameters (https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html).
 */
export function functionUrlEvent(
  request: HttpApiRequest,
  path: string,
  urlId: string,
  context: EventContext,
): Readonly<Record<string, unknown>> {
  return eventOf(request, path, context, {
    account: 'anonymous',
    id: urlId,
    domainName: functionUrlDomain(urlId, context.region),
    routeKey: '$default',
    authorizer: undefined,
  });
}

/** The host of a function URL on AWS. */
const functionUrlDomain = (urlId: string, region: string): string => `${urlId}.lambda-url.${region}.on.aws`;

/** What has received a request, as the event tells it. */
interface Entrance {
  readonly account: string;
  readonly id: string;
  readonly domainName: string;
  readonly routeKey: string;
  readonly authorizer: object | undefined;
}

function eventOf(request: HttpApiRequest, path: string, context: EventContext, entrance: Entrance) {
  const { cookie, ...headers } = request.headers;
  const text = isTextBody(request);
  // Undefined members are left out of the JSON, as on AWS.
  return {
    version: '2.0',
    routeKey: entrance.routeKey,
    rawPath: path,
    rawQueryString: request.query,
    cookies: cookie?.split(';').map((one) => one.trim()),
    headers: {
      ...headers,
      'x-amzn-trace-id': context.traceId,
      'x-forwarded-for':
        headers['x-forwarded-for'] === undefined
          ? request.sourceIp
          : `${headers['x-forwarded-for']}, ${request.sourceIp}`,
      'x-forwarded-port': headers['x-forwarded-port'] ?? '443',
      'x-forwarded-proto': headers['x-forwarded-proto'] ?? 'https',
    },
    queryStringParameters: queryStringParameters(request.query),
    requestContext: {
      accountId: entrance.account,
      apiId: entrance.id,
      authorizer: entrance.authorizer,
      domainName: entrance.domainName,
      domainPrefix: entrance.id,
      http: {
        method: request.method,
        path,
        protocol: 'HTTP/1.1',
        sourceIp: request.sourceIp,
        userAgent: headers['user-agent'] ?? '',
      },
      requestId: context.requestId,
      routeKey: entrance.routeKey,
      stage: context.stageName,
      time: accessLogTime(context.nowMs),
      timeEpoch: context.nowMs,
    },
    body:
      request.body.length === 0
        ? undefined
        : Buffer.from(request.body.buffer, request.body.byteOffset, request.body.byteLength).toString(
            text ? 'utf8' : 'base64',
          ),
    isBase64Encoded: request.body.length > 0 && !text,
  };
}

/** Who signed the request, as far as known here: the access key is read, but the signature is not verified. */
function iamAuthorizer(headers: Readonly<Record<string, string>>, account: string) {
  return {
    iam: {
      accessKey: signingKey(headers.authorization) ?? '',
      accountId: account,
      callerId: account,
      cognitoIdentity: null,
      principalOrgId: null,
      userArn: `arn:aws:iam::${account}:root`,
      userId: account,
    },
  };
}

/** The access key id in a SigV4 header; undefined when the header is something else. */
export function signingKey(authorization: string | undefined): string | undefined {
  return /^AWS4-HMAC-SHA256 .*Credential=([^/,]+)\/\d{8}\/[^/]+\/execute-api\/aws4_request/.exec(
    authorization ?? '',
  )?.[1];
}
