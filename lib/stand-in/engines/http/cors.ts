import type { CorsConfiguration, HttpApiRequest, HttpApiResponse } from './model.ts';

/** Whether the request is a preflight, which API Gateway answers itself. */
export function isPreflight(request: HttpApiRequest): boolean {
  return (
    request.method === 'OPTIONS' &&
    request.headers.origin !== undefined &&
    request.headers['access-control-request-method'] !== undefined
  );
}

/** Answers a preflight. Without a matching origin the answer has no CORS headers, so the browser rejects it. */
export function preflightResponse(cors: CorsConfiguration, request: HttpApiRequest): HttpApiResponse {
  const origin = allowedOrigin(cors, request.headers.origin);
  const headers: Record<string, string> = {};
  if (origin !== undefined) {
    headers['access-control-allow-origin'] = origin;
    const wantedMethod = request.headers['access-control-request-method'] ?? '';
    const methods = cors.allowMethods.includes('*') ? wantedMethod : cors.allowMethods.join(',');
    if (methods !== '') headers['access-control-allow-methods'] = methods;
    const wantedHeaders = request.headers['access-control-request-headers'] ?? '';
    const allowed = cors.allowHeaders.includes('*') ? wantedHeaders : cors.allowHeaders.join(',');
    if (allowed !== '') headers['access-control-allow-headers'] = allowed;
    if (cors.maxAgeSeconds !== undefined) headers['access-control-max-age'] = String(cors.maxAgeSeconds);
    if (cors.allowCredentials) headers['access-control-allow-credentials'] = 'true';
  }
  return { status: 204, headers, cookies: [], body: '' };
}

/** Puts the CORS headers of the API on a response and drops those of the function, as API Gateway does. */
export function withCors(
  cors: CorsConfiguration,
  request: HttpApiRequest,
  response: HttpApiResponse,
): HttpApiResponse {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    if (!name.startsWith('access-control-')) headers[name] = value;
  }
  const origin = allowedOrigin(cors, request.headers.origin);
  if (origin !== undefined) {
    headers['access-control-allow-origin'] = origin;
    if (cors.exposeHeaders.length > 0)
      headers['access-control-expose-headers'] = cors.exposeHeaders.join(',');
    if (cors.allowCredentials) headers['access-control-allow-credentials'] = 'true';
  }
  return { ...response, headers };
}

/** An allowed origin is `*`, the exact origin, or a scheme with a wildcard host (`https://*`). */
function allowedOrigin(cors: CorsConfiguration, origin: string | undefined): string | undefined {
  if (origin === undefined) return undefined;
  if (cors.allowOrigins.includes('*')) return '*';
  return cors.allowOrigins.some(
    (allowed) => allowed === origin || (allowed.endsWith('://*') && origin.startsWith(allowed.slice(0, -1))),
  )
    ? origin
    : undefined;
}
