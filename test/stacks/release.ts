import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Template } from './synth.ts';

/**
 * The names of a deployed bus. CloudFormation replaces a resource whose logical id or physical name changes, and a
 * replaced queue or table loses its contents. The record of the last release is beside this file.
 */
export interface ReleaseNames {
  /** Logical id -> type and physical name, such as `AWS::SQS::Queue busbar-delay`. */
  readonly resources: Readonly<Record<string, string>>;
  readonly parameters: readonly string[];
  readonly outputs: readonly string[];
}

/** The property with the physical name of each type. */
const nameProperty: Readonly<Record<string, string>> = {
  'AWS::ApiGatewayV2::Api': 'Name',
  'AWS::ApiGatewayV2::Route': 'RouteKey',
  'AWS::ApiGatewayV2::Stage': 'StageName',
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::DynamoDB::GlobalTable': 'TableName',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::SNS::Topic': 'TopicName',
  'AWS::SQS::Queue': 'QueueName',
  'AWS::Scheduler::Schedule': 'Name',
  'AWS::Scheduler::ScheduleGroup': 'Name',
};

export function releaseNames(template: Pick<Template, 'Resources' | 'Parameters' | 'Outputs'>): ReleaseNames {
  const resources = Object.entries(template.Resources).map(([id, { Type, Properties }]) => {
    const name = Properties?.[nameProperty[Type] ?? ''];
    return [
      id,
      name === undefined ? Type : `${Type} ${typeof name === 'string' ? name : JSON.stringify(name)}`,
    ];
  });
  return {
    resources: Object.fromEntries(resources.sort(([one = ''], [other = '']) => (one < other ? -1 : 1))),
    parameters: Object.keys(template.Parameters).sort(),
    outputs: Object.keys(template.Outputs).sort(),
  };
}

/** What an upgrade from `last` to `next` would delete, replace or rename, one line each. Additions are allowed. */
export function brokenNames(last: ReleaseNames, next: ReleaseNames): string[] {
  const gone = (kind: string, were: readonly string[], are: readonly string[]) =>
    were.filter((name) => !are.includes(name)).map((name) => `The ${kind} ${name} is gone`);
  return [
    ...Object.entries(last.resources).flatMap(([id, was]) => {
      const is = next.resources[id];
      if (is === was) return [];
      return [is === undefined ? `${id} (${was}) is gone` : `${id} was ${was} and is ${is}`];
    }),
    ...gone('parameter', last.parameters, next.parameters),
    ...gone('output', last.outputs, next.outputs),
  ];
}

const recordFile = join(import.meta.dirname, 'release.json');

export const lastRelease = (): ReleaseNames => JSON.parse(readFileSync(recordFile, 'utf8'));

/** `npm run synth && node test/stacks/release.ts` records the names of a release. */
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const synthesized = join(import.meta.dirname, '..', '..', 'cdk.out', 'Busbar.template.json');
  const names = releaseNames(JSON.parse(readFileSync(synthesized, 'utf8')));
  writeFileSync(recordFile, `${JSON.stringify(names, undefined, 2)}\n`);
  console.log(`Recorded ${Object.keys(names.resources).length} resources in ${recordFile}`);
}
