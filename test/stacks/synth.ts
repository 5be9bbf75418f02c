import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import { afterAll } from 'vitest';
import type { Declaration } from '../../lib/core/declaration/declaration.ts';
import { BusStack, type BusStackProps } from '../../lib/stacks/bus-stack.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };

export interface Resource {
  readonly Type: string;
  readonly Properties: JsonObject;
  readonly Condition?: string;
  readonly DependsOn?: readonly string[];
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Parameters: Readonly<Record<string, JsonObject>>;
  readonly Outputs: Readonly<Record<string, { readonly Value: Json; readonly Description: string }>>;
}

const root = join(import.meta.dirname, '..', '..');

/** Synthesizes the bus as bin/app.ts does and bundles every function. Call it once per test file: it takes seconds. */
export function synthesize(
  declaration: Declaration,
  props: Partial<BusStackProps> = {},
): { app: App; template: Template } {
  const outdir = mkdtempSync(join(tmpdir(), 'busbar-synth-'));
  afterAll(() => rmSync(outdir, { recursive: true, force: true }));
  const { context } = JSON.parse(readFileSync(join(root, 'cdk.json'), 'utf8')) as { context: object };
  const app = new App({ analyticsReporting: false, outdir, context: { ...context } });
  new BusStack(app, 'Busbar', { prefix: 'busbar', declaration, ...props });
  return { app, template: app.synth().getStackByName('Busbar').template as Template };
}

/** The resources of a type, with their logical ids. */
export function resourcesOf(template: Template, type: string): [id: string, resource: Resource][] {
  return Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);
}

const pseudo: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'us-east-1',
  'AWS::AccountId': '000000000000',
  'AWS::URLSuffix': 'amazonaws.com',
};
const arnPrefix = (service: string) => `arn:aws:${service}:us-east-1:000000000000`;

/** The Ref or Arn of a resource, for the types whose names make it known before deployment. */
function identity(template: Template, id: string, attribute: 'Ref' | 'Arn'): string {
  const { Type, Properties } = template.Resources[id] ?? { Type: '', Properties: {} };
  switch (`${Type} ${attribute}`) {
    case 'AWS::SNS::Topic Ref':
      return `${arnPrefix('sns')}:${Properties.TopicName}`;
    case 'AWS::SQS::Queue Ref':
      return `http://127.0.0.1:4566/000000000000/${Properties.QueueName}`;
    case 'AWS::SQS::Queue Arn':
      return `${arnPrefix('sqs')}:${Properties.QueueName}`;
    case 'AWS::Lambda::Function Arn':
      return `${arnPrefix('lambda')}:function:${Properties.FunctionName}`;
    case 'AWS::Lambda::Function Ref':
      return String(Properties.FunctionName);
    case 'AWS::Scheduler::ScheduleGroup Ref':
      return String(Properties.Name);
    default:
      return `<${id}.${attribute}>`;
  }
}

/** A value of the template with its references resolved; those without a name become `<LogicalId.Arn>`. */
export function resolved(template: Template, value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => resolved(template, item));
  if (typeof value !== 'object' || value === null) return value;
  const [[name, argument] = ['', null]] = Object.entries(value);
  if (name === 'Ref') return pseudo[String(argument)] ?? identity(template, String(argument), 'Ref');
  if (name === 'Fn::GetAtt') {
    const [id, attribute] = argument as readonly [string, 'Arn'];
    return identity(template, id, attribute);
  }
  if (name === 'Fn::Join') {
    const [separator, parts] = argument as readonly [string, readonly Json[]];
    return parts.map((part) => String(resolved(template, part))).join(separator);
  }
  if (name.startsWith('Fn::')) throw new Error(`The test does not resolve ${name}.`);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolved(template, item)]));
}
