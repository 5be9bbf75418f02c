/** One HTTP request to an endpoint outside the bus. */
export interface HttpRequest {
  readonly method: 'POST' | 'PUT' | 'GET' | 'HEAD' | 'OPTIONS';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** From the start of the connection to the end of the response body. */
  readonly timeoutMs: number;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The start of the response body, cut at the limit. */
  readonly body: string;
}

/** Why no response came; `reset` may mean that the endpoint has the request all the same. */
export type HttpFailure = 'timeout' | 'dns' | 'refused' | 'reset' | 'tls' | 'forbidden' | 'protocol';

export class HttpError extends Error {
  readonly failure: HttpFailure;
  constructor(failure: HttpFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'HttpError';
    this.failure = failure;
  }
}

/** Sends one request and does not follow redirects. Rejects with an `HttpError` when no response came. */
export interface Http {
  send(request: HttpRequest): Promise<HttpResponse>;
}
