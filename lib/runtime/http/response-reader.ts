/** How many bytes of a response body are read; the rest is ignored. */
export const responseBytesMax = 64 * 1024;

/** What the status lines and headers of a response, interim ones included, may take together. */
export const headBytesMax = 64 * 1024;

/** The final status line and headers of a response. */
export interface ResponseHead {
  readonly status: number;
  /** Names in lower case; the values of a repeated field are joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Reads one response of HTTP/1.1 (RFC 9112) as it arrives. It is as lenient as a client may be: the endpoint has the
 * request already, and a response that is refused over its form has the event posted again. What it cannot take is what
 * leaves open how the request ended.
 */
export interface ResponseReader {
  push(bytes: Buffer): void;
  /** The connection has ended. */
  end(): void;
  /** Whether any byte of a response came. */
  readonly hasBegun: boolean;
  /** Undefined until the final status and all headers are there. */
  readonly head: ResponseHead | undefined;
  /** Why there will be no head. */
  readonly problem: string | undefined;
  /** What came does not begin like a response. */
  readonly isForeign: boolean;
  /** Nothing more is read: the response is complete, its body is cut, or there is a problem. */
  readonly isDone: boolean;
  /** The whole response came and nothing after it, and the connection stays open: it may carry another request. */
  readonly leavesConnection: boolean;
  /** The body as far as it was read, at most `responseBytesMax` bytes. */
  body(): Buffer;
}

type State =
  | 'status'
  | 'fields'
  | 'counted'
  | 'chunk-size'
  | 'chunk'
  | 'chunk-end'
  | 'trailers'
  | 'until-close'
  | 'complete'
  | 'cut';

const lf = 0x0a;
/** The reason may be missing, and the space before it (RFC 9112, section 4). */
const statusLine = /^HTTP\/1\.\d[ \t]+(\d{3})(?:[ \t].*)?$/i;
/** Extensions are ignored (RFC 9112, section 7.1.1). Thirteen digits are safe as a number. */
const chunkSize = /^[ \t]*([0-9a-f]{1,13})[ \t]*(?:;.*)?$/i;

export function createResponseReader(method: string): ResponseReader {
  let state: State = 'status';
  let hasBegun = false;
  let problem: string | undefined;
  let isForeign = false;
  /** The parts of a line whose end has not come. */
  let held: Buffer[] = [];
  let lineBytes = 0;
  let status = 0;
  let isOldVersion = false;
  let fields = new Map<string, string>();
  /** The field that a folded line continues. */
  let folding: string | undefined;
  let head: ResponseHead | undefined;
  let mayStayOpen = false;
  /** What is left of the body or of a chunk. */
  let left = 0;
  let chunks: Buffer[] = [];
  let bodyBytes = 0;
  let wireBytes = 0;

  const isDone = () => state === 'complete' || state === 'cut';

  function push(bytes: Buffer): void {
    hasBegun = true;
    if (head !== undefined) wireBytes += bytes.length;
    let at = 0;
    while (at < bytes.length) {
      switch (state) {
        case 'complete':
          // RFC 9112, section 6.3: it must not be taken for another response.
          mayStayOpen = false;
          return;
        case 'cut':
          return;
        case 'counted':
        case 'chunk': {
          const part = bytes.subarray(at, at + left);
          keep(part);
          at += part.length;
          left -= part.length;
          if (left === 0) state = state === 'chunk' ? 'chunk-end' : 'complete';
          break;
        }
        case 'until-close':
          keep(bytes.subarray(at));
          at = bytes.length;
          break;
        default:
          at = pushLine(bytes, at);
      }
    }
    // An endless body must not hold us; overhead of its chunks counts.
    if (!isDone() && (bodyBytes >= responseBytesMax || wireBytes >= 2 * responseBytesMax)) state = 'cut';
  }

  /** A line ends with CRLF; LF alone is taken as well (RFC 9112, section 2.2). Returns where the next one begins. */
  function pushLine(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(lf, at);
    const part = bytes.subarray(at, end === -1 ? bytes.length : end);
    lineBytes += part.length + 1;
    if (lineBytes > headBytesMax) {
      refuse(`Its status and headers are longer than ${headBytesMax} bytes.`);
      return bytes.length;
    }
    held.push(part);
    if (end === -1) {
      if (state === 'status') requireHttp(held);
      return bytes.length;
    }
    const whole = held.length === 1 ? part : Buffer.concat(held);
    held = [];
    readLine(whole.toString('latin1').replace(/\r$/, ''));
    return end + 1;
  }

  /** What is no HTTP from its first bytes on may never send a line's end. */
  function requireHttp(parts: readonly Buffer[]): void {
    const start = Buffer.concat(parts.slice(0, 6))
      .subarray(0, 5)
      .toString('latin1')
      .replace(/^\r/, '')
      .toUpperCase();
    if (!'HTTP/'.startsWith(start)) refuseForeign();
  }

  function readLine(line: string): void {
    switch (state) {
      case 'status':
        // Empty lines before a status line are left over from a body before it.
        if (line !== '') readStatus(line);
        break;
      case 'fields':
        if (line === '') endOfFields();
        else readField(line);
        break;
      case 'chunk-size': {
        const size = chunkSize.exec(line)?.[1];
        left = Number.parseInt(size ?? '0', 16);
        lineBytes = 0;
        state = size === undefined ? 'cut' : left === 0 ? 'trailers' : 'chunk';
        break;
      }
      case 'chunk-end':
        state = line === '' ? 'chunk-size' : 'cut';
        break;
      case 'trailers':
        if (line === '') state = 'complete';
    }
  }

  function readStatus(line: string): void {
    const digits = statusLine.exec(line)?.[1];
    if (digits === undefined) {
      refuseForeign();
      return;
    }
    status = Number(digits);
    isOldVersion = /^HTTP\/1\.0/i.test(line);
    fields = new Map();
    folding = undefined;
    state = 'fields';
  }

  function readField(line: string): void {
    // RFC 9110, section 5.5: CR and NUL are replaced, whatever they meant.
    const plain = line.replaceAll(/[\r\0]/g, ' ');
    if (/^[ \t]/.test(plain)) {
      // An obsolete fold (RFC 9112, section 5.2); before the first field it is ignored (section 2.2).
      if (folding !== undefined) fields.set(folding, `${fields.get(folding)} ${plain.trim()}`.trim());
      return;
    }
    const colon = plain.indexOf(':');
    // What has no name or no colon is no field, and says nothing.
    folding = colon > 0 ? plain.slice(0, colon).trim().toLowerCase() : undefined;
    if (folding === undefined) return;
    const value = plain.slice(colon + 1).trim();
    const before = fields.get(folding);
    fields.set(folding, before === undefined ? value : `${before}, ${value}`);
  }

  function endOfFields(): void {
    // Nobody asked for an upgrade, so what follows is in no protocol that was agreed on (RFC 9110, section 7.8).
    if (status === 101) {
      refuse('It switches protocols (101), which nobody asked for.');
      return;
    }
    if (status >= 100 && status < 200) {
      // Interim responses may come unasked, any number of them (RFC 9110, section 15.2).
      state = 'status';
      return;
    }
    const framing = framingOf(method, status, fields);
    if (framing.kind === 'unclear') {
      refuse(framing.problem);
      return;
    }
    // Without a prototype, so that a header named `__proto__` is one like any other.
    head = { status, headers: Object.assign(Object.create(null), Object.fromEntries(fields)) };
    mayStayOpen = framing.isCertain && staysOpen(fields, isOldVersion);
    lineBytes = 0;
    if (framing.kind === 'counted') left = framing.bytes;
    state = framing.kind === 'counted' && left === 0 ? 'complete' : framing.kind;
  }

  function keep(part: Buffer): void {
    const wanted = part.subarray(0, responseBytesMax - bodyBytes);
    bodyBytes += wanted.length;
    if (wanted.length > 0) chunks.push(wanted);
  }

  function refuseForeign(): void {
    isForeign = true;
    refuse('Its first line is not a status line.');
  }

  function refuse(why: string): void {
    problem ??= head === undefined ? `The response is not valid HTTP/1.1. ${why}` : undefined;
    state = 'cut';
  }

  return {
    push,
    end() {
      if (state === 'until-close') state = 'complete';
      else if (state !== 'complete') state = 'cut';
      mayStayOpen = false;
    },
    get hasBegun() {
      return hasBegun;
    },
    get head() {
      return head;
    },
    get problem() {
      return problem;
    },
    get isForeign() {
      return isForeign;
    },
    get isDone() {
      return isDone();
    },
    get leavesConnection() {
      return state === 'complete' && mayStayOpen;
    },
    body() {
      const body = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
      chunks = [body];
      return body;
    },
  };
}

type Framing =
  | { readonly kind: 'complete' | 'chunk-size' | 'until-close'; readonly isCertain: boolean }
  | { readonly kind: 'counted'; readonly bytes: number; readonly isCertain: boolean }
  | { readonly kind: 'unclear'; readonly problem: string };

/**
 * How the body of a response ends (RFC 9112, section 6.3). `isCertain` where nothing contradicts it: else the connection is
 * not used again, for its next bytes could be of this body.
 */
function framingOf(method: string, status: number, fields: ReadonlyMap<string, string>): Framing {
  const coding = fields.get('transfer-encoding');
  const length = fields.get('content-length');
  if (method === 'HEAD' || status === 204 || status === 304) {
    return {
      kind: 'complete',
      isCertain: coding === undefined && (length === undefined || /^0+$/.test(length)),
    };
  }
  if (coding !== undefined) {
    // The last coding alone frames the body; it overrides a length.
    const last = /([^\s,;]+)\s*(?:;[^,]*)?[\s,]*$/.exec(coding)?.[1]?.toLowerCase();
    if (last !== 'chunked') return { kind: 'until-close', isCertain: false };
    return { kind: 'chunk-size', isCertain: length === undefined };
  }
  if (length === undefined) return { kind: 'until-close', isCertain: false };
  // A length that is repeated counts when all are equal; else the response must be discarded.
  const lengths = length.split(',').map((one) => (/^\s*\d+\s*$/.test(one) ? Number(one) : Number.NaN));
  const [bytes = Number.NaN] = lengths;
  if (Number.isNaN(bytes) || lengths.some((one) => one !== bytes)) {
    return { kind: 'unclear', problem: 'Its Content-Length is not one number.' };
  }
  return { kind: 'counted', bytes, isCertain: true };
}

/** RFC 9112, section 9.3. */
function staysOpen(fields: ReadonlyMap<string, string>, isOldVersion: boolean): boolean {
  const options = (fields.get('connection') ?? '').toLowerCase().split(/[\s,]+/);
  return !options.includes('close') && (!isOldVersion || options.includes('keep-alive'));
}
