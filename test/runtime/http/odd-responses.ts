import { gzipSync } from 'node:zlib';
import { responseBytesMax } from '../../../lib/runtime/http/response-reader.ts';

/** Responses that are odd and count all the same, with what is read of each. */

export const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
export const noContent = 'HTTP/1.1 204 No Content\r\n\r\n';

interface OddResponse {
  readonly name: string;
  /** What is written in answer to a request, in one piece. */
  readonly bytes: string | Buffer;
  /** The connection is ended behind it. */
  readonly ends?: boolean;
  readonly status: number;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  /** Whether the next request may take the same connection. */
  readonly staysOpen: boolean;
}

export const accepted: readonly OddResponse[] = [
  // Interim responses (RFC 9110, section 15.2)
  {
    name: '100 Continue unasked',
    bytes: `HTTP/1.1 100 Continue\r\n\r\n${noContent}`,
    status: 204,
    staysOpen: true,
  },
  {
    name: '102 Processing',
    bytes: `HTTP/1.1 102 Processing\r\n\r\n${ok}`,
    status: 200,
    body: 'ok',
    staysOpen: true,
  },
  {
    name: '103 Early Hints with headers that are not of the response',
    bytes: `HTTP/1.1 103 Early Hints\r\nretry-after: 9\r\n\r\n${ok}`,
    status: 200,
    headers: { 'content-length': '2' },
    staysOpen: true,
  },
  { name: 'an unknown 1xx', bytes: `HTTP/1.1 199 Odd\r\n\r\n${ok}`, status: 200, staysOpen: true },
  {
    name: 'several interim responses',
    bytes: `${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(20)}HTTP/1.1 102 P\r\n\r\n${ok}`,
    status: 200,
    staysOpen: true,
  },
  {
    name: '100 before a failure',
    bytes: 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n',
    status: 503,
    staysOpen: true,
  },

  // Status lines (RFC 9112, section 4)
  {
    name: 'no reason phrase',
    bytes: 'HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n',
    status: 200,
    staysOpen: true,
  },
  {
    name: 'no reason phrase and no space',
    bytes: 'HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n',
    status: 200,
    staysOpen: true,
  },
  {
    name: 'a reason phrase in Latin-1',
    bytes: Buffer.from('HTTP/1.1 200 tr\u00e8s bien\r\ncontent-length: 0\r\n\r\n', 'latin1'),
    status: 200,
    staysOpen: true,
  },
  { name: 'empty lines before the status line', bytes: `\r\n\r\n${ok}`, status: 200, staysOpen: true },
  {
    name: 'a later minor version',
    bytes: 'HTTP/1.2 200 OK\r\ncontent-length: 0\r\n\r\n',
    status: 200,
    staysOpen: true,
  },
  {
    name: 'a status that is not defined',
    bytes: 'HTTP/1.1 299 Whatever\r\ncontent-length: 0\r\n\r\n',
    status: 299,
    staysOpen: true,
  },
  {
    name: 'a status of no class',
    bytes: 'HTTP/1.1 700 What\r\ncontent-length: 0\r\n\r\n',
    status: 700,
    staysOpen: true,
  },
  {
    name: 'HTTP/1.0 without length',
    bytes: 'HTTP/1.0 200 OK\r\n\r\nold',
    ends: true,
    status: 200,
    body: 'old',
    staysOpen: false,
  },
  {
    name: 'HTTP/1.0 with a length',
    bytes: 'HTTP/1.0 200 OK\r\ncontent-length: 3\r\n\r\nold',
    status: 200,
    body: 'old',
    staysOpen: false,
  },
  {
    name: 'HTTP/1.0 that stays open',
    bytes: 'HTTP/1.0 200 OK\r\nconnection: Keep-Alive\r\ncontent-length: 3\r\n\r\nold',
    status: 200,
    body: 'old',
    staysOpen: true,
  },

  // Fields (RFC 9112, section 5)
  {
    name: 'line feeds alone',
    bytes: 'HTTP/1.1 200 OK\ncontent-length: 2\n\nok',
    status: 200,
    body: 'ok',
    staysOpen: true,
  },
  {
    name: 'no space behind the colon',
    bytes: 'HTTP/1.1 200 OK\r\nx-a:b\r\ncontent-length:2\r\n\r\nok',
    status: 200,
    body: 'ok',
    headers: { 'x-a': 'b' },
    staysOpen: true,
  },
  {
    name: 'a space before the colon',
    bytes: 'HTTP/1.1 200 OK\r\ncontent-length : 2\r\n\r\nok',
    status: 200,
    body: 'ok',
    staysOpen: true,
  },
  {
    name: 'a folded field',
    bytes: 'HTTP/1.1 200 OK\r\nx-a: b\r\n\t c\r\ncontent-length: 2\r\n\r\nok',
    status: 200,
    headers: { 'x-a': 'b c' },
    staysOpen: true,
  },
  {
    name: 'space before the first field',
    bytes: 'HTTP/1.1 200 OK\r\n x-a: b\r\ncontent-length: 2\r\n\r\nok',
    status: 200,
    body: 'ok',
    staysOpen: true,
  },
  {
    name: 'a line without a colon',
    bytes: 'HTTP/1.1 200 OK\r\nnonsense\r\ncontent-length: 2\r\n\r\nok',
    status: 200,
    body: 'ok',
    staysOpen: true,
  },
  {
    name: 'a field without a value',
    bytes: 'HTTP/1.1 200 OK\r\nx-a:\r\ncontent-length: 2\r\n\r\nok',
    status: 200,
    headers: { 'x-a': '' },
    staysOpen: true,
  },
  {
    name: 'a field name that is no token',
    bytes: 'HTTP/1.1 200 OK\r\nx (a): b\r\ncontent-length: 2\r\n\r\nok',
    status: 200,
    body: 'ok',
    staysOpen: true,
  },
  {
    name: 'NUL and bare CR in a value',
    bytes: 'HTTP/1.1 200 OK\r\nx-a: b\0c\rd\r\ncontent-length: 2\r\n\r\nok',
    status: 200,
    headers: { 'x-a': 'b c d' },
    staysOpen: true,
  },
  {
    name: 'bytes beyond ASCII in a value',
    bytes: Buffer.from('HTTP/1.1 200 OK\r\nx-a: \u00e9\r\ncontent-length: 2\r\n\r\nok', 'utf8'),
    status: 200,
    body: 'ok',
    staysOpen: true,
  },
  {
    name: 'a field twice',
    bytes: 'HTTP/1.1 200 OK\r\nx-a: b\r\nX-A: c\r\ncontent-length: 2\r\n\r\nok',
    status: 200,
    headers: { 'x-a': 'b, c' },
    staysOpen: true,
  },
  {
    name: '32 KB of headers',
    bytes: `HTTP/1.1 200 OK\r\n${`x: ${'y'.repeat(1000)}\r\n`.repeat(32)}content-length: 2\r\n\r\nok`,
    status: 200,
    body: 'ok',
    staysOpen: true,
  },
  {
    name: 'a thousand headers',
    bytes: `HTTP/1.1 200 OK\r\n${Array.from({ length: 1000 }, (_, n) => `x${n}: 1\r\n`).join('')}content-length: 2\r\n\r\nok`,
    status: 200,
    body: 'ok',
    staysOpen: true,
  },

  // Where a body ends (RFC 9112, section 6.3)
  {
    name: '204 with a body',
    bytes: 'HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\nhello',
    status: 204,
    body: '',
    staysOpen: false,
  },
  {
    name: '204 with a body that no header tells of',
    bytes: 'HTTP/1.1 204 No Content\r\n\r\nhello',
    status: 204,
    body: '',
    staysOpen: false,
  },
  {
    name: '204 with chunks',
    bytes: 'HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n',
    status: 204,
    body: '',
    staysOpen: false,
  },
  {
    name: '204 with a length of 0',
    bytes: 'HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n',
    status: 204,
    staysOpen: true,
  },
  {
    name: '204 that announces a body and sends none',
    bytes: 'HTTP/1.1 204 No Content\r\ncontent-length: 9\r\n\r\n',
    status: 204,
    staysOpen: false,
  },
  {
    name: '205 with a body',
    bytes: 'HTTP/1.1 205 Reset Content\r\ncontent-length: 2\r\n\r\nok',
    status: 205,
    body: 'ok',
    staysOpen: true,
  },
  {
    name: '304 with a length',
    bytes: 'HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n',
    status: 304,
    body: '',
    staysOpen: false,
  },
  { name: 'more bytes than its length', bytes: `${ok}and more`, status: 200, body: 'ok', staysOpen: false },
  {
    name: 'a second response behind it',
    bytes: `${ok}HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n`,
    status: 200,
    body: 'ok',
    staysOpen: false,
  },
  { name: 'a line break behind it', bytes: `${ok}\r\n`, status: 200, body: 'ok', staysOpen: false },
  {
    name: 'fewer bytes than its length',
    bytes: 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf',
    ends: true,
    status: 200,
    body: 'half',
    staysOpen: false,
  },
  {
    name: 'no length, and a body until the end',
    bytes: 'HTTP/1.1 200 OK\r\n\r\nall of it',
    ends: true,
    status: 200,
    body: 'all of it',
    staysOpen: false,
  },
  {
    name: 'Connection: close without length',
    bytes: 'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nall of it',
    ends: true,
    status: 200,
    body: 'all of it',
    staysOpen: false,
  },
  {
    name: 'Connection: close with a length, and the connection left open',
    bytes: 'HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok',
    status: 200,
    body: 'ok',
    staysOpen: false,
  },
  {
    name: 'close among other options',
    bytes: 'HTTP/1.1 200 OK\r\nconnection: x-a, Close\r\ncontent-length: 2\r\n\r\nok',
    status: 200,
    body: 'ok',
    staysOpen: false,
  },
  {
    name: 'the same length twice',
    bytes: 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok',
    status: 200,
    body: 'ok',
    staysOpen: true,
  },
  {
    name: 'the same length twice in one field',
    bytes: 'HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nok',
    status: 200,
    body: 'ok',
    staysOpen: true,
  },
  {
    name: 'a length and chunks',
    bytes: 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    status: 200,
    body: 'ok',
    staysOpen: false,
  },
  {
    name: 'a transfer coding that is not known',
    bytes: 'HTTP/1.1 200 OK\r\ntransfer-encoding: x-odd\r\n\r\nwhatever',
    ends: true,
    status: 200,
    body: 'whatever',
    staysOpen: false,
  },
  {
    name: 'Transfer-Encoding: identity',
    bytes: 'HTTP/1.1 200 OK\r\ntransfer-encoding: identity\r\ncontent-length: 2\r\n\r\nok',
    ends: true,
    status: 200,
    body: 'ok',
    staysOpen: false,
  },
  {
    name: 'HEAD-like silence: a length of 0',
    bytes: 'HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n',
    status: 202,
    body: '',
    staysOpen: true,
  },

  // Chunks (RFC 9112, section 7.1)
  {
    name: 'chunks',
    bytes: 'HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n',
    status: 200,
    body: 'abc0123456789',
    staysOpen: true,
  },
  {
    name: 'chunks with extensions and trailers',
    bytes:
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2;a=b;c="d;e"\r\nok\r\n0;last\r\nretry-after: 9\r\nx-b: c\r\n\r\n',
    status: 200,
    body: 'ok',
    headers: { 'transfer-encoding': 'chunked' },
    staysOpen: true,
  },
  {
    name: 'chunks with line feeds alone and spaces',
    bytes: 'HTTP/1.1 200 OK\ntransfer-encoding: chunked\n\n002 \nok\n0\n\n',
    status: 200,
    body: 'ok',
    staysOpen: true,
  },
  {
    name: 'a chunk size that is none',
    bytes: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\nzz\r\n',
    status: 200,
    body: 'ok',
    staysOpen: false,
  },
  {
    name: 'a chunk longer than its size',
    bytes: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nok\r\n0\r\n\r\n',
    status: 200,
    body: 'o',
    staysOpen: false,
  },
  {
    name: 'chunks that end without the last',
    bytes: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n',
    ends: true,
    status: 200,
    body: 'ok',
    staysOpen: false,
  },

  // Bodies (RFC 9110, section 8.4)
  {
    name: 'a gzipped body that nobody asked for',
    bytes: Buffer.concat([
      Buffer.from(
        `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${gzipSync('hello').length}\r\n\r\n`,
      ),
      gzipSync('hello'),
    ]),
    status: 200,
    body: 'hello',
    staysOpen: true,
  },
  {
    name: 'a body that is gzipped only by its header',
    bytes: 'HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nok',
    status: 200,
    body: 'ok',
    staysOpen: true,
  },
  {
    name: 'a gzipped bomb',
    bytes: (() => {
      const bomb = gzipSync(Buffer.alloc(8 * 1024 * 1024));
      return Buffer.concat([
        Buffer.from(`HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: ${bomb.length}\r\n\r\n`),
        bomb,
      ]);
    })(),
    status: 200,
    staysOpen: true,
  },
  {
    name: 'a body that is not UTF-8',
    bytes: Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n\xff\xfe', 'latin1'),
    status: 200,
    body: '\ufffd\ufffd',
    staysOpen: true,
  },
  {
    name: 'a body longer than the limit',
    bytes: `HTTP/1.1 200 OK\r\ncontent-length: 200000\r\n\r\n${'x'.repeat(200_000)}`,
    status: 200,
    body: 'x'.repeat(responseBytesMax),
    staysOpen: false,
  },

  // A status that fails is told as well however its body breaks off
  {
    name: '500 that breaks off',
    bytes: 'HTTP/1.1 500 No\r\ncontent-length: 9\r\n\r\nhalf',
    ends: true,
    status: 500,
    body: 'half',
    staysOpen: false,
  },
  {
    name: 'a redirect without a place',
    bytes: 'HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n',
    status: 302,
    staysOpen: true,
  },
];
