import * as zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bodyBytes } from '../../../functions/middleware/api.ts';
import { acceptedCodings, decodeContent } from '../../../lib/runtime/http/content-encoding.ts';

const text = Buffer.from(JSON.stringify({ type: 'a.b', data: { n: 12345678901234567890n.toString() } }));
const zeros = (bytes: number) => Buffer.alloc(bytes, 0x30);
async function code(decode: () => Uint8Array | Promise<Uint8Array>): Promise<string> {
  try {
    await decode();
    return 'decoded';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

describe('the content encoding of a body', () => {
  it.each<[string | undefined, Buffer]>([
    [undefined, text],
    ['', text],
    ['identity', text],
    ['Identity, IDENTITY', text],
    ['gzip', zlib.gzipSync(text)],
    ['x-gzip', zlib.gzipSync(text)],
    ['GZIP', zlib.gzipSync(text)],
    ['br', zlib.brotliCompressSync(text)],
    ['zstd', zlib.zstdCompressSync(text)],
    ['gzip, br', zlib.brotliCompressSync(zlib.gzipSync(text))],
    [' br ,, identity , zstd', zlib.zstdCompressSync(zlib.brotliCompressSync(text))],
    ['gzip, gzip, gzip', zlib.gzipSync(zlib.gzipSync(zlib.gzipSync(text)))],
    ['gzip', Buffer.concat([zlib.gzipSync(text.subarray(0, 9)), zlib.gzipSync(text.subarray(9))])],
  ])('%s is undone', async (encoding, body) => {
    expect(Buffer.from(decodeContent(body, encoding))).toEqual(text);
  });

  it.each<[string, Buffer, string]>([
    ['deflate', zlib.deflateSync(text), 'unsupported_encoding'],
    ['compress', text, 'unsupported_encoding'],
    ['gzip;q=1', zlib.gzipSync(text), 'unsupported_encoding'],
    ['constructor', text, 'unsupported_encoding'],
    ['gzip, gzip, gzip, gzip', text, 'unsupported_encoding'],
    ['gzip', text, 'malformed_body'],
    ['br', text, 'malformed_body'],
    ['zstd', text, 'malformed_body'],
    ['gzip', zlib.gzipSync(text).subarray(0, -1), 'malformed_body'],
    ['br', zlib.brotliCompressSync(text).subarray(0, -1), 'malformed_body'],
    ['zstd', zlib.zstdCompressSync(text).subarray(0, -1), 'malformed_body'],
    ['gzip', Buffer.concat([zlib.gzipSync(text), Buffer.from('more')]), 'malformed_body'],
    ['br', Buffer.concat([zlib.brotliCompressSync(text), Buffer.from('more')]), 'malformed_body'],
    ['zstd', Buffer.concat([zlib.zstdCompressSync(text), Buffer.from('more')]), 'malformed_body'],
    ['br, gzip', zlib.brotliCompressSync(zlib.gzipSync(text)), 'malformed_body'],
  ])('%s that cannot be undone is refused (%#)', async (encoding, body, expected) => {
    expect(await code(() => decodeContent(body, encoding))).toBe(expected);
  });

  it('is listed for whoever is refused', () => {
    expect(acceptedCodings).toBe('gzip, br, zstd');
  });

  it.each<[string, (body: Buffer) => Buffer]>([
    ['gzip', (body) => zlib.gzipSync(body)],
    ['br', (body) => zlib.brotliCompressSync(body, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } })],
    ['zstd', (body) => zlib.zstdCompressSync(body)],
  ])(
    '%s may grow to 64 KiB, beyond by a factor of 500, and to a mebibyte at most',
    async (coding, compress) => {
      expect(await decodeContent(compress(zeros(64 * 1024)), coding)).toHaveLength(64 * 1024);
      expect(await code(() => decodeContent(compress(zeros(600_000)), coding))).toBe(
        compress(zeros(600_000)).length * 500 > 600_000 ? 'decoded' : 'request_too_large',
      );
      // So little of it is the same that the factor does not matter.
      const random = Buffer.from(Array.from({ length: 2 ** 21 }, (_, at) => (at * at * 31) >> 7));
      expect(await code(() => decodeContent(compress(random), coding))).toBe('request_too_large');
    },
  );

  it.each<[string, (body: Buffer) => Buffer]>([
    ['gzip', (body) => zlib.gzipSync(body)],
    ['br', (body) => zlib.brotliCompressSync(body, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 4 } })],
    ['zstd', (body) => zlib.zstdCompressSync(body)],
  ])('of a bomb in %s is given up before it fills the memory', async (coding, compress) => {
    const bomb = compress(zeros(200_000_000));
    const before = process.memoryUsage().arrayBuffers;
    const startMs = performance.now();

    expect(await code(() => decodeContent(bomb, coding))).toBe('request_too_large');

    expect(performance.now() - startMs).toBeLessThan(250);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
  });

  it('of a bomb inside a bomb is given up at the outer one', async () => {
    const inner = zlib.gzipSync(zeros(200_000_000));
    expect(await code(() => decodeContent(zlib.gzipSync(zlib.gzipSync(inner)), 'gzip, gzip, gzip'))).toBe(
      'request_too_large',
    );
  });
});

describe('the body that a gateway hands over', () => {
  const read = (body: string | undefined, isBase64Encoded: boolean, headers: Record<string, string> = {}) =>
    bodyBytes({ body, isBase64Encoded, headers } as never);
  const length = (body: string) => ({ 'content-length': String(Buffer.byteLength(body)) });

  it.each<[string, string]>([
    ['has a replacement character that the client sent', '{"a":"\ufffd"}'],
    ['has none', '{"a":"é"}'],
  ])('as text stays as it is when it %s', async (_, body) => {
    expect(Buffer.from(await read(body, false, length(body))).toString()).toBe(body);
  });

  it('in base64 stays as it is, whatever its bytes are', async () => {
    const bytes = Buffer.from([0xff, 0xfe, 0x00]);
    expect(Buffer.from(await read(bytes.toString('base64'), true))).toEqual(bytes);
  });

  it.each<[string, number[]]>([
    ['one byte', [0x22, 0xff, 0x22]],
    ['half a character', [0x22, 0xc3, 0x22]],
    ['two thirds of a character', [0x22, 0xe2, 0x82, 0x22]],
    ['an overlong form', [0x22, 0xc0, 0xa0, 0x22]],
    ['half of a surrogate pair', [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ])('as text is refused when %s of it was not UTF-8', async (_, bytes) => {
    const body = Buffer.from(bytes).toString('utf8');
    const headers = { 'content-length': String(bytes.length) };
    expect(await code(() => read(body, false, headers))).toBe('malformed_json');
    expect(await code(() => read(body, false))).toBe('malformed_json');
  });

  it('has its content encoding undone', async () => {
    const headers = { 'content-encoding': 'gzip' };
    const body = zlib.gzipSync(text).toString('base64');
    expect(Buffer.from(await read(body, true, headers))).toEqual(text);
  });

  it('may be absent', async () => {
    expect(await read(undefined, false, { 'content-encoding': 'gzip' })).toHaveLength(0);
  });
});
