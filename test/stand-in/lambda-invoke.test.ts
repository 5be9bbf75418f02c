import {
  DeleteFunctionConcurrencyCommand,
  InvokeCommand,
  PutFunctionConcurrencyCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { describe, expect, it } from 'vitest';
import { noCpuTime } from '../../lib/stand-in/cpu.ts';
import type { CpuTime } from '../../lib/stand-in/engines/engine.ts';
import type { LambdaContext } from '../../lib/stand-in/engines/lambda/index.ts';
import { testAccount } from './account.ts';
import { createFunction, gate, invoke, lambdaCode } from './lambda.ts';

describe('Invoke, RequestResponse', () => {
  it('passes the event to the handler and answers with its result', async () => {
    const { builder } = lambdaCode({ echo: async (event) => ({ got: event }) });
    const { lambda } = testAccount([builder]);
    await createFunction(lambda, 'echo');
    const answer = await invoke(lambda, 'echo', { a: [1, 'ü', null] });
    expect(answer).toEqual({ error: undefined, version: '$LATEST', payload: { got: { a: [1, 'ü', null] } } });
  });

  it.each([
    'echo',
    '000000000000:function:echo',
    'arn:aws:lambda:us-east-1:000000000000:function:echo',
    'echo:$LATEST',
  ])('accepts the function name %s', async (name) => {
    const { builder } = lambdaCode({ echo: async () => 'here' });
    const { lambda } = testAccount([builder]);
    await createFunction(lambda, 'echo');
    expect((await invoke(lambda, name)).payload).toBe('here');
  });

  it('rejects an unknown function, and versions, which this engine lacks', async () => {
    const { builder } = lambdaCode({ echo: async () => 1 });
    const { lambda } = testAccount([builder]);
    await createFunction(lambda, 'echo');
    const notFound = { name: 'ResourceNotFoundException', $metadata: { httpStatusCode: 404 } };
    await expect(invoke(lambda, 'other')).rejects.toMatchObject(notFound);
    await expect(invoke(lambda, 'echo:7')).rejects.toMatchObject(notFound);
  });

  it('passes the handler a copy of the event and a context', async () => {
    let seen: LambdaContext | undefined;
    let remainingMs: number[] = [];
    const account = testAccount([
      lambdaCode({
        look: async (_event, context) => {
          seen = context;
          remainingMs = [context.getRemainingTimeInMillis()];
          await new Promise<void>((resolve) => account.clock.setTimer(1500, resolve));
          remainingMs.push(context.getRemainingTimeInMillis());
        },
      }).builder,
    ]);
    await createFunction(account.lambda, 'look', {
      Timeout: 5,
      MemorySize: 512,
      LoggingConfig: { LogGroup: '/bus/look' },
    });
    const answer = invoke(account.lambda, 'look');
    await account.clock.advance(2000);
    expect((await answer).payload).toBeNull();
    expect(seen).toMatchObject({
      functionName: 'look',
      functionVersion: '$LATEST',
      invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:look',
      memoryLimitInMB: '512',
      logGroupName: '/bus/look',
      logStreamName: expect.stringMatching(/^2026\/01\/01\/\[\$LATEST\][0-9a-f]{32}$/),
      awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
    expect(remainingMs).toEqual([5000, 3500]);
  });

  it('passes start everything that a cold start needs', async () => {
    const { builder } = lambdaCode({}, { start: async (definition) => async () => definition });
    const { lambda } = testAccount([builder]);
    await createFunction(lambda, 'defined', {
      Environment: { Variables: { TABLE: 'bus' } },
      Architectures: ['arm64'],
      Timeout: 9,
      MemorySize: 256,
    });
    expect((await invoke(lambda, 'defined')).payload).toEqual({
      name: 'defined',
      arn: 'arn:aws:lambda:us-east-1:000000000000:function:defined',
      logging: { format: 'Text', applicationLevel: 'INFO' },
      roleArn: 'arn:aws:iam::000000000000:role/defined-role',
      environment: { TABLE: 'bus' },
      memoryMb: 256,
      timeoutSeconds: 9,
      handler: 'index.handler',
      code: '/code/assets/defined.zip',
      runtime: 'nodejs24.x',
      architectures: ['arm64'],
    });
  });

  it('answers an error of the handler as Unhandled with type, message and trace', async () => {
    const { builder } = lambdaCode({
      fails: async () => {
        throw new RangeError('too far');
      },
      throwsText: async () => {
        throw 'plain';
      },
    });
    const { lambda } = testAccount([builder]);
    await createFunction(lambda, 'fails');
    await createFunction(lambda, 'throwsText');
    expect(await invoke(lambda, 'fails')).toMatchObject({
      error: 'Unhandled',
      payload: {
        errorType: 'RangeError',
        errorMessage: 'too far',
        trace: expect.arrayContaining(['RangeError: too far']),
      },
    });
    expect(await invoke(lambda, 'throwsText')).toMatchObject({
      error: 'Unhandled',
      payload: { errorType: 'string', errorMessage: 'plain', trace: [] },
    });
  });

  it('times out by the clock and does not use the instance again', async () => {
    const { builder, starts } = lambdaCode({
      hangs: (event) => (event === 'hang' ? new Promise(() => {}) : Promise.resolve(1)),
    });
    const { lambda, clock } = testAccount([builder]);
    await createFunction(lambda, 'hangs', { Timeout: 3 });
    const answer = invoke(lambda, 'hangs', 'hang');
    await clock.advance(3000);
    expect(await answer).toMatchObject({
      error: 'Unhandled',
      payload: {
        errorType: 'Sandbox.Timedout',
        errorMessage: expect.stringMatching(/Task timed out after 3\.00 seconds$/),
      },
    });
    await invoke(lambda, 'hangs');
    expect(starts).toHaveLength(2);
  });

  it('reports a failed INIT as an error of the function, and starts again next time', async () => {
    let broken = true;
    const { builder } = lambdaCode(
      {},
      {
        start: async () => {
          if (broken) throw new SyntaxError('no such module');
          return async () => 'well';
        },
      },
    );
    const { lambda } = testAccount([builder]);
    await createFunction(lambda, 'init');
    expect(await invoke(lambda, 'init')).toMatchObject({
      error: 'Unhandled',
      payload: { errorType: 'SyntaxError' },
    });
    broken = false;
    expect((await invoke(lambda, 'init')).payload).toBe('well');
  });

  it('rejects a payload above 6 MB, one that is not JSON, and a response that is too large', async () => {
    const { builder } = lambdaCode({ grows: async () => 'x'.repeat(7_000_000) });
    const { lambda } = testAccount([builder]);
    await createFunction(lambda, 'grows');
    await expect(invoke(lambda, 'grows', 'x'.repeat(6 * 1024 * 1024))).rejects.toMatchObject({
      name: 'RequestTooLargeException',
      $metadata: { httpStatusCode: 413 },
    });
    await expect(
      lambda.send(new InvokeCommand({ FunctionName: 'grows', Payload: Buffer.from('{nope') })),
    ).rejects.toMatchObject({ name: 'InvalidRequestContentException' });
    expect(await invoke(lambda, 'grows')).toMatchObject({
      error: 'Unhandled',
      payload: { errorType: 'Function.ResponseSizeTooLarge' },
    });
  });

  it('only checks under DryRun', async () => {
    const { builder, starts } = lambdaCode({ dry: async () => 1 });
    const { lambda } = testAccount([builder]);
    await createFunction(lambda, 'dry');
    const answer = await lambda.send(new InvokeCommand({ FunctionName: 'dry', InvocationType: 'DryRun' }));
    expect(answer.StatusCode).toBe(204);
    expect(starts).toEqual([]);
  });

  it('rejects an unsupported member by name', async () => {
    const { builder } = lambdaCode({ f: async () => 1 });
    const { lambda } = testAccount([builder]);
    await createFunction(lambda, 'f');
    await expect(
      lambda.send(new InvokeCommand({ FunctionName: 'f', ClientContext: 'e30=' })),
    ).rejects.toMatchObject({ name: 'NotImplemented', message: expect.stringContaining('ClientContext') });
  });
});

describe('instances', () => {
  /** A function whose invocations stay open until the test lets them go. */
  async function held() {
    const gates: ReturnType<typeof gate>[] = [];
    let instances = 0;
    const code = lambdaCode(
      {},
      {
        start: async () => {
          const instance = ++instances;
          return async () => {
            const held = gate();
            gates.push(held);
            await held.opened;
            return instance;
          };
        },
      },
    );
    const account = testAccount([code.builder]);
    await createFunction(account.lambda, 'held', { Timeout: 900 });
    const begin = async () => {
      const before = gates.length;
      const answer = invoke(account.lambda, 'held').then(({ payload }) => payload);
      await account.clock.until(() => gates.length > before, 0);
      const own = gates[before];
      if (own === undefined) throw new Error('The invocation did not start.');
      const finish = () => {
        own.open();
        return answer;
      };
      return { answer, finish };
    };
    return { ...account, begin };
  }

  it('runs one invocation at a time on each, and reuses the most recently used one', async () => {
    const { begin } = await held();
    const first = await begin();
    const second = await begin();
    expect(await first.finish()).toBe(1);
    expect(await second.finish()).toBe(2);
    const third = await begin();
    expect(await third.finish()).toBe(2);
  });

  it('throttles above the reserved concurrency', async () => {
    const { begin, lambda } = await held();
    await lambda.send(
      new PutFunctionConcurrencyCommand({ FunctionName: 'held', ReservedConcurrentExecutions: 1 }),
    );
    const first = await begin();
    await expect(invoke(lambda, 'held')).rejects.toMatchObject({
      name: 'TooManyRequestsException',
      Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
      $metadata: { httpStatusCode: 429 },
    });
    await lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName: 'held' }));
    const second = await begin();
    await Promise.all([first.finish(), second.finish()]);
  });

  it('shares the 1,000 of the account among functions without a reservation', async () => {
    const { begin, lambda } = await held();
    await createFunction(lambda, 'reserved');
    await expect(
      lambda.send(
        new PutFunctionConcurrencyCommand({ FunctionName: 'reserved', ReservedConcurrentExecutions: 901 }),
      ),
    ).rejects.toMatchObject({
      name: 'InvalidParameterValueException',
      message: expect.stringContaining('[100]'),
    });
    await lambda.send(
      new PutFunctionConcurrencyCommand({ FunctionName: 'reserved', ReservedConcurrentExecutions: 900 }),
    );
    const running = [];
    for (let count = 0; count < 100; count++) running.push(await begin());
    await expect(invoke(lambda, 'held')).rejects.toMatchObject({
      name: 'TooManyRequestsException',
      Reason: 'ConcurrentInvocationLimitExceeded',
    });
    await Promise.all(running.map((one) => one.finish()));
  });

  it('drops an instance that was idle for five minutes', async () => {
    const { begin, clock } = await held();
    await (await begin()).finish();
    await clock.advance(4 * 60_000);
    expect(await (await begin()).finish()).toBe(1);
    await clock.advance(5 * 60_000);
    expect(await (await begin()).finish()).toBe(2);
  });

  it('starts new instances after a change of the code or of the configuration', async () => {
    const { begin, lambda } = await held();
    const busy = await begin();
    await lambda.send(
      new UpdateFunctionCodeCommand({ FunctionName: 'held', S3Bucket: 'assets', S3Key: 'v2.zip' }),
    );
    expect(await busy.finish()).toBe(1);
    expect(await (await begin()).finish()).toBe(2);
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'held', MemorySize: 256 }));
    expect(await (await begin()).finish()).toBe(3);
  });
});

describe('metering', () => {
  it('counts requests, and memory times duration with INIT, in whole milliseconds', async () => {
    const account = testAccount([
      (host) =>
        lambdaCode(
          {},
          {
            start: async () => {
              await new Promise<void>((resolve) => host.clock.setTimer(250, resolve));
              return () => new Promise<void>((resolve) => host.clock.setTimer(750, resolve));
            },
          },
        ).builder(host),
    ]);
    await createFunction(account.lambda, 'billed', { MemorySize: 512, Timeout: 10 });
    const cold = invoke(account.lambda, 'billed');
    await account.clock.advance(1000);
    await cold;
    expect(account.meter.counts()).toEqual({ 'lambda.requests': 1, 'lambda.gb-seconds': 0.5 });
    const warm = invoke(account.lambda, 'billed');
    await account.clock.advance(1000);
    await warm;
    expect(account.meter.counts()).toEqual({ 'lambda.requests': 2, 'lambda.gb-seconds': 0.875 });
  });

  it('stretches what is computed to the part of a core that the memory has, and not what is waited for', async () => {
    let computedMs = 0;
    const cpu: CpuTime = { ...noCpuTime, programMs: () => computedMs };
    const handlers = [128, 1769, 3538].map((memoryMb) => [
      `with-${memoryMb}`,
      async () => {
        computedMs += 10;
      },
    ]);
    const account = testAccount([lambdaCode(Object.fromEntries(handlers)).builder], { cpu });
    const secondsOf = async (memoryMb: number) => {
      await createFunction(account.lambda, `with-${memoryMb}`, { MemorySize: memoryMb });
      account.meter.reset();
      await invoke(account.lambda, `with-${memoryMb}`);
      return Number(account.meter.counts()['lambda.gb-seconds']) / (memoryMb / 1024);
    };
    // The clock stands still: all of the 10 ms of a core is beyond it.
    expect(await secondsOf(128)).toBeCloseTo(Math.ceil((10 * 1769) / 128 - 10) / 1000, 9);
    expect(await secondsOf(1769)).toBeCloseTo(0.001, 9);
    expect(await secondsOf(3538)).toBeCloseTo(0.001, 9);
  });
});
