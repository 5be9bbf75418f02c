import middy from '@middy/core';
import { adminCalls, apiCalls } from '../lib/api/calls.ts';
import { openApiDocument } from '../lib/api/openapi/document.ts';
import { publishCalls } from '../lib/api/publish.ts';
import { createRouter } from '../lib/api/router.ts';
import { authenticate } from '../lib/app/access/authenticate.ts';
import { createAuditor } from '../lib/app/audit/auditor.ts';
import { ownersOf } from '../lib/app/audit/owners.ts';
import { senderOf, sinks } from '../lib/connectors/index.ts';
import { home } from '../lib/core/console/file.ts';
import { open } from '../lib/runtime/open.ts';
import type { Runtime } from '../lib/runtime/runtime.ts';
import { lazy } from '../lib/runtime/system.ts';
import { systemRuntimeWithHttp } from '../lib/runtime/system-http.ts';
import { administering } from '../lib/runtime/tools.ts';
import { type ApiAnswer, type ApiEvent, apiAnswer, apiRequest, problems } from './middleware/api.ts';

/** Everything of the HTTP API but publish and invoke. */
export function create(runtime: Runtime) {
  const tools = open(
    { ...runtime, senderOf },
    { ...administering, sinks: () => sinks, openApiDocument: () => openApiDocument(apiCalls) },
  );
  const route = createRouter({
    calls: adminCalls,
    elsewhere: publishCalls,
    tools,
    authenticate: (credentials) => authenticate(tools, credentials),
    auditor: createAuditor(tools),
    ownersOf: (names) => ownersOf(tools, names),
  });
  return middy<ApiEvent, ApiAnswer>()
    .use(problems(runtime.log))
    .handler(async (event) => toConsole(event) ?? apiAnswer(await route(apiRequest(event))));
}

/** `/console/{proxy+}` of the gateway need not match a path that ends there, which people type. */
const toConsole = ({ rawPath }: ApiEvent): ApiAnswer | undefined =>
  rawPath === `${home}/` ? { statusCode: 308, headers: { location: home } } : undefined;

export const handler = lazy(() => create(systemRuntimeWithHttp()));
