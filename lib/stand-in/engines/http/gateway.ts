import { AwsError, type Caller, type Host } from '../engine.ts';
import { isPreflight, preflightResponse, withCors } from './cors.ts';
import { proxyEvent, signingKey } from './event.ts';
import { answerIn, invocationOf } from './invocation.ts';
import {
  type Api,
  gatewayResponse,
  type HttpApiRequest,
  type HttpApiResponse,
  type HttpRoute,
  type Integration,
  type Stage,
} from './model.ts';
import { readResponse } from './response.ts';
import type { RouteMatch } from './routes.ts';
import { type TokenBucket, tokenBucket } from './throttle.ts';

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html */
export const httpApiLimits = {
  bodyBytesMax: 10 * 1024 * 1024,
  timeoutMsMin: 50,
  timeoutMsMax: 30_000,
  billedChunkBytes: 512 * 1024,
} as const;

/** One API with everything that takes part in a request to it. */
export interface ApiState {
  readonly api: Api;
  readonly integrations: Map<string, Integration>;
  readonly routes: Map<string, HttpRoute>;
  readonly stages: Map<string, Stage>;
  readonly buckets: Map<string, TokenBucket>;
  route: (method: string, path: string) => RouteMatch | undefined;
}

/** Handles one request to an API. A failure behind it is a response too. */
export async function handleRequest(
  host: Host,
  found: ApiState,
  request: HttpApiRequest,
): Promise<HttpApiResponse> {
  const { cors } = found.api;
  if (cors !== undefined && isPreflight(request)) return preflightResponse(cors, request);
  const response = await answer(host, found, request);
  return cors === undefined ? response : withCors(cors, request, response);
}

async function answer(host: Host, found: ApiState, request: HttpApiRequest): Promise<HttpApiResponse> {
  const path = decodedPath(request.path);
  const placed = path === undefined ? undefined : placeInStage(found, path);
  if (placed === undefined) return gatewayResponse(404, 'Not Found');
  const { stage, routedPath } = placed;
  const match = found.route(request.method, routedPath);
  if (match === undefined) return gatewayResponse(404, 'Not Found');
  const { route, pathParameters } = match;
  if (request.body.length > httpApiLimits.bodyBytesMax) {
    return gatewayResponse(413, 'Request Entity Too Large');
  }
  const nowMs = host.clock.now();
  if (!admits(found, stage, route, nowMs)) return gatewayResponse(429, 'Too Many Requests');
  if (route.authorizationType === 'AWS_IAM' && signingKey(request.headers.authorization) === undefined) {
    return gatewayResponse(403, 'Forbidden');
  }
  const integration = found.integrations.get(route.integrationId);
  if (integration === undefined) return gatewayResponse(500, 'Internal Server Error');

  host.meter.count(
    'apigateway.requests',
    Math.max(1, Math.ceil(request.body.length / httpApiLimits.billedChunkBytes)),
  );
  const requestId = host.random.uuid();
  const event = proxyEvent(request, placed.path, route, pathParameters, {
    account: host.account,
    region: host.region,
    stageName: stage.stageName,
    requestId,
    traceId: traceId(nowMs, requestId),
    nowMs,
  });
  const response = await invoke(host, integration, route, stage, request.method, event);
  return { ...response, headers: { ...response.headers, 'apigw-requestid': requestId } };
}

function admits(found: ApiState, stage: Stage, route: HttpRoute, nowMs: number): boolean {
  const throttle = stage.routeThrottles[route.routeKey] ?? stage.defaultThrottle;
  if (throttle === undefined) return true;
  const key = `${stage.stageName}\n${route.routeKey}`;
  let bucket = found.buckets.get(key);
  if (bucket === undefined) {
    bucket = tokenBucket(throttle, nowMs);
    found.buckets.set(key, bucket);
  }
  return bucket.take(nowMs);
}

/** Invokes the function within the timeout of the integration; a later answer is dropped. */
async function invoke(
  host: Host,
  integration: Integration,
  route: HttpRoute,
  stage: Stage,
  method: string,
  event: Readonly<Record<string, unknown>>,
): Promise<HttpApiResponse> {
  // The resource part is `<stage>/<method>/<path of the route>`. `$default` can be a stage and a route.
  const sourceArn =
    `arn:aws:execute-api:${host.region}:${host.account}:${route.apiId}/${stage.stageName}/` +
    (route.routeKey === '$default'
      ? '$default'
      : `${method}${route.routeKey.slice(route.routeKey.indexOf(' ') + 1)}`);
  const caller: Caller = { kind: 'service', service: 'apigateway.amazonaws.com', sourceArn };
  const aborted = new AbortController();
  const timedOut = Promise.withResolvers<HttpApiResponse>();
  const cancelTimer = host.clock.setTimer(integration.timeoutMs, () => {
    timedOut.resolve(gatewayResponse(503, 'Service Unavailable'));
    aborted.abort();
  });
  try {
    return await Promise.race([request(), timedOut.promise]);
  } finally {
    cancelTimer();
  }

  async function request(): Promise<HttpApiResponse> {
    try {
      const output = await host.call(
        'lambda',
        'Invoke',
        invocationOf(integration.functionArn, event),
        caller,
        aborted.signal,
      );
      const answer = answerIn(output);
      return answer === undefined ? gatewayResponse(500, 'Internal Server Error') : readResponse(answer);
    } catch (error) {
      // API Gateway turns errors of Lambda into responses; any other error is a defect and must surface.
      if (!(error instanceof AwsError)) throw error;
      if (error.code === 'RequestTooLargeException') return gatewayResponse(413, 'Request Entity Too Large');
      if (error.code === 'TooManyRequestsException') return gatewayResponse(503, 'Service Unavailable');
      return gatewayResponse(500, 'Internal Server Error');
    }
  }
}

/** A named stage serves below its name, which stays in the path that the function sees. */
function placeInStage(
  found: ApiState,
  path: string,
): { stage: Stage; path: string; routedPath: string } | undefined {
  const [, first = ''] = path.split('/', 2);
  const named = found.stages.get(first);
  if (named !== undefined) return { stage: named, path, routedPath: path.slice(first.length + 1) || '/' };
  const root = found.stages.get('$default');
  return root === undefined ? undefined : { stage: root, path, routedPath: path };
}

/**
 * An HTTP API decodes the path before it routes, and cuts it at a question mark that decoding reveals (observed on
 * AWS: https://github.com/hotsock/voker/pull/8). Undefined when the path cannot be decoded.
 */
function decodedPath(path: string): string | undefined {
  if (!path.includes('%')) return path;
  try {
    const decoded = decodeURIComponent(path);
    const cut = decoded.indexOf('?');
    return cut < 0 ? decoded : decoded.slice(0, cut);
  } catch {
    // A malformed escape sequence: no route has such a path.
    return undefined;
  }
}

/** `Root=1-<seconds in hex>-<24 hex digits>`, derived from the request id, so it uses no more randomness. */
export function traceId(nowMs: number, requestId: string): string {
  const seconds = Math.floor(nowMs / 1000)
    .toString(16)
    .padStart(8, '0');
  return `Root=1-${seconds}-${requestId.replaceAll('-', '').slice(0, 24)}`;
}
