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

/**
 * What a request came to. A failure of the other side is an outcome and not an error, so that it is told from a
 * fault of ours by its shape, also between modules that were bundled apart.
 */
export type HttpOutcome =
  | ({ readonly kind: 'answer' } & HttpResponse)
  | { readonly kind: 'failure'; readonly failure: HttpFailure; readonly message: string };

/** Sends one request and does not follow redirects. It rejects only when it is misused. */
export interface Http {
  send(request: HttpRequest): Promise<HttpOutcome>;
}
