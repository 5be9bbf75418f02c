import { AwsError, type Input, type Operation, type Output } from '../../engine.ts';
import { invalidParameter } from '../errors.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { lambdaLimits } from '../limits.ts';
import type { StoredFunction } from '../model.ts';
import { functionPermission } from '../names.ts';

export function invoke({ host, functions, instances, asyncEvents }: Lambda): Operation {
  async function requestResponse(target: StoredFunction, payload: string): Promise<Output> {
    const outcome = await instances.invoke(target, { text: payload }, host.random.uuid());
    return {
      StatusCode: 200,
      ExecutedVersion: '$LATEST',
      Payload: Buffer.from(outcome.payload),
      ...(outcome.functionError === undefined ? {} : { FunctionError: outcome.functionError }),
    };
  }

  return {
    permissions: (input) => [functionPermission(host, 'InvokeFunction', input)],
    handle(input): Output | Promise<Output> {
      const members = membersOfLambda(input, 'Invoke');
      members.only('FunctionName', 'Qualifier', 'InvocationType', 'LogType', 'Payload');
      const target = functions.find(input.FunctionName, input.Qualifier);
      if ((members.string('LogType') ?? 'None') !== 'None') {
        throw new AwsError('NotImplemented', 'The stand-in does not return logs: LogType.', {
          status: 501,
        });
      }
      const type = members.string('InvocationType') ?? 'RequestResponse';
      switch (type) {
        case 'RequestResponse':
          return requestResponse(target, readPayload(input, lambdaLimits.syncPayloadBytes));
        case 'Event': {
          const payload = readPayload(input, lambdaLimits.asyncPayloadBytes);
          asyncEvents.accept(target, payload, host.random.uuid());
          return { StatusCode: 202 };
        }
        case 'DryRun':
          return { StatusCode: 204 };
        default:
          throw invalidParameter(`InvocationType must be RequestResponse, Event or DryRun, not ${type}.`);
      }
    },
  };
}

/** The payload as JSON text; a missing one is an empty object, as in the Node.js runtime. */
function readPayload(input: Input, limitBytes: number): string {
  const given = input.Payload;
  if (given === undefined) return '{}';
  if (!(given instanceof Uint8Array)) throw invalidParameter('Payload must be bytes.');
  if (given.length > limitBytes) {
    throw new AwsError(
      'RequestTooLargeException',
      `Request must be smaller than ${limitBytes} bytes for the InvokeFunction operation`,
      { status: 413, members: { Type: 'User' } },
    );
  }
  const text = Buffer.from(given.buffer, given.byteOffset, given.byteLength).toString('utf8');
  if (text === '') return '{}';
  try {
    JSON.parse(text);
  } catch (error) {
    throw new AwsError(
      'InvalidRequestContentException',
      `Could not parse request body into json: ${error instanceof Error ? error.message : String(error)}`,
      { status: 400, members: { Type: 'User' } },
    );
  }
  return text;
}
