import { AwsError, type Input, type Output } from '../engines/engine.ts';
import type { WireRequest, WireResponse } from './http.ts';

/** AWS JSON 1.0, used by SQS, DynamoDB and DynamoDB Streams: one POST, with the action in `x-amz-target`. */
export function decodeJson(request: WireRequest): { action: string; input: Input } {
  const target = request.headers['x-amz-target'] ?? '';
  return { action: target.slice(target.indexOf('.') + 1), input: parseJsonObject(request.body) };
}

export function parseJsonObject(body: Uint8Array): Input {
  if (body.length === 0) return {};
  try {
    const parsed: unknown = JSON.parse(
      Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8'),
    );
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Input;
  } catch {
    // Anything but a JSON object is rejected below, in the words of AWS.
  }
  throw new AwsError('SerializationException', 'The request body is not a JSON object.');
}

export function encodeJson(output: Output, requestId: string): WireResponse {
  return {
    status: 200,
    headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': requestId },
    body: JSON.stringify(output ?? {}),
  };
}

export function encodeJsonError(error: AwsError, requestId: string): WireResponse {
  const headers: Record<string, string> = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amzn-requestid': requestId,
  };
  if (error.queryCode !== undefined) {
    headers['x-amzn-query-error'] = `${error.queryCode};${error.status < 500 ? 'Sender' : 'Receiver'}`;
  }
  return {
    status: error.status,
    headers,
    body: JSON.stringify({ __type: `com.amazonaws#${error.code}`, message: error.message, ...error.members }),
  };
}
