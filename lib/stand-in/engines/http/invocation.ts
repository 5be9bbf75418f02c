import type { Output } from '../engine.ts';

/** What Lambda is called with for a request over HTTP. */
export const invocationOf = (functionArn: string, event: object) => ({
  FunctionName: functionArn,
  InvocationType: 'RequestResponse',
  Payload: Buffer.from(JSON.stringify(event), 'utf8'),
});

/** What the function answered; undefined when it failed. */
export function answerIn(output: Output): string | undefined {
  const { FunctionError: functionError, Payload: payload } = output ?? {};
  if (functionError !== undefined || !(payload instanceof Uint8Array)) return undefined;
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8');
}
