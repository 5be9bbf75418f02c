import { AwsError, type Caller, type Host, type Output } from '../engine.ts';
import { isPreflight, preflightResponse, withCors } from './cors.ts';
import { proxyEvent, signingKey } from './event.ts';
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
import { createRouter, type RouteMatch, routeKeyProblem } from './routes.ts';
import { type TokenBucket, tokenBucket } from './throttle.ts';

/** https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html */
export const httpApiLimits = {
  bodyBytesMax: 10 * 1024 * 1024,
  timeoutMsMax: 30_000,
  billedChunkBytes: 512 * 1024,
};

/** The HTTP APIs of the account: their definitions, kept in the store, and their front door. */
export interface HttpApis {
  putApi(api: Api): void;
  deleteApi(apiId: string): void;
  putIntegration(integration: Integration): void;
  deleteIntegration(apiId: string, integrationId: string): void;
  putRoute(route: HttpRoute): void;
  deleteRoute(apiId: string, routeId: string): void;
  putStage(stage: Stage): void;
  deleteStage(apiId: string, stageName: string): void;
  apiIds(): string[];
  /** Handles one request to an API; whatever goes wrong behind it is a response as well. */
  handle(apiId: string, request: HttpApiRequest): Promise<HttpApiResponse>;
}

interface ApiState {
  readonly api: Api;
  readonly integrations: Map<string, Integration>;
  readonly routes: Map<string, HttpRoute>;
  readonly stages: Map<string, Stage>;
  readonly buckets: Map<string, TokenBucket>;
  route: (method: string, path: string) => RouteMatch | undefined;
}

export function createHttpApis(host: Host): HttpApis {
  const apis = new Map<string, ApiState>();
  for (const [, api] of host.store.load(tables.apis)) place(api as Api);
  for (const [, row] of host.store.load(tables.integrations)) {
    const integration = row as Integration;
    state(integration.apiId).integrations.set(integration.integrationId, integration);
  }
  for (const [, row] of host.store.load(tables.stages)) {
    const stage = row as Stage;
    state(stage.apiId).stages.set(stage.stageName, stage);
  }
  for (const [, row] of host.store.load(tables.routes)) {
    const route = row as HttpRoute;
    state(route.apiId).routes.set(route.routeId, route);
  }
  for (const found of apis.values()) found.route = createRouter(found.routes.values());

  function place(api: Api): void {
    const before = apis.get(api.apiId);
    const empty: Omit<ApiState, 'api'> = {
      integrations: new Map(),
      routes: new Map(),
      stages: new Map(),
      buckets: new Map(),
      route: createRouter([]),
    };
    apis.set(api.apiId, { ...(before ?? empty), api });
  }

  function state(apiId: string): ApiState {
    const found = apis.get(apiId);
    if (found === undefined) throw notFound(`Invalid API identifier specified ${host.account}:${apiId}`);
    return found;
  }

  async function handle(apiId: string, request: HttpApiRequest): Promise<HttpApiResponse> {
    const found = state(apiId);
    const { cors } = found.api;
    if (cors !== undefined && isPreflight(request)) return preflightResponse(cors, request);
    const response = await answer(found, request);
    return cors === undefined ? response : withCors(cors, request, response);
  }

  async function answer(found: ApiState, request: HttpApiRequest): Promise<HttpApiResponse> {
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
    const response = await invoke(integration, route, stage, request.method, event);
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

  /** Invokes the function within the integration's time; an answer that comes later is dropped. */
  async function invoke(
    integration: Integration,
    route: HttpRoute,
    stage: Stage,
    method: string,
    event: Readonly<Record<string, unknown>>,
  ): Promise<HttpApiResponse> {
    // The resource part is `<stage>/<method>/<path of the route>`; `$default` is a stage, and a route, by itself.
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
          {
            FunctionName: integration.functionArn,
            InvocationType: 'RequestResponse',
            Payload: Buffer.from(JSON.stringify(event), 'utf8'),
          },
          caller,
          aborted.signal,
        );
        return readInvocation(output);
      } catch (error) {
        // The refusals of Lambda are answers of API Gateway; any other error is a defect and must surface.
        if (!(error instanceof AwsError)) throw error;
        if (error.code === 'RequestTooLargeException')
          return gatewayResponse(413, 'Request Entity Too Large');
        if (error.code === 'TooManyRequestsException') return gatewayResponse(503, 'Service Unavailable');
        return gatewayResponse(500, 'Internal Server Error');
      }
    }
  }

  const changed = (apiId: string) => {
    const found = state(apiId);
    found.route = createRouter(found.routes.values());
    found.buckets.clear();
  };

  return {
    handle,
    apiIds: () => [...apis.keys()],
    putApi(api) {
      place(api);
      host.store.put(tables.apis, api.apiId, api);
    },
    deleteApi(apiId) {
      const { integrations, routes, stages } = state(apiId);
      for (const id of integrations.keys()) host.store.delete(tables.integrations, `${apiId}/${id}`);
      for (const id of routes.keys()) host.store.delete(tables.routes, `${apiId}/${id}`);
      for (const id of stages.keys()) host.store.delete(tables.stages, `${apiId}/${id}`);
      host.store.delete(tables.apis, apiId);
      apis.delete(apiId);
    },
    putIntegration(integration) {
      const { apiId, integrationId, timeoutMs } = integration;
      if (timeoutMs < 50 || timeoutMs > httpApiLimits.timeoutMsMax) {
        throw new AwsError('BadRequestException', 'Timeout should be between 50 ms and 30000 ms');
      }
      state(apiId).integrations.set(integrationId, integration);
      host.store.put(tables.integrations, `${apiId}/${integrationId}`, integration);
    },
    deleteIntegration(apiId, integrationId) {
      state(apiId).integrations.delete(integrationId);
      host.store.delete(tables.integrations, `${apiId}/${integrationId}`);
    },
    putRoute(route) {
      const problem = routeKeyProblem(route.routeKey);
      if (problem !== undefined) {
        throw new AwsError(
          'BadRequestException',
          `The route key ${route.routeKey} is not valid: ${problem}.`,
        );
      }
      const { routes } = state(route.apiId);
      for (const other of routes.values()) {
        if (other.routeKey === route.routeKey && other.routeId !== route.routeId) {
          throw new AwsError(
            'ConflictException',
            `Route with key ${route.routeKey} already exists for this API`,
            {
              status: 409,
            },
          );
        }
      }
      routes.set(route.routeId, route);
      host.store.put(tables.routes, `${route.apiId}/${route.routeId}`, route);
      changed(route.apiId);
    },
    deleteRoute(apiId, routeId) {
      state(apiId).routes.delete(routeId);
      host.store.delete(tables.routes, `${apiId}/${routeId}`);
      changed(apiId);
    },
    putStage(stage) {
      state(stage.apiId).stages.set(stage.stageName, stage);
      host.store.put(tables.stages, `${stage.apiId}/${stage.stageName}`, stage);
      changed(stage.apiId);
    },
    deleteStage(apiId, stageName) {
      state(apiId).stages.delete(stageName);
      host.store.delete(tables.stages, `${apiId}/${stageName}`);
    },
  };
}

const tables = {
  apis: 'apigateway.apis',
  integrations: 'apigateway.integrations',
  routes: 'apigateway.routes',
  stages: 'apigateway.stages',
} as const;

/** A stage with a name of its own serves below it; the stage name stays in the path that the function sees. */
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
 * An HTTP API decodes the path before it routes, and cuts it at a question mark that appears by decoding
 * (observed on AWS: https://github.com/hotsock/voker/pull/8). Undefined when the path cannot be decoded.
 */
function decodedPath(path: string): string | undefined {
  if (!path.includes('%')) return path;
  try {
    const decoded = decodeURIComponent(path);
    const cut = decoded.indexOf('?');
    return cut < 0 ? decoded : decoded.slice(0, cut);
  } catch {
    // A malformed escape: there is no such path.
    return undefined;
  }
}

/** `Root=1-<seconds in hex>-<24 hex digits>`, made of the request id so that it costs no further randomness. */
function traceId(nowMs: number, requestId: string): string {
  const seconds = Math.floor(nowMs / 1000)
    .toString(16)
    .padStart(8, '0');
  return `Root=1-${seconds}-${requestId.replaceAll('-', '').slice(0, 24)}`;
}

function readInvocation(output: Output): HttpApiResponse {
  const { FunctionError: functionError, Payload: payload } = output ?? {};
  if (functionError !== undefined || !(payload instanceof Uint8Array)) {
    return gatewayResponse(500, 'Internal Server Error');
  }
  return readResponse(Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8'));
}

function notFound(message: string): AwsError {
  return new AwsError('NotFoundException', message, { status: 404 });
}
