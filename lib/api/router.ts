import type { Credentials } from '../app/access/authenticate.ts';
import type { Act, Auditor, Complete } from '../app/audit/auditor.ts';
import type { Principal } from '../core/access/access.ts';
import { requireAllowed } from '../core/access/decide.ts';
import { changeOf, isCounted, targetOf } from '../core/audit/audit.ts';
import { textOf } from '../core/event/forms.ts';
import { BusbarError, invalidField } from '../core/kernel/errors.ts';
import { etagOf, isKnown } from '../core/kernel/etag.ts';
import { roundedNumber } from '../core/kernel/exact-numbers.ts';
import { parseStrictJson, requirePlain } from '../core/kernel/json.ts';
import { nameSchema, parseSpec } from '../core/kernel/spec.ts';
import { bodyTypesOf, type Call, type DescribedCall, isAudited, isEvents, nameOf, needFor } from './call.ts';
import { readParameters, readQuery } from './parameters.ts';

/** A request of the HTTP API, however it came. */
export interface ApiRequest {
  readonly method: string;
  /** Decoded. */
  readonly path: string;
  readonly query: Readonly<Record<string, string | undefined>>;
  /** By names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The network address that it came from. */
  readonly address: string;
  /** Read once the sender is known. @throws BusbarError when it cannot be decoded. */
  readonly body: () => Promise<Uint8Array>;
  readonly requestId: string;
  /** The hosts under which the bus itself is reached. */
  readonly ownHosts: readonly string[];
}

export interface ApiResponse {
  readonly status: number;
  /** The JSON document; none for 204 and 304. */
  readonly document?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Router<Tools> {
  readonly calls: readonly Call<Tools>[];
  readonly tools: Tools;
  /** Who sends a request. @throws BusbarError unauthorized, too_many_wrong_keys; for people also forbidden, unavailable. */
  readonly authenticate: (credentials: Credentials) => Promise<Principal>;
  readonly auditor: Auditor;
  /** The applications that own what a path names. */
  readonly ownersOf: (names: Readonly<Record<string, string>>) => Promise<readonly string[]>;
  /** Calls of other functions, which unknown calls are told of, too. */
  readonly elsewhere: readonly DescribedCall[];
}

/** Carries out a request. @throws BusbarError unknown_route, method_not_allowed, and what the call is refused with. */
export function createRouter<Tools>(router: Router<Tools>) {
  const { calls, elsewhere } = router;
  const routes = calls.map((call) => ({ call, pattern: patternOf(call.path) }));
  return async (request: ApiRequest): Promise<ApiResponse> => {
    for (const { call, pattern } of routes) {
      if (call.method !== request.method) continue;
      const match = pattern.exec(request.path);
      if (match !== null) return await carryOut(router, call, match.groups ?? {}, request);
    }
    throw unknownCall([...calls, ...elsewhere], request);
  };
}

/** Every call that changes something has a row in the audit before it does, and every refusal is counted there. */
async function carryOut<Tools>(
  { tools, authenticate, auditor, ownersOf }: Router<Tools>,
  call: Call<Tools>,
  path: Readonly<Record<string, string>>,
  request: ApiRequest,
): Promise<ApiResponse> {
  let act: Act = {
    principal: undefined,
    call: nameOf(call),
    target: targetOf(call.path, path),
    requestId: request.requestId,
    owners: () => ownersOf(path),
  };
  let complete: Complete = async (status) => {
    if (isCounted(status)) await auditor.refused(act, status);
  };
  try {
    if (call.caller !== 'anyone') {
      const { authorization, 'busbar-application': application } = request.headers;
      const principal = await authenticate({ authorization, address: request.address, application });
      act = { ...act, principal };
      requireAllowed(principal, needFor(call, path));
    }
    const { principal } = act;
    const input = await inputOf(call, path, request);
    act = { ...act, change: isEventsBody(call) ? undefined : changeOf(input.body) };
    // Anyone may try as often as they like: what they do has a row once it has succeeded.
    if (isAudited(call) && principal !== undefined) complete = await auditor.begin(act);
    const response = revalidated(call, request, responseOf(call, await call.handle(tools, principal, input)));
    if (isAudited(call)) {
      if (principal === undefined) complete = await auditor.begin({ ...act, ...actorOf(call, response) });
      await complete(response.status, madeBy(act, response));
    }
    return response;
  } catch (error) {
    await complete(error instanceof BusbarError ? error.status : 500);
    throw error;
  }
}

const isEventsBody = ({ body }: DescribedCall) => body !== undefined && isEvents(body);

/** What a `POST` has made, by the id that it responds with; and what a call has ended besides. */
function madeBy({ target }: Act, { status, document }: ApiResponse) {
  if (typeof document !== 'object' || document === null) return {};
  const { keyId, endedSubscriptions } = document as { keyId?: unknown; endedSubscriptions?: unknown };
  if (endedSubscriptions !== undefined) return { change: changeOf({ endedSubscriptions }) };
  if (status !== 201) return {};
  return typeof keyId === 'string' ? { target: `${target}/${keyId}` } : {};
}

/** Who a call without a key has let in: what they did concerns their application. */
function actorOf({ signsIn }: DescribedCall, { document }: ApiResponse): Partial<Act> {
  if (signsIn !== true) return {};
  const { application, keyId, role } = document as Principal;
  return { principal: { application, role, ...(keyId !== undefined && { keyId }) } };
}

const patternOf = (path: string, end = '/?') =>
  new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/\{(\w+)\}/g, '(?<$1>[^/]+)')}${end}$`);

/** What a request asks, parsed by the entry of its call. @throws BusbarError invalid_request, and those of a body. */
async function inputOf(
  call: DescribedCall,
  path: Readonly<Record<string, string>>,
  request: Omit<ApiRequest, 'method' | 'path'>,
) {
  return {
    path: Object.fromEntries(Object.entries(path).map(([name, value]) => [name, pathValue(name, value)])),
    query: call.query && readQuery(call.query, request.query),
    headers: call.headers && readParameters(call.headers, request.headers),
    body: await bodyOf(call, request),
    address: request.address,
    ownHosts: request.ownHosts,
  };
}

/** An id may be anything that holds no slash; everything else in a path is a name. */
function pathValue(parameter: string, value: string): string {
  if (parameter === 'id') return value;
  const parsed = nameSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalidField(parameter, parsed.error.issues[0]?.message ?? 'is not a valid name');
}

async function bodyOf(
  { body, method, verbatim }: DescribedCall,
  { headers, body: read }: Pick<ApiRequest, 'headers' | 'body'>,
): Promise<unknown> {
  if (body === undefined) return undefined;
  const bytes = await read();
  if (!isEvents(body)) {
    const { value, text } = jsonOf(headers, bytes, verbatim, bodyTypesOf(method));
    const spec = parseSpec(body, value);
    return verbatim === undefined ? spec : withText(spec, text, verbatim.split('.'));
  }
  return { contentType: headers['content-type'], headers, body: bytes };
}

/** An empty body is an empty object. */
function jsonOf(
  headers: ApiRequest['headers'],
  body: Uint8Array,
  verbatim: string | undefined,
  types: readonly string[],
): { readonly value: unknown; readonly text: string } {
  if (body.length === 0) return { value: {}, text: '{}' };
  const contentType = headers['content-type'] ?? '';
  if (!types.includes(contentType.split(';')[0]?.trim().toLowerCase() ?? '')) {
    throw new BusbarError(
      'unsupported_media_type',
      `The content type ${JSON.stringify(contentType)} is not understood here. Send ${types.join(' or ')}.`,
    );
  }
  const text = textOf({ contentType, body });
  const { value } = parseStrictJson(text);
  requirePlain(value, { skip: verbatim });
  const rounded = roundedNumber(text, verbatim);
  if (rounded !== undefined) {
    const detail = `is ${rounded.number.slice(0, 40)}, which would be rounded. Give a number of up to 15 digits`;
    throw new BusbarError('invalid_request', `${rounded.path} ${detail}.`, {
      fields: [{ path: rounded.path, detail }],
    });
  }
  return { value, text };
}

/** The spec with the text of a member beside the member; without the member as it is. */
function withText(spec: unknown, text: string, [name = '', ...rest]: readonly string[]): unknown {
  const span = parseStrictJson(text).members[0]?.get(name);
  if (span === undefined || typeof spec !== 'object' || spec === null) return spec;
  const member = text.slice(span[0], span[1]);
  if (rest.length === 0) return { ...spec, [`${name}Text`]: member };
  return { ...spec, [name]: withText((spec as Record<string, unknown>)[name], member, rest) };
}

function responseOf({ responses }: DescribedCall, result: unknown): ApiResponse {
  if ('204' in responses) return { status: 204 };
  const [status = 200, created] = Object.keys(responses).map(Number);
  if (created === undefined) return { status, document: result };
  const put = result as { readonly created: boolean; readonly document: unknown };
  return { status: put.created ? created : status, document: put.document };
}

/** Leaves out what the client has already. */
function revalidated(
  { revalidates }: DescribedCall,
  { headers }: ApiRequest,
  response: ApiResponse,
): ApiResponse {
  if (revalidates !== true) return response;
  const etag = etagOf(JSON.stringify(response.document));
  // Whoever keeps it asks again before use (RFC 9111, 5.2.2.4), and what a key may see is for nobody else.
  const own = { etag, 'cache-control': 'private, no-cache' };
  return isKnown(headers['if-none-match'], etag)
    ? { status: 304, headers: own }
    : { ...response, headers: own };
}

/** The refusal of a call that the API does not have; it names the methods that its path takes. */
function unknownCall(
  calls: readonly DescribedCall[],
  { method, path }: Pick<ApiRequest, 'method' | 'path'>,
): BusbarError {
  // A call also takes its path with a slash at the end, which is no path of the document.
  const methods = calls.filter((call) => patternOf(call.path, '').test(path)).map((call) => call.method);
  if (methods.length === 0) {
    return new BusbarError(
      'unknown_route',
      `There is no ${method} ${path}. GET /v1/openapi.json lists the calls.`,
    );
  }
  return new BusbarError('method_not_allowed', `${path} takes ${methods.join(', ')}, not ${method}.`);
}
