import type { LocalAws } from './aws.ts';
import type { Caller } from './engines/engine.ts';

/** The parts of the SDK's `HttpRequest` that are read here. */
interface SdkRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string | string[] | null>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/**
 * Connects a real SDK v3 client to the engines without a socket: pass it as `requestHandler`. Everything else in the
 * client (middleware, retries, serialisation, parsing) runs unchanged.
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
  // The SDK may pass a Uint8Array adapter with its own valueOf, which Buffer.from(body) would call and which decodes
  // the whole body as text. A view of the same memory avoids that.
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  throw new TypeError('The in-process request handler takes buffered bodies only.');
}
