import type { LocalAws } from './aws.ts';
import { type Clock, root } from './engines/engine.ts';
import { httpApiLimits } from './engines/http/gateway.ts';
import { gatewayResponse, type HttpApiRequest, type HttpApiResponse } from './engines/http/model.ts';
import type { CountingMeter } from './meter.ts';
import { listen, type RunningServer, type ServerRequest, type ServerResponseParts } from './server.ts';
import { type Credentials, signatureFault } from './sigv4.ts';
import { type AnswerBox, isAnswerPath } from './template/custom-resource-answers.ts';

/** The ports of the stand-in. They are taken before anything else happens, and answer 503 until they are opened. */
export interface Endpoints {
  readonly apiUrl: string;
  readonly awsUrl: string;
  openApi(handle: (request: HttpApiRequest) => Promise<HttpApiResponse>): void;
  openAws(handle: (request: ServerRequest) => Promise<ServerResponseParts>): void;
  /** Resolves when every request to the API is answered; the API port accepts nothing more. */
  apiClosed(): Promise<void>;
  close(): Promise<void>;
}

/** The largest request of any service is a DynamoDB batch: 16 MB of items, which are longer as JSON. */
const awsBodyBytesMax = 32 * 1024 * 1024;

const unavailable = gatewayResponse(503, 'Service Unavailable');
const starting: ServerResponseParts = {
  ...unavailable,
  headers: { ...unavailable.headers, 'retry-after': '1' },
};

/** Opens the ports that are given. Rejects with a `ListenError` when one is taken. */
export async function openEndpoints(options: {
  readonly port: number | undefined;
  readonly awsPort: number | undefined;
  /** Hosts to serve besides the loopback addresses, and the variable that sets them. */
  readonly hosts: readonly string[];
  readonly hostsVariable: string;
  onError(error: unknown): void;
}): Promise<Endpoints> {
  const { onError, hosts } = options;
  let handleApi = async (_request: HttpApiRequest): Promise<ServerResponseParts> => starting;
  let handleAws = async (_request: ServerRequest): Promise<ServerResponseParts> => starting;
  let apiClosing: Promise<void> | undefined;

  const api =
    options.port === undefined
      ? undefined
      : await listen({
          port: options.port,
          name: 'the API',
          variable: 'PORT',
          hosts,
          hostsVariable: options.hostsVariable,
          bodyBytesMax: httpApiLimits.bodyBytesMax,
          tooLarge: gatewayResponse(413, 'Request Entity Too Large'),
          handle: (request) => handleApi(request),
          onError,
        });
  let aws: RunningServer | undefined;
  try {
    aws =
      options.awsPort === undefined
        ? undefined
        : await listen({
            port: options.awsPort,
            name: 'the AWS endpoint',
            variable: 'AWS_PORT',
            hosts,
            hostsVariable: options.hostsVariable,
            bodyBytesMax: awsBodyBytesMax,
            tooLarge: gatewayResponse(413, 'Request Entity Too Large'),
            handle: (request) => handleAws(request),
            onError,
          });
  } catch (error) {
    await api?.close();
    throw error;
  }

  const closeApi = () => {
    apiClosing ??= api?.close() ?? Promise.resolve();
    return apiClosing;
  };
  return {
    // Without sockets the URLs are only names, used in the outputs of the template and in queue URLs.
    apiUrl: api?.url ?? 'http://127.0.0.1:4100',
    awsUrl: aws?.url ?? 'http://127.0.0.1:4566',
    openApi(handle) {
      handleApi = handle;
    },
    openAws(handle) {
      handleAws = handle;
    },
    apiClosed: closeApi,
    async close() {
      await Promise.all([closeApi(), aws?.close()]);
    },
  };
}

/**
 * What the AWS endpoint serves: every service to whoever signs with the credentials, the answers of custom resources, and at `meterPath` what
 * AWS would bill so far, by unit.
 */
export function awsPaths(parts: {
  readonly aws: LocalAws;
  readonly answers: AnswerBox;
  readonly meter: CountingMeter;
  readonly meterPath: string | undefined;
  readonly credentials: Credentials;
  readonly clock: Clock;
}): (request: ServerRequest) => Promise<ServerResponseParts> {
  const { aws, answers, meter, meterPath, credentials, clock } = parts;
  return async (request) => {
    if (request.method === 'GET' && request.path === meterPath) {
      const headers = { 'content-type': 'application/json' };
      return { status: 200, headers, body: JSON.stringify(meter.counts()) };
    }
    if (request.method === 'PUT' && isAnswerPath(request.path)) {
      const taken = answers.take(request.path, Buffer.from(request.body).toString('utf8'));
      return { status: taken ? 200 : 403, headers: {}, body: '' };
    }
    const { method, path, query, headers, body, signal } = request;
    const wire = { method, path, query: Object.fromEntries(new URLSearchParams(query)), headers, body };
    const wrong = signatureFault(request, credentials, clock.now());
    return wrong === undefined ? await aws.handle(wire, root, signal) : aws.refuse(wire, wrong);
  };
}
