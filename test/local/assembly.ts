import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type BusOptions, type RunningBus, startBus } from '../../lib/local/bus.ts';
import { systemRandom } from '../../lib/runtime/random.ts';
import { systemClock } from '../../lib/stand-in/clock.ts';
import { memoryStore } from '../../lib/stand-in/store.ts';

/** Resources of a template as a test writes them. */
export type Resources = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/**
 * Writes a cloud assembly as `cdk synth` would: a stack with these resources, and a bundle for each function,
 * found under the S3 key `<name>.zip`.
 */
export function writeAssembly(
  resources: Resources,
  bundles: Readonly<Record<string, string>> = {},
  more: Readonly<Record<string, unknown>> = {},
): string {
  const directory = mkdtempSync(join(tmpdir(), 'busbar-assembly-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const json = (name: string, value: unknown) => writeFileSync(join(directory, name), JSON.stringify(value));
  json('manifest.json', {
    artifacts: {
      Test: { type: 'aws:cloudformation:stack', properties: { templateFile: 'Test.template.json' } },
    },
  });
  json('Test.template.json', { Resources: resources, ...more });
  const files: Record<string, unknown> = {};
  for (const [name, source] of Object.entries(bundles)) {
    mkdirSync(join(directory, `asset.${name}`));
    writeFileSync(join(directory, `asset.${name}`, 'index.mjs'), source);
    files[name] = {
      source: { path: `asset.${name}`, packaging: 'zip' },
      destinations: { here: { objectKey: `${name}.zip` } },
    };
  }
  json('Test.assets.json', { files });
  return directory;
}

/** Starts a bus without sockets over an assembly, in memory, and closes it with the test. */
export async function startTestBus(
  outDirectory: string,
  options: Partial<BusOptions> = {},
): Promise<RunningBus> {
  const bus = await startBus({
    outDirectory,
    store: memoryStore(),
    clock: systemClock,
    random: systemRandom,
    log: () => undefined,
    iamUsageDirectory: process.env.BUSBAR_IAM_USAGE,
    http: {
      async send(request) {
        throw new Error(`This test calls no endpoint, and was asked for ${request.url}.`);
      },
    },
    ...options,
  });
  onTestFinished(() => bus.close());
  return bus;
}

/** A role that a function takes on, with what it may do. */
export const role = (...statements: readonly object[]) => ({
  Type: 'AWS::IAM::Role',
  Properties: {
    AssumeRolePolicyDocument: {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } },
      ],
    },
    ...(statements.length === 0
      ? {}
      : {
          Policies: [
            { PolicyName: 'inline', PolicyDocument: { Version: '2012-10-17', Statement: statements } },
          ],
        }),
  },
});

/** A function of the bundle `<code>` under the role of the logical id `<roleId>`. */
export const lambdaFunction = (code: string, roleId: string, more: object = {}) => ({
  Type: 'AWS::Lambda::Function',
  Properties: {
    Runtime: 'nodejs24.x',
    Handler: 'index.handler',
    Role: { 'Fn::GetAtt': [roleId, 'Arn'] },
    Code: { S3Bucket: 'assets', S3Key: `${code}.zip` },
    ...more,
  },
});
