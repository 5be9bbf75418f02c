import type { LocalAws } from './aws.ts';
import type { Caller } from './engines/engine.ts';

/** The part of the SDK's `HttpRequest` that is read here; the SDK hands over its own class. */
interface SdkRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/**
 * Plugs a real SDK v3 client into the engines without a socket: give it as `requestHandler` of the client.
 * Everything else of the client (middleware, retries, serialising, parsing) stays as it ships.
 */
export function requestHandler(aws: LocalAws, caller: Caller) {
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    destroy: () => undefined,
    httpHandlerConfigs: () => ({}),
    updateHttpClientConfig: () => undefined,
    async handle(request: SdkRequest, options?: { abortSignal?: AbortSignal }) {
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries(request.headers)) headers[name.toLowerCase()] = value;
      const query: Record<string, string> = {};
      for (const [name, value] of Object.entries(request.query ?? {})) query[name] = [value].flat().join(',');
      const response = await aws.handle(
        { method: request.method, path: request.path, query, headers, body: bytes(request.body) },
        caller,
        options?.abortSignal,
      );
      return {
        response: {
          statusCode: response.status,
          headers: response.headers,
          body: typeof response.body === 'string' ? Buffer.from(response.body, 'utf8') : response.body,
        },
      };
    },
  };
}

function bytes(body: unknown): Uint8Array {
  if (body === undefined || body === null || body === '') return new Uint8Array();
  if (typeof body === 'string') return Buffer.from(body, 'utf8');
  // The SDK may hand over a Uint8Array adapter with a valueOf of its own, which Buffer.from(body) would call: it
  // would decode the whole body as text. A view of the same memory calls nothing.
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  throw new TypeError('The in-process request handler takes buffered bodies only.');
}
