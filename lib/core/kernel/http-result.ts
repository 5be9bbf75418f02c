export interface HttpResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as far as it came, cut at the limit: it may have broken off, for the status counts without it. */
  readonly body: string;
}

/**
 * Why no response came; `reset` may mean that the endpoint has the request all the same. `unwritable`: HTTP cannot carry
 * the request, which was not sent.
 */
export type HttpFailure =
  | 'unwritable'
  | 'timeout'
  | 'dns'
  | 'refused'
  | 'reset'
  | 'tls'
  | 'forbidden'
  | 'protocol';

/**
 * What a request came to. A failure of the other side is an outcome and not an error, so that it is told from a
 * fault of ours by its shape, also between modules that were bundled apart.
 */
export type HttpResult =
  | ({ readonly kind: 'answer' } & HttpResponse)
  | { readonly kind: 'failure'; readonly failure: HttpFailure; readonly message: string };
