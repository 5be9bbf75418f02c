import {
  CreateFunctionCommand,
  type CreateFunctionCommandInput,
  InvokeCommand,
  type LambdaClient,
} from '@aws-sdk/client-lambda';
import type { Host } from '../../lib/stand-in/engines/engine.ts';
import {
  createLambda,
  type Handler,
  type LambdaOptions,
  type LambdaProblem,
} from '../../lib/stand-in/engines/lambda/index.ts';

/** The code of a test: a handler for each function name, and a record of what the engine did with it. */
export function lambdaCode(handlers: Record<string, Handler>, options: Partial<LambdaOptions> = {}) {
  const starts: string[] = [];
  const problems: LambdaProblem[] = [];
  const builder = (host: Host) =>
    createLambda({
      async start(definition) {
        starts.push(definition.name);
        const handler = handlers[definition.name];
        if (handler === undefined) throw new Error(`No code for ${definition.name}`);
        return handler;
      },
      locateCode: ({ bucket, key }) => `/code/${bucket}/${key}`,
      onProblem: (problem) => problems.push(problem),
      ...options,
    })(host);
  return { builder, starts, problems };
}

export async function createFunction(
  lambda: LambdaClient,
  name: string,
  input: Partial<CreateFunctionCommandInput> = {},
) {
  return lambda.send(
    new CreateFunctionCommand({
      FunctionName: name,
      Role: `arn:aws:iam::000000000000:role/${name}-role`,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Code: { S3Bucket: 'assets', S3Key: `${name}.zip` },
      ...input,
    }),
  );
}

/** Invokes and parses the answer. */
export async function invoke(lambda: LambdaClient, name: string, payload: unknown = {}) {
  const answer = await lambda.send(
    new InvokeCommand({ FunctionName: name, Payload: Buffer.from(JSON.stringify(payload)) }),
  );
  return {
    error: answer.FunctionError,
    version: answer.ExecutedVersion,
    payload: JSON.parse(Buffer.from(answer.Payload ?? new Uint8Array()).toString('utf8')) as unknown,
  };
}

/** A promise that the test settles, to keep an invocation running. */
export function gate(): { readonly opened: Promise<void>; open(): void } {
  let open: () => void = () => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}
