import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { KindClients } from '../connectors/clients.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Http } from '../runtime/http/http.ts';
import { awsLogger, type Log, logLine } from '../runtime/log.ts';
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

/** What every function on this machine gets from its surroundings. */
export interface FunctionWorld {
  readonly region: string;
  /** The origin of queue URLs. */
  readonly endpoint: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly http: Http;
  readonly clients: KindClients;
  readonly log: Log;
  /** The engines. They exist before the first function starts. */
  aws(): LocalAws;
  /** How often an SDK client tries a call; the SDK's default unless given. */
  readonly awsMaxAttempts?: number | undefined;
}

/**
 * One cold start: loads the deployed bundle and creates its handler with a runtime for this machine. The bundle is
 * loaded once for the process; each instance has its own handler and so its own state, as on Lambda.
 */
export function startFunction(world: FunctionWorld, definition: FunctionDefinition): Handler {
  const [module = 'index'] = definition.handler.split('.');
  const { create } = loadBundle(definition.code, module);
  const runtime: LocalRuntime = {
    env: instanceEnvironment(world.region, definition),
    clock: world.clock,
    random: world.random,
    http: world.http,
    ...world.clients,
    log: (level, message, fields) => {
      // Judged by the line that it would be on AWS, so that what Lambda would drop is dropped, and nothing else.
      if (!world.aws().logs(definition.logging, logLine(world.clock.now(), level, message, fields))) return;
      world.log(level, message, { function: definition.name, ...fields });
    },
    aws: {
      region: world.region,
      // Nothing is sent there; the SQS client would otherwise warn about queue URLs with another host.
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

/** Everything that any function needs; which part a bundle would provide itself on AWS is unknown here. */
type LocalRuntime = Runtime & KindClients;

interface Bundle {
  create(runtime: LocalRuntime): Handler;
}

const moduleEndings = ['mjs', 'cjs', 'js'] as const;

/**
 * Loads a bundle, CommonJS or ES module, synchronously: under a virtual clock, a cold start must take no more time
 * than the clock says.
 */
function loadBundle(directory: string, module: string): Bundle {
  const file = moduleEndings.map((ending) => join(directory, `${module}.${ending}`)).find(existsSync);
  if (file === undefined) {
    throw new Error(
      `${directory} contains no ${module}.${moduleEndings.join(` and no ${module}.`)}. Synthesize again (npm run synth).`,
    );
  }
  // The directory name of an asset is a hash of its content, so a changed bundle is a different module.
  const { create }: Partial<Bundle> = load(file);
  if (create === undefined) {
    throw new Error(
      `${file} exports no create(runtime), so the local target cannot pass it a clock and engines. ` +
        'Write it like the functions in functions/.',
    );
  }
  return { create };
}

const load = createRequire(import.meta.url);
