/** What the engine stores of an HTTP API, and the requests and responses that it handles. */

export interface CorsConfiguration {
  readonly allowOrigins: readonly string[];
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly maxAgeSeconds?: number | undefined;
  readonly allowCredentials: boolean;
}

export interface Api {
  readonly apiId: string;
  readonly name: string;
  readonly cors?: CorsConfiguration | undefined;
}

/** A Lambda proxy integration, payload format 2.0. */
export interface Integration {
  readonly apiId: string;
  readonly integrationId: string;
  readonly functionArn: string;
  readonly timeoutMs: number;
}

type AuthorizationType = 'NONE' | 'AWS_IAM';

export interface HttpRoute {
  readonly apiId: string;
  readonly routeId: string;
  /** Such as `POST /v1/topics/{topic}/events`, `ANY /{proxy+}` or `$default`. */
  readonly routeKey: string;
  readonly integrationId: string;
  readonly authorizationType: AuthorizationType;
}

/** A token bucket: up to `burst` tokens, refilled by `rate` each second. */
export interface Throttle {
  readonly burst: number;
  readonly ratePerSecond: number;
}

export interface Stage {
  readonly apiId: string;
  /** `$default` serves at the root, any other stage below a path segment with its name. */
  readonly stageName: string;
  readonly defaultThrottle?: Throttle | undefined;
  readonly routeThrottles: Readonly<Record<string, Throttle>>;
}

export interface HttpApiRequest {
  readonly method: string;
  /** As received: still percent-encoded, without the query. */
  readonly path: string;
  /** As received, without the question mark. */
  readonly query: string;
  /** Names in lower case; a repeated header is joined with commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly sourceIp: string;
}

export interface HttpApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** One `set-cookie` header for each. */
  readonly cookies: readonly string[];
  readonly body: Uint8Array | string;
}

/** A response of API Gateway itself: JSON with one `message`. */
export function gatewayResponse(status: number, message: string): HttpApiResponse {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    cookies: [],
    body: JSON.stringify({ message }),
  };
}
