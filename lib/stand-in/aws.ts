import { noCpuTime } from './cpu.ts';
import type {
  Call,
  Caller,
  CpuTime,
  Engine,
  Host,
  Output,
  Permission,
  Random,
  Service,
  Store,
} from './engines/engine.ts';
import { AwsError } from './engines/engine.ts';
import { isKept, type Logging } from './engines/lambda/index.ts';
import type { WireRequest, WireResponse } from './wire/http.ts';
import { decodeJson, encodeJson, encodeJsonError } from './wire/json.ts';
import { decodeQuery, encodeQuery, encodeQueryError } from './wire/query.ts';
import { decodeRest, encodeRest, encodeRestError } from './wire/rest.ts';

/** Throws `AccessDenied` unless a caller has every permission that a call needs. */
export type Authorize = (caller: Caller, permissions: readonly Permission[]) => void;

/** The account: all engines behind one endpoint, with every call authorized as on AWS. */
export interface LocalAws {
  readonly engines: ReadonlyMap<Service, Engine>;
  /** A decoded call, such as one from service to service. */
  readonly call: Call;
  /** A call as it arrives over the wire. The answer waits until the store has committed what the call changed. */
  handle(request: WireRequest, caller: Caller, signal?: AbortSignal): Promise<WireResponse>;
  /** Whether CloudWatch Logs takes a line of a function; then it is metered. */
  logs(logging: Logging, line: string): boolean;
  /** Meters a request that a function sends to the Internet. */
  sends(request: Sent): void;
  /** Answers a call with an error, in the protocol of the service that its signature names. */
  refuse(request: WireRequest, error: AwsError): WireResponse;
  close(): Promise<void>;
}

const snsNamespace = 'http://sns.amazonaws.com/doc/2010-03-31/';

export function createAws(
  options: Omit<Host, 'call' | 'cpu'> & {
    readonly cpu?: CpuTime;
    readonly store: Store;
    readonly random: Random;
    readonly authorize: Authorize;
  },
  builders: readonly ((host: Host) => Engine)[],
): LocalAws {
  const engines = new Map<Service, Engine>();
  const { authorize, ...rest } = options;
  const world = { cpu: noCpuTime, ...rest };

  const call: Call = (service, action, input, caller, signal) => {
    const operation = engines.get(service)?.operations[action];
    if (operation === undefined) throw unknownOperation(service, action);
    return world.cpu.ofEngine(() => {
      authorize(caller, operation.permissions(input));
      return operation.handle(input, caller, signal);
    });
  };
  for (const build of builders) {
    const engine = build({ ...world, call, authorize });
    engines.set(engine.service, engine);
  }

  async function handle(request: WireRequest, caller: Caller, signal?: AbortSignal): Promise<WireResponse> {
    const requestId = world.random.uuid();
    const protocol = protocolOf(request, engines);
    try {
      // One turn to the engine for both: telling the CPU time is a call of the system.
      const { answer, pending } = world.cpu.ofEngine(() => {
        const { service, action, input, answer } = protocol.decode();
        return { answer, pending: call(service, action, input, caller, signal) };
      });
      const output = pending instanceof Promise ? await pending : pending;
      await world.store.committed();
      return world.cpu.ofEngine(() => answer(output, requestId));
    } catch (error) {
      // Commit after an error too: an action may have changed something before it failed, and memory and disk must
      // agree.
      await world.store.committed();
      if (error instanceof AwsError) return protocol.encodeError(error, requestId);
      throw error;
    }
  }

  return {
    engines,
    call,
    handle,
    logs(logging, line) {
      const isTaken = isKept(logging, line);
      if (isTaken) world.meter.count('logs.ingested-bytes', Buffer.byteLength(line) + lineOverheadBytes);
      return isTaken;
    },
    sends: (request) => world.meter.count('transfer.out-bytes', bytesSent(request)),
    refuse: (request, error) => protocolOf(request, engines).encodeError(error, world.random.uuid()),
    async close() {
      for (const engine of engines.values()) await engine.close?.();
    },
  };
}

/** What CloudWatch Logs counts beside the text of an event (API reference, PutLogEvents). */
const lineOverheadBytes = 26;

interface Sent {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** What TCP, IP and TLS put around a request of about a packet on a connection that stays open. */
const packetOverheadBytes = 100;

function bytesSent({ url, headers = {}, body = '' }: Sent): number {
  let bytes = packetOverheadBytes + url.length + Buffer.byteLength(body);
  for (const [name, value] of Object.entries(headers)) bytes += name.length + value.length + 4;
  return bytes;
}

interface Decoded {
  readonly service: Service;
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
  answer(output: Output, requestId: string): WireResponse;
}
interface Protocol {
  decode(): Decoded;
  encodeError(error: AwsError, requestId: string): WireResponse;
}

/** Chooses the protocol by the service in the signature (`Credential=…/20260101/us-east-1/sqs/aws4_request`). */
function protocolOf(request: WireRequest, engines: ReadonlyMap<Service, Engine>): Protocol {
  const signed =
    /Credential=[^/]*\/[^/]*\/[^/]*\/([^/]*)\//.exec(request.headers.authorization ?? '')?.[1] ?? '';
  switch (signed) {
    case 'sqs':
    case 'secretsmanager':
    case 'dynamodb': {
      const service = request.headers['x-amz-target']?.startsWith('DynamoDBStreams_')
        ? 'dynamodbstreams'
        : signed;
      return {
        decode: () => ({ service, ...decodeJson(request), answer: encodeJson }),
        encodeError: encodeJsonError,
      };
    }
    case 'sns':
      return {
        decode() {
          const { action, input } = decodeQuery(request);
          return {
            service: signed,
            action,
            input,
            answer: (output, requestId) => encodeQuery(action, output, requestId, snsNamespace),
          };
        },
        encodeError: (error, requestId) => encodeQueryError(error, requestId, snsNamespace),
      };
    case 'scheduler':
    case 'lambda':
      return {
        decode() {
          const decoded = decodeRest(request, engines.get(signed)?.routes ?? []);
          if (decoded === undefined) throw unknownOperation(signed, `${request.method} ${request.path}`);
          const { route, input } = decoded;
          return {
            service: signed,
            action: route.operation,
            input,
            answer: (output, requestId) => encodeRest(route, output, requestId),
          };
        },
        encodeError: encodeRestError,
      };
    default:
      return {
        decode() {
          throw signed === ''
            ? new AwsError('MissingAuthenticationToken', 'The request is not signed with SigV4.', {
                status: 403,
              })
            : unknownOperation(
                signed,
                request.headers['x-amz-target'] ?? `${request.method} ${request.path}`,
              );
        },
        encodeError: encodeRestError,
      };
  }
}

function unknownOperation(service: string, action: string): AwsError {
  return new AwsError(
    'UnknownOperationException',
    `The stand-in does not implement the operation ${action} of ${service}.`,
    {
      status: 501,
    },
  );
}
