import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { assembly } from '../../lib/local/assembly.ts';
import { planDeployment } from '../../lib/stand-in/template/plan.ts';
import { readAssembly, type Template } from '../../lib/stand-in/template/template.ts';
import { type Emulator, region } from './emulator.ts';
import { program } from './tools.ts';

/** Named resources that the emulator cannot make, each with what it says. Nothing else is taken out of the template. */
export const excluded: Readonly<Record<string, string>> = {
  AlarmsBacklogexamplewarehouse56AE8805: 'AWS::CloudWatch::Alarm with metric math',
};

export interface Deployed {
  readonly outputs: Readonly<Record<string, string>>;
  /** The logical IDs of what the emulator made, and of what the template has under these parameters; both sorted. */
  readonly made: readonly string[];
  readonly asked: readonly string[];
}

const stackName = 'Busbar';
const stackSeconds = 120;

/**
 * Deploys the template as `cdk deploy` would: uploads the bundles, creates the stack, waits for its end.
 * @throws Error with the reasons of the resources that failed.
 */
export async function deploy(
  emulator: Emulator,
  directory: string,
  parameters: Readonly<Record<string, string>>,
): Promise<Deployed> {
  const { template } = readAssembly(assembly.outDirectory);
  await uploadBundles(emulator, directory);
  const remaining = withoutExcluded(template);
  const stack = { stackName, account: assembly.account, region };
  const asked = planDeployment(remaining, parameters, stack).resources.map(({ logicalId }) => logicalId);
  await emulator.putObject('templates', '', Buffer.from(''));
  await emulator.putObject('templates', 'busbar.json', Buffer.from(JSON.stringify(remaining)));
  await emulator.query('cloudformation', {
    Action: 'CreateStack',
    StackName: stackName,
    TemplateURL: `${emulator.url}/templates/busbar.json`,
    'Capabilities.member.1': 'CAPABILITY_NAMED_IAM',
    ...Object.fromEntries(
      Object.entries(parameters).flatMap(([key, value], at) => [
        [`Parameters.member.${at + 1}.ParameterKey`, key],
        [`Parameters.member.${at + 1}.ParameterValue`, value],
      ]),
    ),
  });
  const outputs = await created(emulator);
  const resources = await emulator.query('cloudformation', {
    Action: 'DescribeStackResources',
    StackName: stackName,
  });
  const made = [...resources.matchAll(/<member>(.*?)<\/member>/gs)]
    .map(([, member = '']) => member)
    .filter((member) => member.includes('<ResourceStatus>CREATE_COMPLETE</ResourceStatus>'))
    .map((member) => /<LogicalResourceId>(.*?)</.exec(member)?.[1] ?? '');
  return { outputs, made: made.sort(), asked: asked.sort() };
}

/** Each bundle as a zip file with the names that the emulator loads: it knows `index.js`, not `index.cjs`. */
async function uploadBundles(emulator: Emulator, directory: string): Promise<void> {
  const manifest = JSON.parse(
    readFileSync(join(assembly.outDirectory, `${stackName}.assets.json`), 'utf8'),
  ) as {
    files: Record<
      string,
      {
        source: { path: string; packaging: string };
        destinations: Record<string, { bucketName: string; objectKey: string }>;
      }
    >;
  };
  const buckets = new Set<string>();
  for (const { source, destinations } of Object.values(manifest.files)) {
    if (source.packaging !== 'zip') continue;
    const from = join(assembly.outDirectory, source.path);
    const to = join(directory, source.path);
    mkdirSync(to, { recursive: true });
    cpSync(from, to, { recursive: true });
    if (existsSync(join(to, 'index.cjs'))) renameSync(join(to, 'index.cjs'), join(to, 'index.js'));
    const zip = `${to}.zip`;
    execFileSync(program('python'), ['-m', 'zipfile', '-c', zip, '.'], { cwd: to });
    for (const { bucketName, objectKey } of Object.values(destinations)) {
      const bucket = bucketName
        .replace(/\$\{AWS::AccountId\}/, assembly.account)
        .replace(/\$\{AWS::Region\}/, region);
      if (!buckets.has(bucket)) await emulator.putObject(bucket, '', Buffer.from(''));
      buckets.add(bucket);
      await emulator.putObject(bucket, objectKey, readFileSync(zip));
    }
  }
}

/** The template without the resources that are excluded by name. */
function withoutExcluded(template: Template): Template {
  const missing = Object.keys(excluded).filter((id) => !Object.hasOwn(template.Resources, id));
  if (missing.length > 0) throw new Error(`Excluded, but not in the template: ${missing.join(', ')}.`);
  const resources = Object.entries(template.Resources).filter(([id]) => !Object.hasOwn(excluded, id));
  return { ...template, Resources: Object.fromEntries(resources) };
}

async function created(emulator: Emulator): Promise<Record<string, string>> {
  const deadlineMs = Date.now() + stackSeconds * 1000;
  for (;;) {
    const xml = await emulator.query('cloudformation', { Action: 'DescribeStacks', StackName: stackName });
    const status = /<StackStatus>([A-Z_]+)<\/StackStatus>/.exec(xml)?.[1];
    if (status === 'CREATE_COMPLETE') return outputsOf(xml);
    if (status !== 'CREATE_IN_PROGRESS') {
      throw new Error(`The stack became ${status}: ${await failures(emulator)}`);
    }
    if (Date.now() > deadlineMs) throw new Error(`The stack is not there after ${stackSeconds} s: ${xml}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function failures(emulator: Emulator): Promise<string> {
  const xml = await emulator.query('cloudformation', {
    Action: 'DescribeStackEvents',
    StackName: stackName,
  });
  const reasons = [...xml.matchAll(/<member>(.*?)<\/member>/gs)].map(([, member = '']) => member);
  return reasons
    .filter((member) => /FAILED/.test(member))
    .map(
      (member) =>
        `${/<LogicalResourceId>(.*?)</.exec(member)?.[1]}: ${/<ResourceStatusReason>(.*?)</s.exec(member)?.[1]}`,
    )
    .join('\n');
}

function outputsOf(xml: string): Record<string, string> {
  return Object.fromEntries(
    [...xml.matchAll(/<OutputKey>(.*?)<\/OutputKey>\s*<OutputValue>(.*?)<\/OutputValue>/gs)].map(
      ([, key = '', value = '']) => [key, value],
    ),
  );
}
