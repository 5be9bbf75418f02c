import { AwsError, type Host } from '../engine.ts';
import { type ApiState, handleRequest, httpApiLimits } from './gateway.ts';
import type { Api, HttpApiRequest, HttpApiResponse, HttpRoute, Integration, Stage } from './model.ts';
import { createRouter, routeKeyProblem } from './routes.ts';

/** The HTTP APIs of the account: stores their definitions and handles their requests. */
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
  /** Handles one request to an API. A failure behind it is a response too. */
  handle(apiId: string, request: HttpApiRequest): Promise<HttpApiResponse>;
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

  const changed = (apiId: string) => {
    const found = state(apiId);
    found.route = createRouter(found.routes.values());
    found.buckets.clear();
  };

  return {
    handle: async (apiId, request) => handleRequest(host, state(apiId), request),
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
      if (timeoutMs < httpApiLimits.timeoutMsMin || timeoutMs > httpApiLimits.timeoutMsMax) {
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

function notFound(message: string): AwsError {
  return new AwsError('NotFoundException', message, { status: 404 });
}
