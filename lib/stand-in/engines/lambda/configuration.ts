import { createHash } from 'node:crypto';
import { AwsError, type Host, type Input, type Permission } from '../engine.ts';
import { isObject, type Members } from '../members.ts';
import { invalidParameter } from './errors.ts';
import { lambdaLimits } from './limits.ts';
import { type Logging, loggingDefault, logLevels } from './log-lines.ts';
import type { CodeLocation, StoredFunction } from './model.ts';
import { functionPermission } from './names.ts';

/** The runtimes that can run here: the code runs in this Node.js process. */
const runtimes = ['nodejs20.x', 'nodejs22.x', 'nodejs24.x'];

/** The settings that CreateFunction and UpdateFunctionConfiguration share; undefined means not sent. */
export interface Settings {
  readonly roleArn?: string;
  readonly description?: string;
  readonly runtime?: string;
  readonly handler?: string;
  readonly memoryMb?: number;
  readonly timeoutSeconds?: number;
  readonly environment?: Readonly<Record<string, string>>;
  readonly logGroup?: string;
  readonly logging?: Logging;
}

export const settingMembers = [
  'Role',
  'Description',
  'Runtime',
  'Handler',
  'MemorySize',
  'Timeout',
  'Environment',
  'LoggingConfig',
] as const;

/** What CreateFunction and UpdateFunctionConfiguration need of IAM: the call itself, and passing the role. */
export function settingPermissions(host: Host, action: string, input: Input): readonly Permission[] {
  const own = functionPermission(host, action, input);
  if (typeof input.Role !== 'string') return [own];
  const context = { 'iam:PassedToService': 'lambda.amazonaws.com' };
  return [own, { action: 'iam:PassRole', resource: input.Role, context }];
}

export function readSettings(members: Members): Settings {
  const { timeoutSeconds, memoryMb } = lambdaLimits;
  const roleArn = members.string('Role');
  if (roleArn !== undefined && !/^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/.test(roleArn)) {
    throw invalidParameter(`Role is not the ARN of a role: ${roleArn}`);
  }
  const runtime = members.string('Runtime');
  if (runtime !== undefined && !runtimes.includes(runtime)) {
    throw new AwsError('NotImplemented', `The stand-in runs ${runtimes.join(', ')}, not ${runtime}.`, {
      status: 501,
    });
  }
  const environment = members.structure('Environment');
  environment?.only('Variables');
  const logging = members.structure('LoggingConfig');
  logging?.only('LogGroup', 'LogFormat', 'ApplicationLogLevel', 'SystemLogLevel');
  return defined({
    roleArn,
    runtime,
    description: members.string('Description'),
    handler: members.string('Handler'),
    memoryMb: members.integer('MemorySize', memoryMb.min, memoryMb.max),
    timeoutSeconds: members.integer('Timeout', timeoutSeconds.min, timeoutSeconds.max),
    environment: environment === undefined ? undefined : readEnvironment(environment),
    logGroup: logging?.string('LogGroup'),
    logging: logging && readLogging(logging),
  });
}

/** The levels of both kinds of logs go only with the JSON format; an engine logs nothing of its own, so one is kept. */
function readLogging(members: Members): Logging {
  const format = oneOf(members, 'LogFormat', ['Text', 'JSON']) ?? loggingDefault.format;
  const level = oneOf(members, 'ApplicationLogLevel', logLevels);
  const systemLevel = oneOf(members, 'SystemLogLevel', ['DEBUG', 'INFO', 'WARN']);
  if (format === 'Text' && (level !== undefined || systemLevel !== undefined)) {
    throw invalidParameter('Log levels can only be set when LogFormat is JSON.');
  }
  return { format, applicationLevel: level ?? loggingDefault.applicationLevel };
}

function oneOf<Value extends string>(
  members: Members,
  name: string,
  values: readonly Value[],
): Value | undefined {
  const given = members.string(name);
  const known = values.find((value) => value === given);
  if (given !== undefined && known === undefined) {
    throw invalidParameter(`${name} must be one of ${values.join(', ')}.`);
  }
  return known;
}

/** Lambda's rules for names, 4 KB in total, and no variable that the runtime sets itself. */
function readEnvironment(members: Members): Readonly<Record<string, string>> {
  const variables = members.stringMap('Variables') ?? {};
  let bytes = 0;
  for (const [name, value] of Object.entries(variables)) {
    if (!/^[a-zA-Z][a-zA-Z0-9_]+$/.test(name)) throw invalidParameter(`Not a valid variable name: ${name}`);
    if (/^(AWS_REGION|AWS_LAMBDA_.*|_HANDLER|LAMBDA_.*)$/.test(name)) {
      throw invalidParameter(
        `Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${name}`,
      );
    }
    bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  if (bytes > lambdaLimits.environmentBytes) {
    throw invalidParameter(
      `Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the ${lambdaLimits.environmentBytes / 1024}KB limit.`,
    );
  }
  return variables;
}

/** Code comes only from S3 locations: the assets of a template. */
export function readCode(code: Members): CodeLocation {
  code.only('S3Bucket', 'S3Key', 'S3ObjectVersion');
  const version = code.string('S3ObjectVersion');
  return {
    bucket: code.requiredString('S3Bucket'),
    key: code.requiredString('S3Key'),
    ...(version === undefined ? {} : { version }),
  };
}

export function readArchitectures(members: Members): readonly string[] | undefined {
  const architectures = members.strings('Architectures');
  if (architectures === undefined) return undefined;
  if (architectures.length !== 1 || !['x86_64', 'arm64'].includes(architectures[0] ?? '')) {
    throw invalidParameter('Architectures must be one of x86_64, arm64.');
  }
  return architectures;
}

/** The FunctionConfiguration of the API. */
export function describeFunction(stored: StoredFunction): Readonly<Record<string, unknown>> {
  return {
    FunctionName: stored.name,
    FunctionArn: stored.arn,
    Role: stored.roleArn,
    Description: stored.description,
    Runtime: stored.runtime,
    Handler: stored.handler,
    Architectures: stored.architectures,
    MemorySize: stored.memoryMb,
    Timeout: stored.timeoutSeconds,
    Environment: { Variables: stored.environment },
    LoggingConfig: {
      LogFormat: stored.logging?.format ?? loggingDefault.format,
      LogGroup: stored.logGroup,
      ...(stored.logging?.format === 'JSON' && { ApplicationLogLevel: stored.logging.applicationLevel }),
    },
    // The key of an asset contains the hash of its content, so the location identifies the content.
    CodeSha256: createHash('sha256').update(JSON.stringify(stored.location)).digest('base64'),
    LastModified: new Date(stored.lastModifiedMs).toISOString().replace('Z', '+0000'),
    RevisionId: stored.revisionId,
    Version: '$LATEST',
    PackageType: 'Zip',
    State: 'Active',
    LastUpdateStatus: 'Successful',
  };
}

/** Drops undefined properties, so that spreading the result does not overwrite the other side's values. */
export function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept: Record<string, unknown> = {};
  if (isObject(value)) {
    for (const [name, item] of Object.entries(value)) if (item !== undefined) kept[name] = item;
  }
  return kept as { [K in keyof T]?: Exclude<T[K], undefined> };
}
