import type { Http } from '../runtime/http.ts';
import type { Log } from '../runtime/log.ts';
import type { Random } from '../runtime/random.ts';
import type { RocketMq } from '../runtime/rocketmq.ts';
import { systemRocketMq } from '../runtime/system-rocketmq.ts';
import { createAws, type LocalAws } from '../stand-in/aws.ts';
import { dynamodbEngines } from '../stand-in/engines/dynamodb-with-streams.ts';
import { type Clock, type Engine, type Host, type Output, root } from '../stand-in/engines/engine.ts';
import { createHttpApis, type HttpApis } from '../stand-in/engines/http/apis.ts';
import type { HttpApiRequest, HttpApiResponse } from '../stand-in/engines/http/model.ts';
import { createLambda } from '../stand-in/engines/lambda/index.ts';
import { createScheduler } from '../stand-in/engines/scheduler/index.ts';
import { createSecretsManager } from '../stand-in/engines/secretsmanager/index.ts';
import { createSns } from '../stand-in/engines/sns/index.ts';
import { createSqs } from '../stand-in/engines/sqs/index.ts';
import { createIam } from '../stand-in/iam/iam.ts';
import type { RoleUsage } from '../stand-in/iam/usage.ts';
import { usageFile } from '../stand-in/iam/usage-file.ts';
import { type CountingMeter, countingMeter } from '../stand-in/meter.ts';
import type { DurableStore } from '../stand-in/store.ts';
import { type AnswerBox, createAnswerBox } from '../stand-in/template/custom-resource-answers.ts';
import { type Deployment, deploy } from '../stand-in/template/deploy.ts';
import type { Account } from '../stand-in/template/resource.ts';
import { readAssembly, TemplateError } from '../stand-in/template/template.ts';
import type { AdmissionLimits } from './admission.ts';
import { awsEndpointPaths, type Endpoints, openEndpoints } from './endpoints.ts';
import { startFunction } from './functions.ts';
import { type OverloadGuard, watchOverload } from './overload.ts';

export interface BusOptions {
  /** A cloud assembly: the output of `cdk synth`. */
  readonly outDirectory: string;
  readonly store: DurableStore;
  readonly clock: Clock;
  readonly random: Random;
  /** How functions reach the endpoints of receivers. */
  readonly http: Http;
  /** How the bridge reaches RocketMQ; by its client unless given. */
  readonly rocketmq?: RocketMq;
  /** What AWS Secrets Manager holds, by name: nothing unless given. */
  readonly secrets?: Readonly<Record<string, string>>;
  readonly log: Log;
  /** Of the API; 0 for any free one, undefined for no socket. */
  readonly port?: number | undefined;
  /** Of the AWS endpoint; 0 for any free one, undefined for no socket. */
  readonly awsPort?: number | undefined;
  /** Parameters of the template. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly account?: string;
  readonly region?: string;
  readonly meter?: CountingMeter;
  /** Within how many milliseconds after its time a schedule fires; 60 000 as on AWS unless given. */
  readonly schedulePrecisionMs?: number;
  /** For how long the name of a deleted queue is not given again; 60 s as on AWS unless given. */
  readonly recreateQueueAfterMs?: number;
  /** How often an SDK client of a function tries a call; the SDK's default unless given. */
  readonly awsMaxAttempts?: number;
  readonly admissionLimits?: AdmissionLimits;
  /** Where to write down what the roles of the stack were granted and use, for a report over several buses. */
  readonly iamUsageDirectory?: string | undefined;
  /** Gives what takes the place of an engine: a simulation lets the services fail there. The engine itself unless given. */
  readonly wrapEngine?: (engine: Engine) => Engine;
  /** How an instance of a function starts: a simulation has instances die, and their calls get lost. */
  readonly startFunction?: typeof startFunction;
}

export interface RunningBus {
  /** Of the HTTP API, such as `http://127.0.0.1:4100`. */
  readonly url: string;
  /** Of the AWS endpoint. */
  readonly awsUrl: string;
  /** The outputs of the stack. */
  readonly outputs: Readonly<Record<string, string>>;
  /** What the deploy did, such as `create Queue`. */
  readonly changes: readonly string[];
  /** Logical id to physical id of the stack's resources. */
  readonly resources: Readonly<Record<string, string>>;
  readonly aws: LocalAws;
  readonly meter: CountingMeter;
  iamUsage(): RoleUsage[];
  /** A request to the HTTP API without a socket. */
  handleHttp(request: HttpApiRequest): Promise<HttpApiResponse>;
  /** Accepts nothing more, finishes what runs, and closes the store. */
  close(): Promise<void>;
}

/**
 * Runs a cloud assembly: opens the ports, loads the account from the store, deploys the template onto it, and
 * then lets pollers and requests go. Rejects, with everything closed, when any of it fails.
 */
export async function startBus(options: BusOptions): Promise<RunningBus> {
  const assembly = readAssembly(options.outDirectory);
  const onError = (error: unknown) =>
    options.log('error', 'The local target failed', {
      error: error instanceof Error ? error.stack : String(error),
    });
  const endpoints = await openEndpoints({ port: options.port, awsPort: options.awsPort, onError });
  try {
    return await startAccount(options, assembly, endpoints, onError);
  } catch (error) {
    await endpoints.close();
    // What a failed deploy made is remembered, so that the next one goes on from there.
    await options.store.committed();
    options.store.close();
    throw error;
  }
}

async function startAccount(
  options: BusOptions,
  assembly: ReturnType<typeof readAssembly>,
  endpoints: Endpoints,
  onError: (error: unknown) => void,
): Promise<RunningBus> {
  const { store, clock, random, log, account = '000000000000', region = 'us-east-1' } = options;
  const meter = options.meter ?? countingMeter();
  const endpoint = endpoints.awsUrl;
  const answers = createAnswerBox({ endpoint, clock, random });
  const usage = options.iamUsageDirectory === undefined ? undefined : usageFile(options.iamUsageDirectory);
  const iam = createIam({
    account,
    region,
    store,
    onUse: (role, use) => usage?.used(role, use),
    resourcePolicy: (service, arn) => engineOf(service)?.resourcePolicy?.(arn),
  });
  const engineOf = (service: string) =>
    [...aws.engines.values()].find((engine) => engine.service === service);

  const dynamodb = dynamodbEngines();
  const world = { account, region, endpoint, clock, random, store, meter, authorize: iam.authorize };
  const functionWorld = {
    region,
    endpoint,
    clock,
    random,
    http: httpWithAnswers(options.http, endpoint, answers),
    rocketmq: options.rocketmq ?? systemRocketMq(log),
    log,
    aws: () => aws,
    awsMaxAttempts: options.awsMaxAttempts,
  };
  // In the order in which they are closed: what acts by itself before what it acts upon.
  const builders = [
    createScheduler({
      onProblem: (problem) => log('warn', `Scheduler: ${problem.message}`, { ...problem }),
      ...(options.schedulePrecisionMs === undefined ? {} : { precisionMs: options.schedulePrecisionMs }),
    }),
    createLambda({
      async start(definition) {
        iam.nameSession(definition.roleArn, definition.name);
        return (options.startFunction ?? startFunction)(functionWorld, definition);
      },
      locateCode: ({ key }) => assembly.codeDirectory(key),
      onProblem: (problem) => log('warn', `Lambda: ${problem.message}`, { ...problem }),
      onStreamRecords: dynamodb.onStreamRecords,
    }),
    createSns,
    (host: Host) =>
      createSqs(
        host,
        options.recreateQueueAfterMs === undefined ? {} : { recreateAfterMs: options.recreateQueueAfterMs },
      ),
    (host: Host) => createSecretsManager(host, options.secrets ?? {}),
    ...dynamodb.builders,
  ];
  const { wrapEngine = (engine: Engine) => engine } = options;
  const aws: LocalAws = createAws(
    world,
    builders.map((build) => (host: Host) => wrapEngine(build(host))),
  );
  const host: Host = { ...world, call: aws.call };
  const httpApis = createHttpApis(host);

  let deployment: Deployment;
  try {
    // Functions of custom resources answer by HTTP during the deploy, so this path is open before all others.
    endpoints.openAws(awsEndpointPaths(aws, answers, meter));
    deployment = await deploy({
      template: assembly.template,
      stackName: assembly.stackName,
      parameters: options.parameters ?? {},
      account: accountOf(host, { iam, httpApis, apiUrl: endpoints.apiUrl, assembly, answers }),
      store,
      random,
    });
    usage?.deployed(assembly.stackName, deployment.resources, iam.usage());
    for (const engine of aws.engines.values()) engine.resume?.();
  } catch (error) {
    await aws.close();
    throw error;
  }

  // Overload is a matter of real sockets and a real event loop; a simulation has neither.
  const guard: OverloadGuard | undefined =
    options.port === undefined
      ? undefined
      : watchOverload({ aws, clock, meter, limits: options.admissionLimits, onError });
  const handleHttp = async (request: HttpApiRequest) =>
    guard?.refuse(request) ?? (await httpApis.handle(onlyApi(httpApis), request));
  endpoints.openApi(handleHttp);
  let closing: Promise<void> | undefined;

  return {
    url: endpoints.apiUrl,
    awsUrl: endpoints.awsUrl,
    outputs: deployment.outputs,
    changes: deployment.changes,
    resources: deployment.resources,
    aws,
    meter,
    iamUsage: iam.usage,
    handleHttp,
    close() {
      closing ??= closeAll();
      return closing;
    },
  };

  async function closeAll(): Promise<void> {
    guard?.stop();
    // The ports stop accepting first; long polls at the AWS endpoint end when the engines close.
    const closed = endpoints.close();
    await endpoints.apiClosed();
    await aws.close();
    await closed;
    await store.committed();
    store.close();
  }
}

function accountOf(
  host: Host,
  parts: {
    iam: Account['iam'];
    httpApis: HttpApis;
    apiUrl: string;
    assembly: ReturnType<typeof readAssembly>;
    answers: AnswerBox;
  },
): Account {
  return {
    account: host.account,
    region: host.region,
    call: async (service, action, input): Promise<Output> => await host.call(service, action, input, root),
    iam: parts.iam,
    httpApis: parts.httpApis,
    apiEndpoint: () => parts.apiUrl,
    codeDirectory: parts.assembly.codeDirectory,
    customResources: parts.answers,
  };
}

/** The API port serves one API, because a request to it does not say which one it is for. */
function onlyApi(httpApis: HttpApis): string {
  const [apiId, ...others] = httpApis.apiIds();
  if (apiId === undefined || others.length > 0) {
    throw new TemplateError(
      `The stack has ${others.length + (apiId === undefined ? 0 : 1)} HTTP APIs; the local target serves exactly one.`,
    );
  }
  return apiId;
}

/** Answers of custom resources reach their place without a socket, so that a simulation needs none. */
function httpWithAnswers(http: Http, endpoint: string, answers: AnswerBox): Http {
  return {
    async send(request) {
      if (request.method !== 'PUT' || !request.url.startsWith(`${endpoint}/cloudformation/`)) {
        return await http.send(request);
      }
      const body =
        typeof request.body === 'string' ? request.body : Buffer.from(request.body ?? '').toString('utf8');
      const taken = answers.take(new URL(request.url).pathname, body);
      return { kind: 'answer', status: taken ? 200 : 403, headers: {}, body: '' };
    },
  };
}
