import {
  AddPermissionCommand,
  DeleteFunctionCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  GetPolicyCommand,
  ListFunctionsCommand,
  ListTagsCommand,
  RemovePermissionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import type { Authorize } from '../../lib/stand-in/aws.ts';
import type { Permission } from '../../lib/stand-in/engines/engine.ts';
import { memoryStore } from '../../lib/stand-in/store.ts';
import { testAccount } from './account.ts';
import { createFunction, invoke, lambdaCode } from './lambda.ts';

const arn = 'arn:aws:lambda:us-east-1:000000000000:function:f';

function setUp(options: { store?: ReturnType<typeof memoryStore>; authorize?: Authorize } = {}) {
  const code = lambdaCode({ f: async () => 'ran' });
  return { ...testAccount([code.builder], options), ...code };
}

describe('functions', () => {
  it('are described as created, with the defaults of Lambda', async () => {
    const { lambda } = setUp();
    const created = await createFunction(lambda, 'f', { Tags: { team: 'bus' } });
    expect(created).toMatchObject({
      FunctionName: 'f',
      FunctionArn: arn,
      Role: 'arn:aws:iam::000000000000:role/f-role',
      Runtime: 'nodejs24.x',
      MemorySize: 128,
      Timeout: 3,
      Architectures: ['x86_64'],
      State: 'Active',
      Version: '$LATEST',
      LastModified: '2026-01-01T00:00:00.000+0000',
    });
    expect(await lambda.send(new GetFunctionCommand({ FunctionName: arn }))).toMatchObject({
      Configuration: { FunctionName: 'f', RevisionId: created.RevisionId },
      Tags: { team: 'bus' },
    });
  });

  it('change their configuration and code under a new revision', async () => {
    const { lambda } = setUp();
    const { RevisionId, CodeSha256 } = await createFunction(lambda, 'f');
    const updated = await lambda.send(
      new UpdateFunctionConfigurationCommand({
        FunctionName: 'f',
        Timeout: 60,
        Environment: { Variables: { MODE: 'x' } },
        RevisionId: RevisionId ?? '',
      }),
    );
    expect(updated).toMatchObject({
      Timeout: 60,
      MemorySize: 128,
      Environment: { Variables: { MODE: 'x' } },
    });
    await expect(
      lambda.send(
        new UpdateFunctionConfigurationCommand({
          FunctionName: 'f',
          Timeout: 61,
          RevisionId: RevisionId ?? '',
        }),
      ),
    ).rejects.toMatchObject({ name: 'PreconditionFailedException', $metadata: { httpStatusCode: 412 } });
    const code = await lambda.send(
      new UpdateFunctionCodeCommand({
        FunctionName: 'f',
        S3Bucket: 'assets',
        S3Key: 'new.zip',
        DryRun: true,
      }),
    );
    expect(code.CodeSha256).not.toBe(CodeSha256);
    expect((await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: 'f' }))).CodeSha256).toBe(
      CodeSha256,
    );
  });

  it('are listed in pages by name until they are deleted', async () => {
    const { lambda } = setUp();
    for (const name of ['c', 'a', 'b']) await createFunction(lambda, name);
    const first = await lambda.send(new ListFunctionsCommand({ MaxItems: 2 }));
    expect(first.Functions?.map(({ FunctionName }) => FunctionName)).toEqual(['a', 'b']);
    const second = await lambda.send(new ListFunctionsCommand({ Marker: first.NextMarker ?? '' }));
    expect(second.Functions?.map(({ FunctionName }) => FunctionName)).toEqual(['c']);
    expect(second.NextMarker).toBeUndefined();
    await lambda.send(new DeleteFunctionCommand({ FunctionName: 'a' }));
    await expect(lambda.send(new GetFunctionCommand({ FunctionName: 'a' }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      message: 'Function not found: arn:aws:lambda:us-east-1:000000000000:function:a',
    });
  });

  it('survive a restart', async () => {
    const store = memoryStore();
    await createFunction(setUp({ store }).lambda, 'f');
    expect((await invoke(setUp({ store }).lambda, 'f')).payload).toBe('ran');
  });

  it('cannot be created twice', async () => {
    const { lambda } = setUp();
    await createFunction(lambda, 'f');
    await expect(createFunction(lambda, 'f')).rejects.toMatchObject({
      name: 'ResourceConflictException',
      message: 'Function already exist: f',
      $metadata: { httpStatusCode: 409 },
    });
  });

  it.each<[string, Parameters<typeof createFunction>[2], string]>([
    ['a timeout of 901 s', { Timeout: 901 }, 'Timeout'],
    ['127 MB', { MemorySize: 127 }, 'MemorySize'],
    ['a reserved variable', { Environment: { Variables: { AWS_REGION: 'x' } } }, 'AWS_REGION'],
    ['an environment above 4 KB', { Environment: { Variables: { BIG: 'x'.repeat(4096) } } }, '4KB'],
    ['something that is not a role', { Role: 'worker' }, 'Role'],
    ['an architecture that does not exist', { Architectures: ['riscv' as 'arm64'] }, 'Architectures'],
  ])('reject %s', async (_what, input, named) => {
    const { lambda } = setUp();
    await expect(createFunction(lambda, 'f', input)).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: expect.stringContaining(named),
    });
  });

  it.each<[Parameters<typeof createFunction>[2], string]>([
    [{ VpcConfig: { SubnetIds: ['subnet-1'] } }, 'VpcConfig'],
    [{ Code: { ZipFile: new Uint8Array([1]) } }, 'ZipFile'],
    [{ Runtime: 'python3.13' }, 'python3.13'],
  ])('reject by name what the engine does not support: %j', async (input, named) => {
    const { lambda } = setUp();
    await expect(createFunction(lambda, 'f', input)).rejects.toMatchObject({
      name: 'NotImplemented',
      message: expect.stringContaining(named),
    });
  });

  it('need the permission on the function, and to pass the role', async () => {
    const asked: Permission[] = [];
    const { lambda } = setUp({ authorize: (_caller, permissions) => asked.push(...permissions) });
    await createFunction(lambda, 'f');
    await invoke(lambda, 'f');
    expect(asked).toEqual([
      { action: 'lambda:CreateFunction', resource: arn },
      {
        action: 'iam:PassRole',
        resource: 'arn:aws:iam::000000000000:role/f-role',
        context: { 'iam:PassedToService': 'lambda.amazonaws.com' },
      },
      { action: 'lambda:InvokeFunction', resource: arn },
    ]);
  });
});

describe('the resource policy', () => {
  it('grows and shrinks by statement', async () => {
    const { lambda, aws } = setUp();
    await createFunction(lambda, 'f');
    const FunctionName = 'f';
    await expect(lambda.send(new GetPolicyCommand({ FunctionName }))).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    const permission = {
      FunctionName,
      StatementId: 'sns',
      Action: 'lambda:InvokeFunction',
      Principal: 'sns.amazonaws.com',
      SourceArn: 'arn:aws:sns:us-east-1:000000000000:topic',
    };
    const statement = {
      Sid: 'sns',
      Effect: 'Allow',
      Principal: { Service: 'sns.amazonaws.com' },
      Action: 'lambda:InvokeFunction',
      Resource: arn,
      Condition: { ArnLike: { 'AWS:SourceArn': permission.SourceArn } },
    };
    const added = await lambda.send(new AddPermissionCommand(permission));
    expect(JSON.parse(added.Statement ?? '')).toEqual(statement);
    await expect(lambda.send(new AddPermissionCommand(permission))).rejects.toMatchObject({
      name: 'ResourceConflictException',
    });
    const { Policy } = await lambda.send(new GetPolicyCommand({ FunctionName }));
    expect(JSON.parse(Policy ?? '')).toEqual({
      Version: '2012-10-17',
      Id: 'default',
      Statement: [statement],
    });
    expect(aws.engines.get('lambda')?.resourcePolicy?.(arn)?.Statement).toEqual([statement]);
    await lambda.send(new RemovePermissionCommand({ FunctionName, StatementId: 'sns' }));
    expect(aws.engines.get('lambda')?.resourcePolicy?.(arn)).toBeUndefined();
  });
});

describe('tags of a function', () => {
  it('are added, listed and removed', async () => {
    const { lambda } = setUp();
    await createFunction(lambda, 'f');
    await lambda.send(new TagResourceCommand({ Resource: arn, Tags: { a: '1', b: '2', c: '3' } }));
    await lambda.send(new UntagResourceCommand({ Resource: arn, TagKeys: ['a', 'b'] }));
    expect((await lambda.send(new ListTagsCommand({ Resource: arn }))).Tags).toEqual({ c: '3' });
  });
});
