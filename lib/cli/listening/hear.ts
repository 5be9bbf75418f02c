import type { IncomingMessage } from 'node:http';
import { type Delivery, readDelivery, VerificationError, verify } from '../../client/verify.ts';

/** One request to the listener, and how it is answered. */
export interface Heard {
  /** Epoch milliseconds. */
  readonly atMs: number;
  /** Undefined when the request was refused. */
  readonly delivery: Delivery | undefined;
  /** Whether its signature was checked and is right. */
  readonly verified: boolean;
  readonly status: number;
  /** Why it was refused. */
  readonly problem: string | undefined;
}

/** More than the bus sends: an event is at most 256 KB. */
const maxBodyBytes = 1_048_576;

/** Reads one request; without secrets it is read and not verified. Rejects when the sender breaks off. */
export async function hear(
  request: IncomingMessage,
  options: {
    readonly secrets: readonly string[];
    /** The status for a good delivery. */
    readonly decide: () => number;
    readonly now: () => number;
  },
): Promise<Heard> {
  const { secrets, now } = options;
  const refused = (status: number, problem: string): Heard => ({
    atMs: now(),
    delivery: undefined,
    verified: false,
    status,
    problem,
  });
  if (request.method !== 'POST') return refused(405, `${request.method} instead of POST`);
  const body = await readBody(request);
  if (body === undefined) return refused(413, `a body of more than ${maxBodyBytes} bytes`);
  const { headers } = request;
  const verified = secrets.length > 0;
  try {
    const delivery = verified ? verify({ headers, body, secrets, now: now() }) : readDelivery(headers, body);
    return { atMs: now(), delivery, verified, status: options.decide(), problem: undefined };
  } catch (error) {
    if (!(error instanceof VerificationError)) throw error;
    return refused(error.reason === 'invalid-event' ? 400 : 401, `${error.reason}: ${error.message}`);
  }
}

async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // The connection must live on until the answer is sent.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > maxBodyBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
