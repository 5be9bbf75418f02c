import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { RocketMq, RocketMqRuntime } from '../connectors/rocketmq/client.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Http } from '../runtime/http/http.ts';
import { awsLogger, type Log } from '../runtime/log.ts';
import type { Random } from '../runtime/random.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { LocalAws } from '../stand-in/aws.ts';
import {
  type FunctionDefinition,
  type Handler,
  instanceEnvironment,
} from '../stand-in/engines/lambda/index.ts';
import { requestHandler } from '../stand-in/request-handler.ts';
import { NamingSigner } from '../stand-in/signer.ts';

/** What every function on this machine gets of the world. */
export interface FunctionWorld {
  readonly region: string;
  /** The origin of queue URLs. */
  readonly endpoint: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly http: Http;
  readonly rocketmq: RocketMq;
  readonly log: Log;
  /** The engines; they are there by the time that the first function starts. */
  aws(): LocalAws;
  /** How often an SDK client tries a call; the SDK's own default when it is not given. */
  readonly awsMaxAttempts?: number | undefined;
}

/**
 * One cold start: loads the bundle that the template deploys and makes its handler with a runtime of this world.
 * The bundle is loaded once a process; each instance has its own handler, and so its own state, as on Lambda.
 */
export function startFunction(world: FunctionWorld, definition: FunctionDefinition): Handler {
  const [module = 'index'] = definition.handler.split('.');
  const { create } = loadBundle(definition.code, module);
  const runtime: LocalRuntime = {
    env: instanceEnvironment(world.region, definition),
    clock: world.clock,
    random: world.random,
    http: world.http,
    rocketmq: world.rocketmq,
    log: (level, message, fields) => world.log(level, message, { function: definition.name, ...fields }),
    aws: {
      region: world.region,
      // Nothing is sent there; the SQS client would warn of queue URLs that lead elsewhere.
      endpoint: world.endpoint,
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      signerConstructor: NamingSigner,
      logger: awsLogger,
      requestHandler: requestHandler(world.aws(), { kind: 'role', roleArn: definition.roleArn }),
      ...(world.awsMaxAttempts === undefined ? {} : { maxAttempts: world.awsMaxAttempts }),
    },
  };
  return create(runtime);
}

/** All that any function asks for: which of it a bundle would carry itself on AWS is not known here. */
type LocalRuntime = Runtime & RocketMqRuntime;

interface Bundle {
  create(runtime: LocalRuntime): Handler;
}

const moduleEndings = ['mjs', 'cjs', 'js'] as const;

/**
 * Loads a bundle, CommonJS or a module, without giving up the turn: under a virtual clock no time may pass in a
 * cold start but what the clock says.
 */
function loadBundle(directory: string, module: string): Bundle {
  const file = moduleEndings.map((ending) => join(directory, `${module}.${ending}`)).find(existsSync);
  if (file === undefined) {
    throw new Error(
      `${directory} holds no ${module}.${moduleEndings.join(` and no ${module}.`)}. Synthesize again (npm run synth).`,
    );
  }
  // The name of an asset's directory is a hash of its content, so a changed bundle is another module.
  const { create }: Partial<Bundle> = load(file);
  if (create === undefined) {
    throw new Error(
      `${file} exports no create(runtime), so the local target cannot give it a clock and engines. ` +
        'Write the function as those in functions/.',
    );
  }
  return { create };
}

const load = createRequire(import.meta.url);
