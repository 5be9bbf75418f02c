import { session } from './session.ts';
import type { FieldError } from './types.ts';

/** A problem document (RFC 9457), or what stands for one where there was no answer. */
interface Said {
  readonly code?: string;
  readonly title?: string;
  readonly detail: string;
  readonly errors?: readonly FieldError[];
}

/** What the bus refused, as it said it, or why it could not be asked. */
export class CallError extends Error {
  /** 0 when there was no answer. */
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly fields: readonly FieldError[];
  readonly retryAfterSeconds: number | undefined;
  /** Further members of the problem document, such as `breaking`. */
  readonly members: Readonly<Record<string, unknown>>;

  constructor(status: number, said: Said, retryAfterSeconds?: number) {
    const { code, title, detail, errors = [] } = said;
    super(detail);
    this.name = 'CallError';
    this.status = status;
    this.code = code ?? 'unknown';
    this.title = title ?? '';
    this.fields = errors;
    this.retryAfterSeconds = retryAfterSeconds;
    this.members = { ...said };
  }
}

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface CallOptions {
  readonly query?: Query | undefined;
  readonly body?: unknown;
  /** JSON unless it is a merge patch or an event. */
  readonly contentType?: string;
  readonly signal?: AbortSignal;
  /** Signs in with another credential than the present one, or with none. */
  readonly credential?: string | undefined;
}

export type Method = 'GET' | 'PUT' | 'POST' | 'PATCH' | 'DELETE';

/** Answers that have a tag, so that the bus need not send them again while they are the same. */
const known = new Map<string, { readonly etag: string; readonly document: unknown }>();
const knownMax = 100;

/** Ends what is known of another caller. */
session.subscribe(() => known.clear());

const timeoutMs = 40_000;

/**
 * Calls the API. A path is below `/v1`, and its parts are encoded (`path`).
 * @throws CallError with what the bus said; with the status 0 where it did not answer.
 */
export async function call<Answer>(method: Method, at: string, options: CallOptions = {}): Promise<Answer> {
  const { query = {}, body, contentType = 'application/json', signal } = options;
  const parameters = new URLSearchParams(
    Object.entries(query).flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [[name, String(value)] as [string, string]],
    ),
  );
  const url = `/v1${at}${parameters.size === 0 ? '' : `?${parameters}`}`;
  const before = method === 'GET' ? known.get(url) : undefined;
  const signedIn = session.get();
  const credential = 'credential' in options ? options.credential : signedIn?.credential;
  const response = await ask(url, {
    method,
    cache: 'no-store',
    headers: {
      ...(credential !== undefined && { authorization: `Bearer ${credential}` }),
      ...(signedIn?.application !== undefined && { 'busbar-application': signedIn.application }),
      ...(before !== undefined && { 'if-none-match': before.etag }),
      ...(body !== undefined && { 'content-type': contentType }),
    },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    signal: AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])]),
  });
  if (response.status === 304 && before !== undefined) return before.document as Answer;
  const document: unknown = await documentOf(response);
  if (!response.ok) throw refusalOf(response, document);
  const etag = response.headers.get('etag');
  if (method === 'GET' && etag !== null) remember(url, etag, document);
  return document as Answer;
}

async function ask(url: string, request: RequestInit): Promise<Response> {
  try {
    return await fetch(url, request);
  } catch (error) {
    if (request.signal?.aborted === true && (error as Error).name === 'AbortError') throw error;
    const timedOut = (error as Error).name === 'TimeoutError';
    throw new CallError(0, {
      code: timedOut ? 'timeout' : 'unreachable',
      title: '',
      detail: timedOut
        ? `The bus did not answer within ${timeoutMs / 1000} seconds. It may be busy; try again.`
        : 'The bus cannot be reached. Check the network, or whether it still runs.',
    });
  }
}

async function documentOf(response: Response): Promise<unknown> {
  const text = await response.text();
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function refusalOf(response: Response, document: unknown): CallError {
  const problem = typeof document === 'object' && document !== null ? (document as Partial<Said>) : {};
  const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
  // The gateway answers with a message of its own.
  const message = (document as { message?: unknown } | undefined)?.message;
  const detail =
    problem.detail ?? (typeof message === 'string' ? message : `The bus answered ${response.status}.`);
  return new CallError(
    response.status,
    { ...problem, detail },
    Number.isFinite(retryAfter) ? retryAfter : undefined,
  );
}

function remember(url: string, etag: string, document: unknown): void {
  known.delete(url);
  known.set(url, { etag, document });
  const [oldest] = known.keys();
  if (known.size > knownMax && oldest !== undefined) known.delete(oldest);
}

/** A path of which each value is encoded: path`/receivers/${name}/pause`. */
export const path = (texts: TemplateStringsArray, ...values: readonly string[]): string =>
  texts.reduce(
    (whole, text, at) => `${whole}${at === 0 ? '' : encodeURIComponent(values[at - 1] ?? '')}${text}`,
    '',
  );
