import { createAws, type LocalAws } from './aws.ts';
import { systemClock } from './clock.ts';
import { noCpuTime, systemCpuTime } from './cpu.ts';
import { awsPaths, type Endpoints, openEndpoints } from './endpoints.ts';
import { dynamodbEngines } from './engines/dynamodb-with-streams.ts';
import { type Clock, type CpuTime, type Engine, type Host, type Random, root } from './engines/engine.ts';
import { createHttpApis, type HttpApis } from './engines/http/apis.ts';
import { createFunctionUrls, type FunctionUrls } from './engines/http/function-urls.ts';
import type { HttpApiRequest, HttpApiResponse } from './engines/http/model.ts';
import { createLambda, type FunctionDefinition, type Handler } from './engines/lambda/index.ts';
import { createScheduler } from './engines/scheduler/index.ts';
import { createSecretsManager } from './engines/secretsmanager/index.ts';
import { createSns } from './engines/sns/index.ts';
import { createSqs } from './engines/sqs/index.ts';
import { createIam, type Iam } from './iam/iam.ts';
import type { RoleUsage } from './iam/usage.ts';
import { usageFile } from './iam/usage-file.ts';
import { type CountingMeter, countingMeter } from './meter.ts';
import type { Credentials } from './sigv4.ts';
import type { DurableStore } from './store.ts';
import { type AnswerBox, createAnswerBox } from './template/custom-resource-answers.ts';
import { type Deployment, deploy } from './template/deploy.ts';
import { type CloudAssembly, readAssembly, TemplateError } from './template/template.ts';

/** What the instances of functions get of the account. */
export interface FunctionPlace {
  readonly region: string;
  /** The origin of queue URLs. */
  readonly endpoint: string;
  readonly aws: LocalAws;
  /**
   * Takes the answer of a custom resource without a socket. Returns whether a deployment waited for it, and undefined
   * when the URL is not one of a custom resource.
   */
  takeAnswer(url: string, body: string): boolean | undefined;
}

export interface StandInOptions {
  /** A cloud assembly: the output of `cdk synth`. */
  readonly outDirectory: string;
  readonly store: DurableStore;
  readonly clock: Clock;
  readonly random: Random;
  /** One cold start: loads the code of a function and gives the handler of a new instance. */
  startInstance(definition: FunctionDefinition, place: FunctionPlace): Handler;
  /** Called with what AWS would show as a metric, and with failures of the stand-in itself. */
  log(level: 'warn' | 'error', message: string, fields: Readonly<Record<string, unknown>>): void;
  /** Of the HTTP API; 0 for any free port, undefined for no socket. */
  readonly port?: number | undefined;
  /** Of the AWS endpoint; 0 for any free port, undefined for no socket. */
  readonly awsPort?: number | undefined;
  /** Who may call the AWS endpoint: its requests must be signed with these. Required with `awsPort`. */
  readonly awsCredentials?: Credentials;
  /** Hosts that both ports serve besides the loopback addresses, as `name` or `name:port`, in lower case. */
  readonly hosts?: readonly string[];
  /** The variable that sets the hosts, for the remedy in errors; `HOSTS` by default. */
  readonly hostsVariable?: string;
  /** A path of the AWS endpoint that shows what the meter counted. */
  readonly meterPath?: string;
  /** What AWS Secrets Manager holds, by name; nothing by default. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Parameters of the template. */
  readonly parameters?: Readonly<Record<string, string>>;
  readonly account?: string;
  readonly region?: string;
  readonly meter?: CountingMeter;
  /** How the CPU time of functions is told; by default this thread's where the clock is the wall clock, else none. */
  readonly cpu?: CpuTime;
  /** A schedule fires within this time after it is due, in milliseconds; 60 000 by default, as on AWS. */
  readonly schedulePrecisionMs?: number;
  /** How long the name of a deleted queue stays taken, in milliseconds; 60 000 by default, as on AWS. */
  readonly recreateQueueAfterMs?: number;
  /** Where to record which grants the roles of the stack have and use, for a report over several runs. */
  readonly iamUsageDirectory?: string | undefined;
  /** Replaces an engine by a wrapper of it: a simulation makes services fail there. */
  readonly wrapEngine?: (engine: Engine) => Engine;
}

/** A stack that runs on the stand-in. */
export interface StandIn {
  /** Of the HTTP API, such as `http://127.0.0.1:4100`. */
  readonly url: string;
  /** Of the AWS endpoint. */
  readonly awsUrl: string;
  /** The outputs of the stack. */
  readonly outputs: Readonly<Record<string, string>>;
  /** What the deployment did, such as `create Queue`. */
  readonly changes: readonly string[];
  /** Logical id to physical id of the stack's resources. */
  readonly resources: Readonly<Record<string, string>>;
  readonly aws: LocalAws;
  readonly meter: CountingMeter;
  iamUsage(): RoleUsage[];
  /** A request to the HTTP API, or to a function URL, without a socket. */
  handleHttp(request: HttpApiRequest): Promise<HttpApiResponse>;
  /** Opens the API port, which answers 503 until then. Requests go to `handle`, by default to `handleHttp`. */
  openApi(handle?: (request: HttpApiRequest) => Promise<HttpApiResponse>): void;
  /** Accepts nothing more, finishes what runs, and closes the store. */
  close(): Promise<void>;
}

/**
 * Runs a cloud assembly: opens the ports, loads the account from the store, deploys the template, and then starts
 * pollers and schedules. Rejects, with everything closed, when any of it fails.
 */
export async function startStandIn(options: StandInOptions): Promise<StandIn> {
  const assembly = readAssembly(options.outDirectory);
  const onError = (error: unknown) =>
    options.log('error', 'The local target failed', {
      error: error instanceof Error ? error.stack : String(error),
    });
  const { port, awsPort, hosts = [], hostsVariable = 'HOSTS' } = options;
  if (awsPort !== undefined && options.awsCredentials === undefined) {
    throw new TypeError('A stand-in with an AWS port needs awsCredentials.');
  }
  const endpoints = await openEndpoints({ port, awsPort, hosts, hostsVariable, onError });
  try {
    return await startAccount(options, assembly, endpoints);
  } catch (error) {
    await endpoints.close();
    // The store keeps what a failed deployment created; the next one continues from there.
    await options.store.committed();
    options.store.close();
    throw error;
  }
}

async function startAccount(
  options: StandInOptions,
  assembly: CloudAssembly,
  endpoints: Endpoints,
): Promise<StandIn> {
  const { store, clock, random, account = '000000000000', region = 'us-east-1' } = options;
  const meter = options.meter ?? countingMeter();
  const cpu = options.cpu ?? (clock === systemClock ? systemCpuTime : noCpuTime);
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

  const world = { account, region, endpoint, clock, random, store, meter, cpu, authorize: iam.authorize };
  const { wrapEngine = (engine: Engine) => engine } = options;
  const aws: LocalAws = createAws(
    world,
    engineBuilders(options, assembly, (definition) => {
      iam.nameSession(definition.roleArn, definition.name);
      const takeAnswer = (url: string, body: string) => answers.takeUrl(url, body);
      return options.startInstance(definition, { region, endpoint, aws, takeAnswer });
    }).map((build) => (host: Host) => wrapEngine(build(host))),
  );
  const host: Host = { ...world, call: aws.call };
  const httpApis = createHttpApis(host);
  const functionUrls = createFunctionUrls(host);

  let deployment: Deployment;
  try {
    // Functions of custom resources answer by HTTP during the deployment, so this port opens before the other.
    const { meterPath, awsCredentials: credentials } = options;
    if (credentials !== undefined) {
      endpoints.openAws(awsPaths({ aws, answers, meter, meterPath, credentials, clock }));
    }
    deployment = await deployTo(host, {
      options,
      assembly,
      iam,
      httpApis,
      functionUrls,
      answers,
      apiUrl: endpoints.apiUrl,
    });
    usage?.deployed(assembly.stackName, deployment.resources, iam.usage());
    for (const engine of aws.engines.values()) engine.resume?.();
  } catch (error) {
    await aws.close();
    throw error;
  }

  const handleHttp = async (request: HttpApiRequest) =>
    await (functionUrls.handle(request) ?? httpApis.handle(onlyApi(httpApis), request));
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
    openApi: (handle = handleHttp) => endpoints.openApi(handle),
    close() {
      closing ??= closeAll();
      return closing;
    },
  };

  async function closeAll(): Promise<void> {
    // The ports stop accepting first; long polls at the AWS endpoint end when the engines close.
    const closed = endpoints.close();
    await endpoints.apiClosed();
    await aws.close();
    await closed;
    await store.committed();
    store.close();
  }
}

/** All engines, in the order in which they close: what acts by itself before what it acts on. */
function engineBuilders(
  options: StandInOptions,
  assembly: CloudAssembly,
  start: (definition: FunctionDefinition) => Handler,
): readonly ((host: Host) => Engine)[] {
  const { log, schedulePrecisionMs: precisionMs, recreateQueueAfterMs: recreateAfterMs } = options;
  const dynamodb = dynamodbEngines();
  return [
    createScheduler({
      onProblem: (problem) => log('warn', `Scheduler: ${problem.message}`, { ...problem }),
      ...(precisionMs === undefined ? {} : { precisionMs }),
    }),
    createLambda({
      start: async (definition) => start(definition),
      locateCode: ({ key }) => assembly.codeDirectory(key),
      onProblem: (problem) => log('warn', `Lambda: ${problem.message}`, { ...problem }),
      onStreamRecords: dynamodb.onStreamRecords,
    }),
    createSns,
    (host) => createSqs(host, recreateAfterMs === undefined ? {} : { recreateAfterMs }),
    (host) => createSecretsManager(host, options.secrets ?? {}),
    ...dynamodb.builders,
  ];
}

function deployTo(
  host: Host,
  parts: {
    readonly options: StandInOptions;
    readonly assembly: CloudAssembly;
    readonly iam: Iam;
    readonly httpApis: HttpApis;
    readonly functionUrls: FunctionUrls;
    readonly answers: AnswerBox;
    readonly apiUrl: string;
  },
): Promise<Deployment> {
  const { options, assembly, iam, httpApis, functionUrls, answers, apiUrl } = parts;
  return deploy({
    template: assembly.template,
    stackName: assembly.stackName,
    parameters: options.parameters ?? {},
    account: {
      account: host.account,
      region: host.region,
      call: async (service, action, input) => await host.call(service, action, input, root),
      iam,
      httpApis,
      functionUrls,
      apiEndpoint: () => apiUrl,
      codeDirectory: assembly.codeDirectory,
      customResources: answers,
    },
    store: host.store,
    random: host.random,
  });
}

/** The API port serves one API, because a request to it does not say which one it is for. */
function onlyApi(httpApis: HttpApis): string {
  const [apiId, ...others] = httpApis.apiIds();
  if (apiId === undefined || others.length > 0) {
    throw new TemplateError(
      `The stack has ${others.length + (apiId === undefined ? 0 : 1)} HTTP APIs; the stand-in serves exactly one.`,
    );
  }
  return apiId;
}
