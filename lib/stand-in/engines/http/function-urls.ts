import { AwsError, type Caller, type Host, root } from '../engine.ts';
import { functionUrlEvent } from './event.ts';
import { traceId } from './gateway.ts';
import { answerIn, invocationOf } from './invocation.ts';
import { gatewayResponse, type HttpApiRequest, type HttpApiResponse } from './model.ts';
import { readResponse } from './response.ts';

/** A URL that invokes a function without any API before it. */
export interface FunctionUrl {
  /** The first label of its host on AWS. */
  readonly urlId: string;
  readonly functionArn: string;
}

/** The function URLs of the account: stores their definitions and handles their requests. */
export interface FunctionUrls {
  put(url: FunctionUrl): void;
  delete(urlId: string): void;
  /** Handles a request below the path of a URL; undefined for a request with another path. */
  handle(request: HttpApiRequest): Promise<HttpApiResponse> | undefined;
}

/**
 * On AWS each URL has a host of its own. Here they share the port of the API, because not every machine resolves names
 * below localhost, and each is a path that the function does not see.
 */
export const functionUrlPath = (urlId: string): string => `/lambda-url/${urlId}/`;
const paths = /^\/lambda-url\/([a-z0-9]+)(\/.*)?$/;

/** A synchronous invocation takes no more (Lambda quotas). */
const bodyBytesMax = 6 * 1024 * 1024;

const table = 'lambda.urls';

export function createFunctionUrls(host: Host): FunctionUrls {
  const urls = new Map<string, FunctionUrl>();
  for (const [urlId, row] of host.store.load(table)) urls.set(urlId, row as FunctionUrl);

  return {
    put(url) {
      urls.set(url.urlId, url);
      host.store.put(table, url.urlId, url);
    },
    delete(urlId) {
      urls.delete(urlId);
      host.store.delete(table, urlId);
    },
    handle(request) {
      const [, urlId, path = '/'] = paths.exec(request.path) ?? [];
      if (urlId === undefined) return undefined;
      const url = urls.get(urlId);
      return url === undefined ? Promise.resolve(forbidden) : answer(host, url, path, request);
    },
  };
}

const forbidden: HttpApiResponse = {
  ...response(403, 'Forbidden'),
  headers: { 'content-type': 'application/json', 'x-amzn-errortype': 'AccessDeniedException' },
};

/** A response of Lambda itself, whose member begins with a capital. */
function response(status: number, Message: string): HttpApiResponse {
  return { ...gatewayResponse(status, Message), body: JSON.stringify({ Message }) };
}

async function answer(
  host: Host,
  { urlId, functionArn }: FunctionUrl,
  path: string,
  request: HttpApiRequest,
): Promise<HttpApiResponse> {
  if (!isPublic(host, functionArn)) return forbidden;
  if (request.body.length > bodyBytesMax) return response(413, 'Request Entity Too Large');
  const nowMs = host.clock.now();
  const requestId = host.random.uuid();
  const event = functionUrlEvent(request, path, urlId, {
    account: host.account,
    region: host.region,
    stageName: '$default',
    requestId,
    traceId: traceId(nowMs, requestId),
    nowMs,
  });
  const answered = await invoke(host, functionArn, event);
  return { ...answered, headers: { ...answered.headers, 'x-amzn-requestid': requestId } };
}

/**
 * The policy of the function must allow both, to anyone, since October 2025
 * (https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html).
 */
function isPublic(host: Host, resource: string): boolean {
  const anyone: Caller = { kind: 'service', service: 'anonymous', sourceArn: '' };
  const ofAnyone = { 'aws:PrincipalIsAWSService': 'false' };
  try {
    host.authorize(anyone, [
      {
        action: 'lambda:InvokeFunctionUrl',
        resource,
        context: { ...ofAnyone, 'lambda:FunctionUrlAuthType': 'NONE' },
      },
      {
        action: 'lambda:InvokeFunction',
        resource,
        context: { ...ofAnyone, 'lambda:InvokedViaFunctionUrl': 'true' },
      },
    ]);
    return true;
  } catch (error) {
    if (error instanceof AwsError) return false;
    throw error;
  }
}

/** The policy has allowed it, so the invocation itself needs no more rights. */
async function invoke(host: Host, functionArn: string, event: object): Promise<HttpApiResponse> {
  try {
    const text = answerIn(await host.call('lambda', 'Invoke', invocationOf(functionArn, event), root));
    return text === undefined ? response(502, 'Internal Server Error') : readResponse(text);
  } catch (error) {
    // Lambda turns its errors into responses; any other error is a defect and must surface.
    if (!(error instanceof AwsError)) throw error;
    if (error.code === 'RequestTooLargeException') return response(413, 'Request Entity Too Large');
    if (error.code === 'TooManyRequestsException') return response(429, 'Rate Exceeded.');
    return response(502, 'Internal Server Error');
  }
}
