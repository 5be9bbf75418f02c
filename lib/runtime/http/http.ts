import type { HttpResult } from '../../core/kernel/http-result.ts';

/** One HTTP request to an endpoint outside the bus. */
export interface HttpRequest {
  readonly method: 'POST' | 'PUT' | 'GET' | 'HEAD' | 'OPTIONS';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /**
   * From the start of the connection until the status and all headers are there; what is missing of the body by then is
   * not waited for.
   */
  readonly timeoutMs: number;
}

/** Sends one request and does not follow redirects. It rejects only when it is misused. */
export interface Http {
  send(request: HttpRequest): Promise<HttpResult>;
}
