import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { AwsError } from './engines/engine.ts';

/** What a caller of the AWS endpoint signs with. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** The parts of a request that a signature covers. */
export interface SignedRequest {
  readonly method: string;
  /** As on the wire, without the query. */
  readonly path: string;
  /** As on the wire, without the question mark. */
  readonly query: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
const skewMsMax = 15 * 60_000;

/**
 * Checks the signature (Signature Version 4) of a request against the only credentials there are.
 * @returns the error that AWS answers with, by the name that the service has for it; undefined if the request is signed
 * correctly.
 */
export function signatureFault(
  request: SignedRequest,
  credentials: Credentials,
  nowMs: number,
): AwsError | undefined {
  const { headers } = request;
  const { authorization } = headers;
  if (authorization === undefined || !authorization.startsWith('AWS4-HMAC-SHA256 ')) {
    return new AwsError('MissingAuthenticationToken', 'The request is not signed with SigV4.', {
      status: 403,
    });
  }
  const given = parseAuthorization(authorization);
  const name = errorNames(given?.service ?? '');
  const time = headers['x-amz-date'] ?? '';
  const signedMs = parseTime(time);
  if (given === undefined || signedMs === undefined) {
    return name.incomplete(
      'The Authorization header must have Credential, SignedHeaders and Signature, with an X-Amz-Date header such as 20260101T120000Z.',
    );
  }
  if (given.accessKeyId !== credentials.accessKeyId) {
    return name.unknownKey('The security token included in the request is invalid.');
  }
  if (given.date !== time.slice(0, 8)) {
    return name.mismatch('Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date.');
  }
  const differenceMs = nowMs - signedMs;
  if (Math.abs(differenceMs) > skewMsMax) {
    return name.expired(
      differenceMs > 0
        ? `Signature expired: ${time} is more than 15 minutes ago.`
        : `Signature not yet current: ${time} is more than 15 minutes ahead.`,
    );
  }
  const unsigned = Object.keys(headers).filter(
    (header) => (header === 'host' || header.startsWith('x-amz-')) && !given.signedHeaders.includes(header),
  );
  if (unsigned.length > 0) {
    return name.mismatch(`These headers must be signed: ${unsigned.join(', ')}.`);
  }
  const expected = signatureOf(request, given, time, credentials.secretAccessKey);
  if (matches(given.signature, expected)) return undefined;
  return name.mismatch(
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
  );
}

/** Services of the query protocol, and SQS by tradition, have other names for the errors than the later ones. */
function errorNames(service: string) {
  const isQuery = service === 'sns' || service === 'sqs';
  const isRest = service === 'lambda' || service === 'scheduler';
  const make = (query: string, later: string, queryStatus: number) => (message: string) =>
    isQuery
      ? new AwsError(query, message, { status: queryStatus, queryCode: query })
      : new AwsError(later, message, { status: isRest ? 403 : 400 });
  return {
    incomplete: make('IncompleteSignature', 'IncompleteSignatureException', 400),
    unknownKey: make('InvalidClientTokenId', 'UnrecognizedClientException', 403),
    mismatch: make('SignatureDoesNotMatch', 'InvalidSignatureException', 403),
    expired: make('RequestExpired', 'InvalidSignatureException', 400),
  };
}

interface Authorization {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const authorizationPattern =
  /^AWS4-HMAC-SHA256\s+Credential=([^/,\s]+)\/(\d{8})\/([^/,\s]+)\/([^/,\s]+)\/aws4_request\s*,\s*SignedHeaders=([^,\s]+)\s*,\s*Signature=([0-9a-f]{64})\s*$/;

function parseAuthorization(text: string): Authorization | undefined {
  const [, accessKeyId, date, region, service, signedHeaders, signature] =
    authorizationPattern.exec(text) ?? [];
  if (accessKeyId === undefined || date === undefined || region === undefined) return undefined;
  if (service === undefined || signedHeaders === undefined || signature === undefined) return undefined;
  return { accessKeyId, date, region, service, signedHeaders: signedHeaders.split(';'), signature };
}

/** Epoch milliseconds of `20260101T120000Z`. */
function parseTime(text: string): number | undefined {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text) ?? [];
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}

function signatureOf(
  request: SignedRequest,
  { date, region, service, signedHeaders }: Authorization,
  time: string,
  secretAccessKey: string,
): Buffer {
  const canonical = [
    request.method,
    canonicalPath(request.path),
    canonicalQuery(request.query),
    ...signedHeaders.map((name) => `${name}:${(request.headers[name] ?? '').trim().replaceAll(/\s+/g, ' ')}`),
    '',
    signedHeaders.join(';'),
    createHash('sha256').update(request.body).digest('hex'),
  ].join('\n');
  const scope = [date, region, service, 'aws4_request'];
  const text = [
    'AWS4-HMAC-SHA256',
    time,
    scope.join('/'),
    createHash('sha256').update(canonical).digest('hex'),
  ].join('\n');
  const key = scope.reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`);
  return hmac(key, text);
}

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest();

/** Every service but S3 normalises the path and encodes what the client already encoded once more. */
function canonicalPath(path: string): string {
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') segments.pop();
    else segments.push(segment);
  }
  const end = segments.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${segments.map(encode).join('/')}${end}`;
}

function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const cut = part.indexOf('=');
      const [name, value] = cut < 0 ? [part, ''] : [part.slice(0, cut), part.slice(cut + 1)];
      return [encode(decode(name)), encode(decode(value))] as const;
    })
    .sort(([name, value], [other, otherValue]) => compare(name, other) || compare(value, otherValue))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A malformed escape: encoding it as it is cannot match any signature of an SDK.
    return text;
  }
}

/** Percent-encodes everything except the unreserved characters of RFC 3986. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0);

function matches(given: string, expected: Buffer): boolean {
  const bytes = Buffer.from(given, 'hex');
  return bytes.length === expected.length && timingSafeEqual(bytes, expected);
}
