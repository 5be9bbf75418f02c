import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A value of a template before its intrinsic functions are resolved: any JSON value. */
export type TemplateValue =
  | string
  | number
  | boolean
  | null
  | readonly TemplateValue[]
  | { readonly [name: string]: TemplateValue };

export interface TemplateResource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, TemplateValue>>;
  readonly Condition?: string;
  readonly DependsOn?: string | readonly string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
  readonly Metadata?: TemplateValue;
}

export interface TemplateParameter {
  readonly Type: string;
  readonly Default?: string | number;
  readonly AllowedValues?: readonly (string | number)[];
  readonly AllowedPattern?: string;
  readonly ConstraintDescription?: string;
  readonly MinLength?: number | string;
  readonly MaxLength?: number | string;
  readonly MinValue?: number | string;
  readonly MaxValue?: number | string;
  readonly NoEcho?: boolean | string;
  readonly Description?: string;
}

interface TemplateOutput {
  readonly Value: TemplateValue;
  readonly Condition?: string;
  readonly Description?: string;
  readonly Export?: TemplateValue;
}

/** A CloudFormation template as the CDK writes it. */
export interface Template {
  readonly Description?: string;
  readonly Parameters?: Readonly<Record<string, TemplateParameter>>;
  readonly Mappings?: Readonly<
    Record<string, Readonly<Record<string, Readonly<Record<string, TemplateValue>>>>>
  >;
  readonly Conditions?: Readonly<Record<string, TemplateValue>>;
  readonly Resources: Readonly<Record<string, TemplateResource>>;
  readonly Outputs?: Readonly<Record<string, TemplateOutput>>;
}

/** A template that cannot run here. The message names the place and the remedy. */
export class TemplateError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'TemplateError';
  }
}

const sections = new Set([
  'AWSTemplateFormatVersion',
  'Description',
  'Metadata',
  'Parameters',
  'Mappings',
  'Conditions',
  'Resources',
  'Outputs',
  'Rules',
]);
const resourceMembers = new Set([
  'Type',
  'Properties',
  'Condition',
  'DependsOn',
  'DeletionPolicy',
  'UpdateReplacePolicy',
  'Metadata',
]);
const parameterMembers = new Set([
  'Type',
  'Default',
  'AllowedValues',
  'AllowedPattern',
  'ConstraintDescription',
  'MinLength',
  'MaxLength',
  'MinValue',
  'MaxValue',
  'NoEcho',
  'Description',
]);
/** The CDK's own rule asserts the version of the bootstrap stack, which only a real account has. */
const waivedRule = 'CheckBootstrapVersion';

/** Checks the structure of a template: sections and members that nothing here reads are rejected by name. */
export function checkTemplate(template: Template): void {
  if (typeof template.Resources !== 'object' || template.Resources === null) {
    throw new TemplateError('The template has no Resources; is it a CloudFormation template?');
  }
  rejectUnknown('The template', template, sections);
  for (const rule of Object.keys((template as { Rules?: object }).Rules ?? {})) {
    if (rule !== waivedRule) throw new TemplateError(`Rules.${rule} is not supported; leave the rule out.`);
  }
  for (const [name, parameter] of Object.entries(template.Parameters ?? {})) {
    rejectUnknown(`The parameter ${name}`, parameter, parameterMembers);
  }
  for (const [logicalId, resource] of Object.entries(template.Resources)) {
    rejectUnknown(`The resource ${logicalId} (${resource.Type})`, resource, resourceMembers);
    for (const policy of [resource.DeletionPolicy, resource.UpdateReplacePolicy]) {
      // There are no snapshots here, and deleting instead of taking one would lose what must be kept.
      if (policy !== undefined && !['Delete', 'Retain', 'RetainExceptOnCreate'].includes(policy)) {
        throw new TemplateError(
          `The resource ${logicalId} (${resource.Type}) has the policy ${policy}; here only Delete and Retain are supported.`,
        );
      }
    }
  }
}

function rejectUnknown(what: string, value: object, known: ReadonlySet<string>): void {
  for (const member of Object.keys(value)) {
    if (!known.has(member)) {
      throw new TemplateError(
        `${what} has the member ${member}, which the stand-in does not support. ` +
          'Leave it out, or implement it in lib/stand-in/template.',
      );
    }
  }
}

/** One stack of a cloud assembly (the output of `cdk synth`) with the locations of its Lambda bundles. */
export interface CloudAssembly {
  readonly stackName: string;
  readonly template: Template;
  /** The directory of the Lambda code asset with this S3 key. */
  codeDirectory(s3Key: string): string;
}

interface AssetManifest {
  readonly files?: Readonly<
    Record<
      string,
      {
        readonly source: { readonly path?: string; readonly packaging?: string };
        readonly destinations: Readonly<Record<string, { readonly objectKey: string }>>;
      }
    >
  >;
}
interface Manifest {
  readonly artifacts?: Readonly<
    Record<
      string,
      {
        readonly type: string;
        readonly properties?: { readonly templateFile?: string; readonly stackName?: string };
      }
    >
  >;
}

/** Reads a cloud assembly with exactly one stack. Throws `TemplateError`. */
export function readAssembly(directory: string): CloudAssembly {
  const manifest = readJson<Manifest>(join(directory, 'manifest.json'));
  const stacks = Object.entries(manifest.artifacts ?? {}).filter(
    ([, artifact]) => artifact.type === 'aws:cloudformation:stack',
  );
  const [found] = stacks;
  if (found === undefined || stacks.length > 1) {
    throw new TemplateError(
      `The cloud assembly in ${directory} contains ${stacks.length} stacks; the stand-in runs exactly one.`,
    );
  }
  const [artifactId, { properties }] = found;
  if (properties?.templateFile === undefined) {
    throw new TemplateError(`The stack ${artifactId} in ${directory} names no template file.`);
  }
  const template = readJson<Template>(join(directory, properties.templateFile));
  const sources = new Map<string, string>();
  for (const asset of Object.values(
    readJson<AssetManifest>(join(directory, `${artifactId}.assets.json`)).files ?? {},
  )) {
    if (asset.source.packaging !== 'zip' || asset.source.path === undefined) continue;
    for (const destination of Object.values(asset.destinations)) {
      sources.set(destination.objectKey, join(directory, asset.source.path));
    }
  }
  checkTemplate(template);
  return {
    stackName: properties.stackName ?? artifactId,
    template,
    codeDirectory(s3Key) {
      const source = sources.get(s3Key);
      if (source === undefined) {
        throw new TemplateError(
          `The template names the code ${s3Key}, which the assets in ${directory} do not contain. Synthesize again.`,
        );
      }
      return source;
    },
  };
}

function readJson<T>(file: string): T {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch (error) {
    throw new TemplateError(
      `The cloud assembly cannot be read: ${error instanceof Error ? error.message : String(error)}. ` +
        'Synthesize again (npm run synth).',
      { cause: error },
    );
  }
}
