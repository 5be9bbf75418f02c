import * as zlib from 'node:zlib';
import { BusbarError } from '../../core/kernel/errors.ts';
import { bus } from '../../core/kernel/limits.ts';

/** Codings that are decoded one after the other; more have no use. */
const codingsMax = 3;
/** A body may grow by this factor: JSON seldom does by more than 50, and a bomb does by 1000 and more. */
const ratioMax = 500;
/** A small body may grow to this size by any factor. */
const smallBytes = 64 * 1024;
/** 8 MiB, which every decoder supports (RFC 8878, section 3.1.1.1.2); more would only fill the memory. */
const zstdWindowLogMax = 23;

/**
 * Synchronous: what is decoded is small, and takes a millisecond; under a virtual clock it must take no time at all.
 */
type Decoder = (
  body: Uint8Array,
  options: zlib.ZlibOptions & zlib.BrotliOptions & zlib.ZstdOptions,
) => unknown;

const decoders = new Map<string, Decoder>([
  ['gzip', zlib.gunzipSync as Decoder],
  ['x-gzip', zlib.gunzipSync as Decoder],
  ['br', zlib.brotliDecompressSync as Decoder],
]);
// Node has it since 22.15.
if (zlib.zstdDecompressSync !== undefined) decoders.set('zstd', zlib.zstdDecompressSync as Decoder);

/** The codings that a request may use, as `accept-encoding` lists them. */
export const acceptedCodings = [...decoders.keys()].filter((coding) => coding !== 'x-gzip').join(', ');

/**
 * Undoes the codings of a body (RFC 9110, section 8.4). It stops as soon as the result is too large, so a bomb takes no
 * more time or memory than any other body.
 * @throws BusbarError unsupported_encoding, malformed_body, request_too_large.
 */
export function decodeContent(body: Uint8Array, contentEncoding: string | undefined): Uint8Array {
  if (contentEncoding === undefined || body.length === 0) return body;
  const codings = contentEncoding
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity');
  const unknown = codings.find((coding) => !decoders.has(coding));
  if (unknown !== undefined || codings.length > codingsMax) {
    const problem =
      unknown === undefined
        ? `has ${codings.length} codings; at most ${codingsMax} are decoded`
        : `has the coding ${JSON.stringify(unknown.slice(0, 40))}, which is not supported`;
    throw new BusbarError(
      'unsupported_encoding',
      `The content encoding ${problem}. Send the body as it is, or as one of ${acceptedCodings}.`,
    );
  }
  let decoded = body;
  // They are listed in the order in which they were applied.
  for (const coding of codings.reverse()) decoded = decode(decoded, coding);
  return decoded;
}

function decode(body: Uint8Array, coding: string): Uint8Array {
  const bytesMax = Math.min(bus.requestBytesMax, Math.max(smallBytes, body.length * ratioMax));
  const params = coding === 'zstd' ? { [zlib.constants.ZSTD_d_windowLogMax]: zstdWindowLogMax } : undefined;
  const options = { maxOutputLength: bytesMax, info: true, ...(params !== undefined && { params }) };
  let result: unknown;
  try {
    result = decoders.get(coding)?.(body, options);
  } catch (error) {
    const isTooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
    throw isTooLarge ? tooLarge(coding, body.length, bytesMax) : malformed(coding, error as Error);
  }
  const { buffer, engine } = result as { buffer: Uint8Array; engine: { bytesWritten: number } };
  // The decoders of Node leave out what follows the end.
  if (engine.bytesWritten !== body.length) throw malformed(coding, new Error('Bytes follow its end'));
  return buffer;
}

const tooLarge = (coding: string, bytes: number, bytesMax: number) =>
  new BusbarError(
    'request_too_large',
    `The body of ${bytes} bytes in ${coding} has more than ${bytesMax} bytes when decoded. Send fewer events at a time.`,
  );

const malformed = (coding: string, cause: Error) =>
  new BusbarError(
    'malformed_body',
    `The body is not valid ${coding}, which its content-encoding says: ${cause.message}. Send what it says, or leave the header out.`,
    { cause },
  );
