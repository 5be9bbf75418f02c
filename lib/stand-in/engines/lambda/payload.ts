/**
 * The payload of a failed invocation, in the form of the Node.js runtime:
 * https://docs.aws.amazon.com/lambda/latest/dg/nodejs-exceptions.html
 */
export interface ErrorPayload {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace?: readonly string[];
}

export function errorPayload(error: unknown): ErrorPayload {
  if (error instanceof Error) {
    return {
      errorType: error.name,
      errorMessage: error.message,
      trace: (error.stack ?? '').split('\n'),
    };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

export const timeoutPayload = (requestId: string, timeoutSeconds: number): ErrorPayload => ({
  errorType: 'Sandbox.Timedout',
  errorMessage: `RequestId: ${requestId} Error: Task timed out after ${timeoutSeconds.toFixed(2)} seconds`,
});

export const responseTooLargePayload = (limitBytes: number): ErrorPayload => ({
  errorType: 'Function.ResponseSizeTooLarge',
  errorMessage: `Response payload size exceeded maximum allowed payload size (${limitBytes} bytes).`,
});

/** The result of a handler as JSON text. A handler that returns nothing answers `null`. */
export function resultText(result: unknown): string {
  return JSON.stringify(result === undefined ? null : result) ?? 'null';
}
