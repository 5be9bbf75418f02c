import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { OpenApiDocument } from '../../lib/core/openapi/document.ts';
import type { JsonSchema } from '../../lib/core/openapi/json-schema.ts';
import type { HttpApiResponse } from '../../lib/stand-in/engines/http/model.ts';

/** Holds what the bus answers to the document that it serves, and looks for what must not be in an answer. */

export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyBytes: number;
}

export interface Verdict {
  /** What is wrong; empty when nothing is. */
  readonly problems: readonly string[];
  /** The call of the document that it was; undefined for none. */
  readonly call: string | undefined;
  readonly status: number;
  /** The answer, where it is JSON. */
  readonly json: unknown;
  /** Of a refusal. */
  readonly code: string | undefined;
}

/** What no log and no answer may hold, but where a secret is shown once: it is planted, or of the form of one. */
export const secretIn = (text: string): string | undefined =>
  /planted-secret[\w-]*|cGxhbnRlZC1zZWNyZXQ|whsec_[A-Za-z0-9+/=]{24,}|bbk_[A-Za-z0-9_-]{24,}/.exec(text)?.[0];

/** Calls that show a secret once, in this member of a 2xx. */
const shows: Readonly<Record<string, string>> = {
  'PUT /v1/receivers/{receiver}': 'secret',
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
    // The router of the functions takes a slash at the end for nothing; that of API Gateway, in front of publish, does not.
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
        problems.push('says that it is JSON, and is not');
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
          : [`answers a path that cannot be decoded by ${status} ${contentType}`];
      if (isGateway && status === 413 && sent.bodyBytes > 4_000_000) return [];
      if (isGateway) return [`is an answer of the gateway: ${text.slice(0, 200)}`];
      if (call === undefined) {
        if (status === 404 && code === 'unknown_route')
          return exact === undefined ? [] : ['says that a path of the document is unknown'];
        if (status === 405 && code === 'method_not_allowed')
          return exact === undefined ? ['knows a path that is not in the document'] : [];
        return [`is no call of the document, and is answered by ${status}: ${text.slice(0, 200)}`];
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
    if (response === undefined) return `is a ${status}, which the document does not know`;
    const content = response.content as Record<string, { schema: JsonSchema }> | undefined;
    // An answer without a body.
    if (content === undefined) return ajv.compile({ const: '' });
    const schema = content[contentType]?.schema;
    if (schema === undefined) return `is ${contentType}, which the document does not know`;
    return ajv.compile(
      JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"api#/components')) as object,
    );
  }
}

/** No object of an answer has a member that the document does not know. */
function close(schema: unknown): void {
  if (typeof schema !== 'object' || schema === null) return;
  const object = schema as JsonSchema;
  if (object.type === 'object' && object.properties !== undefined) object.additionalProperties ??= false;
  for (const inner of Object.values(object)) close(inner);
}

/** As an HTTP API does it: decoded whole, and cut at a question mark. */
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
