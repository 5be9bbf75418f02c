import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { OpenApiDocument } from '../../lib/api/openapi/document.ts';
import type { JsonSchema } from '../../lib/api/openapi/json-schema.ts';
import type { HttpApiResponse } from '../../lib/stand-in/engines/http/model.ts';

/** Checks responses against the OpenAPI document that the bus serves, and searches them for secrets. */

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyBytes: number;
}

export interface Verdict {
  /** The problems of the response; empty if there are none. */
  readonly problems: readonly string[];
  /** The call of the document; undefined if the request was not one. */
  readonly call: string | undefined;
  readonly status: number;
  /** The body, if it is JSON. */
  readonly json: unknown;
  /** The error code of a refusal. */
  readonly code: string | undefined;
}

/** Finds a secret, either planted or of a secret's form. No log and no response may contain one, unless it is shown once. */
export const secretIn = (text: string): string | undefined =>
  /planted-secret[\w-]*|cGxhbnRlZC1zZWNyZXQ|whsec_[A-Za-z0-9+/=]{24,}|bbk_[A-Za-z0-9_-]{24,}/.exec(text)?.[0];

/** The calls that show a secret once, in this member of a 2xx response. */
const shows: Readonly<Record<string, string>> = {
  'POST /v1/applications/{application}/keys': 'key',
  'PUT /v1/receivers/{receiver}': 'secret',
  'PATCH /v1/receivers/{receiver}': 'secret',
  'POST /v1/receivers/{receiver}/rotate-secret': 'secret',
  'POST /v1/transactions': 'checkSecret',
  'POST /v1/check-secret': 'checkSecret',
};

export function createJudge(document: OpenApiDocument) {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  const closed = JSON.parse(JSON.stringify(document)) as OpenApiDocument;
  for (const schema of Object.values(closed.components.schemas)) close(schema);
  ajv.addSchema(closed, 'api');
  const validators = new Map<string, ValidateFunction | string>();
  const routes = Object.entries(document.paths).map(([path, item]) => ({
    path,
    segments: path.split('/'),
    item,
  }));

  return (sent: Sent, response: HttpApiResponse): Verdict => {
    const text = Buffer.from(response.body).toString('utf8');
    const { status } = response;
    const problems: string[] = [];
    const path = decoded(sent.path);
    const exact = path === undefined ? undefined : routes.find(({ segments }) => matches(segments, path));
    // The router in the functions ignores a trailing slash; API Gateway, which routes to publish, does not.
    const loose = routes.find(({ segments }) => matches(segments, path?.replace(/(?<=.)\/$/, '') ?? ''));
    const found = exact ?? (loose?.path.endsWith('}/events') ? undefined : loose);
    const operation = found?.item[sent.method.toLowerCase()];
    const call =
      operation === undefined || sent.method !== sent.method.toUpperCase()
        ? undefined
        : `${sent.method} ${found?.path}`;
    const contentType = response.headers['content-type'] ?? '';
    let json: unknown;
    if (/json/.test(contentType)) {
      try {
        json = JSON.parse(text);
      } catch {
        problems.push('claims to be JSON, but is not');
      }
    }
    const code = (json as { code?: string } | undefined)?.code;
    if (status >= 500) problems.push(`is a ${status}`);
    problems.push(...misfits());
    const shown = withoutShown(call, status, json, text);
    const secret = secretIn(shown) ?? secretIn(JSON.stringify(response.headers));
    if (secret !== undefined) problems.push(`shows the secret ${secret}`);
    return { problems, call, status, json, code };

    function misfits(): string[] {
      const isGateway = contentType === 'application/json' && status >= 400;
      if (path === undefined)
        return isGateway && status === 404
          ? []
          : [`is a ${status} ${contentType} for a path that cannot be decoded`];
      if (isGateway && status === 413 && sent.bodyBytes > 4_000_000) return [];
      if (isGateway) return [`is a response of the gateway: ${text.slice(0, 200)}`];
      if (call === undefined) {
        if (status === 404 && code === 'unknown_route')
          return exact === undefined ? [] : ['claims that a path of the document is unknown'];
        if (status === 405 && code === 'method_not_allowed')
          return exact === undefined ? ['refuses only the method of a path that is not in the document'] : [];
        return [`is a ${status} for a request that is not in the document: ${text.slice(0, 200)}`];
      }
      const key = `${call} ${status} ${contentType}`;
      const validator = validators.get(key) ?? validatorOf(operation as JsonSchema, status, contentType);
      validators.set(key, validator);
      if (typeof validator === 'string') return [`${validator}: ${text.slice(0, 300)}`];
      const value = status === 204 ? text : json;
      if (validator(value)) return [];
      return [`does not conform: ${ajv.errorsText(validator.errors).slice(0, 300)}: ${text.slice(0, 600)}`];
    }
  };

  function validatorOf(
    operation: JsonSchema,
    status: number,
    contentType: string,
  ): ValidateFunction | string {
    const responses = operation.responses as Record<string, JsonSchema>;
    const shared = (closed.components.responses ?? {}) as Record<string, JsonSchema>;
    const given = responses[status];
    const response = given?.$ref === undefined ? given : shared[String(given.$ref).split('/').at(-1) ?? ''];
    if (response === undefined) return `is a ${status}, which is not in the document`;
    const content = response.content as Record<string, { schema: JsonSchema }> | undefined;
    // A response without a body.
    if (content === undefined) return ajv.compile({ const: '' });
    const schema = content[contentType]?.schema;
    if (schema === undefined) return `is ${contentType}, which is not in the document`;
    return ajv.compile(
      JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"api#/components')) as object,
    );
  }
}

/** Makes a schema reject members that are not in the document. */
function close(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null) return;
  const object = schema as JsonSchema;
  if (object.type === 'object' && object.properties !== undefined) object.additionalProperties ??= false;
  for (const inner of Object.values(object)) close(inner);
}

/** Decodes a path as an HTTP API does: as a whole, and up to a question mark. */
function decoded(path: string): string | undefined {
  try {
    return decodeURIComponent(path).split('?')[0];
  } catch {
    return undefined;
  }
}

function matches(segments: readonly string[], path: string): boolean {
  const have = path.split('/');
  return (
    have.length === segments.length &&
    segments.every((want, at) => (want.startsWith('{') ? have[at] !== '' : want === have[at]))
  );
}

function withoutShown(call: string | undefined, status: number, json: unknown, text: string): string {
  const member = shows[call ?? ''];
  if (member === undefined || status > 299 || typeof json !== 'object' || json === null) return text;
  const { [member]: _, ...rest } = json as Record<string, unknown>;
  return JSON.stringify(rest);
}
