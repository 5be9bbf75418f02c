import { type KindClients, systemClients } from '../connectors/clients.ts';
import type { Http } from '../runtime/http/http.ts';
import type { Log } from '../runtime/log.ts';
import type { Random } from '../runtime/random.ts';
import type { LocalAws } from '../stand-in/aws.ts';
import type { HttpApiRequest } from '../stand-in/engines/http/model.ts';
import { type FunctionPlace, type StandIn, type StandInOptions, startStandIn } from '../stand-in/stand-in.ts';
import { startFunction } from './functions.ts';
import { metrics } from './metrics.ts';
import { watchOverload } from './overload.ts';
import type { ThrottleLimits } from './throttle.ts';

export interface BusOptions extends Omit<StandInOptions, 'log' | 'meterPath' | 'startInstance'> {
  readonly random: Random;
  /** How functions reach the endpoints of receivers. */
  readonly http: Http;
  /** How kinds reach their other side; by default with the real clients. */
  readonly clients?: KindClients;
  readonly log: Log;
  /** How often an SDK client of a function tries a call; the SDK's default unless given. */
  readonly awsMaxAttempts?: number;
  readonly throttleLimits?: ThrottleLimits;
  /** How an instance of a function starts: a simulation makes instances die and loses their calls. */
  readonly startFunction?: typeof startFunction;
}

/** The bus's stack on the stand-in. */
export type RunningBus = Omit<StandIn, 'openApi'>;

/** Runs the bus's cloud assembly on the stand-in. Rejects, with everything closed, when it cannot start. */
export async function startBus(options: BusOptions): Promise<RunningBus> {
  const { log, clock, random, awsMaxAttempts } = options;
  const clients = options.clients ?? systemClients(log);
  const start = options.startFunction ?? startFunction;
  const standIn = await startStandIn({
    ...options,
    // No service of AWS has this path.
    meterPath: '/_busbar/meter',
    startInstance(definition, { region, endpoint, aws, takeAnswer }) {
      const http = httpWithAnswers(options.http, takeAnswer, aws);
      const world = { region, endpoint, clock, random, http, clients, log, aws: () => aws, awsMaxAttempts };
      return start(world, definition);
    },
  });

  // Overload concerns real sockets and a real event loop; a simulation has neither.
  const guard =
    options.port === undefined
      ? undefined
      : watchOverload({
          aws: standIn.aws,
          clock,
          meter: standIn.meter,
          limits: options.throttleLimits,
          onError: (error) =>
            log('error', 'The local target failed', {
              error: error instanceof Error ? error.stack : String(error),
            }),
        });
  const handleHttp = async (request: HttpApiRequest) =>
    guard?.throttle(request) ?? (await standIn.handleHttp(request));
  standIn.openApi(
    async (request) => (await metrics(request, handleHttp, clock.now())) ?? (await handleHttp(request)),
  );
  return {
    ...standIn,
    handleHttp,
    close() {
      guard?.stop();
      return standIn.close();
    },
  };
}

/** Functions answer custom resources without a socket, because a simulation has none. */
function httpWithAnswers(http: Http, takeAnswer: FunctionPlace['takeAnswer'], aws: LocalAws): Http {
  return {
    async send(request) {
      const { method, url, body = '' } = request;
      const text = typeof body === 'string' ? body : Buffer.from(body).toString('utf8');
      const taken = method === 'PUT' ? takeAnswer(url, text) : undefined;
      if (taken === undefined) aws.sends(request);
      if (taken === undefined) return await http.send(request);
      return { kind: 'answer', status: taken ? 200 : 403, headers: {}, body: '' };
    },
  };
}
