import { serve } from '../lib/app/console/console.ts';
import { consoleOriginsOf, readSetting } from '../lib/core/sign-in/setting.ts';
import { variables } from '../lib/runtime/config.ts';
import type { BaseRuntime } from '../lib/runtime/runtime.ts';
import { openSite } from '../lib/runtime/site.ts';
import { lazy, systemRuntime } from '../lib/runtime/system.ts';
import type { ApiAnswer, ApiEvent } from './middleware/api.ts';

/** Serves the files of the console. It holds nothing and may do nothing: what the page shows, it asks the API for. */
export function create({ env }: BaseRuntime) {
  const site = openSite();
  const signIn = env[variables.signIn];
  const origins = signIn === undefined ? [] : consoleOriginsOf(readSetting(signIn));
  return async (event: ApiEvent): Promise<ApiAnswer> => {
    const { method, path } = event.requestContext.http;
    const { status, headers, body } = serve(site, origins, { method, path, headers: event.headers });
    return {
      statusCode: status,
      headers: { ...headers },
      ...(body !== undefined && { body, isBase64Encoded: true }),
    };
  };
}

export const handler = lazy(() => create(systemRuntime()));
