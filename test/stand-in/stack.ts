import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../lib/stand-in/clock.ts';
import { instanceEnvironment } from '../../lib/stand-in/engines/lambda/index.ts';
import { seededRandom } from '../../lib/stand-in/random.ts';
import { type StandIn, type StandInOptions, startStandIn } from '../../lib/stand-in/stand-in.ts';
import { memoryStore } from '../../lib/stand-in/store.ts';

/** Resources of a template. */
export type Resources = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/**
 * Writes a cloud assembly like `cdk synth`: a stack with these resources, and a bundle for each function under the S3
 * key `<name>.zip`.
 */
export function writeAssembly(
  resources: Resources,
  bundles: Readonly<Record<string, string>> = {},
  more: Readonly<Record<string, unknown>> = {},
): string {
  const directory = mkdtempSync(join(tmpdir(), 'stand-in-assembly-'));
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

/** A role for functions, with the given statements. */
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

/** A function with the bundle `<code>`, under the role with the logical id `<roleId>`. */
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

const load = createRequire(import.meta.url);

/**
 * Runs an assembly on the stand-in, in memory and without sockets, and closes it with the test. A bundle exports
 * `create({ env, clock, http })`, which returns the handler.
 */
export async function startTestStack(
  outDirectory: string,
  options: Partial<StandInOptions> = {},
): Promise<StandIn> {
  const { clock = systemClock } = options;
  const standIn = await startStandIn({
    outDirectory,
    store: memoryStore(),
    clock,
    random: seededRandom(1),
    log: () => undefined,
    startInstance: (definition, { region, takeAnswer }) =>
      load(join(definition.code, 'index.mjs')).create({
        env: instanceEnvironment(region, definition),
        clock,
        http: { send: async ({ url, body }: { url: string; body: string }) => takeAnswer(url, body) },
      }),
    ...options,
  });
  onTestFinished(() => standIn.close());
  return standIn;
}
