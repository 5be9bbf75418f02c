import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { OpenApiDocument } from '../../lib/api/openapi/document.ts';
import type { JsonSchema } from '../../lib/api/openapi/json-schema.ts';
import { batched, structured } from '../../lib/core/event/forms.ts';
import {
  hostileContentType,
  hostileHeaders,
  hostileMethod,
  hostileSegment,
  hostileValue,
  spoilText,
  spoilt,
  textSpoil,
} from './hostile.ts';
import { hints, type Schemas, valueBy } from './values.ts';
import { type Caller, keys, planted } from './world.ts';

/** A request of the fuzz. Ids of existing resources are filled in when it is sent. */
export interface FuzzRequest {
  /** The call in the document, such as `GET /v1/topics`. */
  readonly call: string;
  readonly method: string;
  /** The path to send. `<name>` is replaced with an id from earlier responses, chosen by `pick`. */
  readonly path: string;
  readonly pick: number;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: JsonSchema;
}

const rarely = <T>(odds: number, usual: fc.Arbitrary<T>, otherwise: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 100 - odds, arbitrary: usual }, { weight: odds, arbitrary: otherwise });

/** Requests for every call of the document, all equally frequent. */
export function requestsOf(document: OpenApiDocument): fc.Arbitrary<FuzzRequest> {
  const { schemas } = document.components;
  const all = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => method !== 'parameters')
      .map(([method, operation]) => {
        const parameters = [
          ...((item.parameters ?? []) as unknown as Parameter[]),
          ...((operation.parameters ?? []) as Parameter[]),
        ];
        return requestOf(schemas, method.toUpperCase(), path, operation, parameters);
      }),
  );
  return fc.oneof(...all);
}

function requestOf(
  schemas: Schemas,
  method: string,
  path: string,
  operation: JsonSchema,
  parameters: readonly Parameter[],
): fc.Arbitrary<FuzzRequest> {
  const content = (operation.requestBody as { content: Record<string, { schema: JsonSchema }> } | undefined)
    ?.content;
  return fc
    .record({
      method: rarely(2, fc.constant(method), hostileMethod),
      path: pathOf(schemas, path, parameters),
      pick: fc.nat(1000),
      query: queryOf(schemas, parameters),
      credentials: credentials(operation),
      odd: rarely(5, fc.constant({}), hostileHeaders),
      sent:
        content === undefined
          ? noBody
          : content['*/*'] === undefined
            ? jsonOf(schemas, content['application/json']?.schema ?? {})
            : eventsOf(schemas),
      wrongType: rarely(3, fc.constant(undefined), hostileContentType),
      whole: fc.oneof({ weight: 400, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: oversize }),
    })
    .map(({ sent, credentials, odd, wrongType, whole, ...request }) => ({
      call: `${method} ${path}`,
      ...request,
      headers: {
        host: 'bus.test',
        ...credentials,
        ...sent.headers,
        ...(wrongType !== undefined && { 'content-type': wrongType }),
        ...odd,
      },
      body: whole ?? sent.body,
    }));
}

const noBody = rarely(
  8,
  fc.constant({ headers: {} as Record<string, string>, body: new Uint8Array() }),
  hostileValue.map((value) => ({
    headers: { 'content-type': 'application/json' } as Record<string, string>,
    body: Buffer.from(JSON.stringify(value)) as Uint8Array,
  })),
);

/** Bodies larger than the limits of the bus, of Lambda, and of API Gateway. */
const oversize = fc
  .oneof(
    { weight: 6, arbitrary: fc.constant(1024 * 1024) },
    { weight: 1, arbitrary: fc.constantFrom(5 * 1024 * 1024, 11 * 1024 * 1024) },
  )
  .chain((bytes) =>
    fc.constantFrom<Uint8Array>(
      Buffer.from(`{"description":"${'x'.repeat(bytes)}"}`),
      Buffer.from(`{"type":"a","data":"${'x'.repeat(bytes)}"}`),
      gzipSync(Buffer.alloc(bytes)),
    ),
  );

function credentials(operation: JsonSchema): fc.Arbitrary<Record<string, string>> {
  const bearer = (caller: Caller) => ({ authorization: `Bearer ${keys[caller]}` });
  const right = fc
    .constantFrom<Caller>('admin', 'admin', 'admin', 'admin', 'shop', 'shop', 'bank', 'stranger')
    .map(bearer);
  const wrong = fc.constantFrom<Record<string, string>>(
    {},
    { authorization: '' },
    { authorization: 'Bearer' },
    { authorization: `Bearer bbk_${planted}-that-is-unknown` },
    { authorization: `Basic ${planted}` },
    { authorization: `Bearer ${keys.admin} ${keys.shop}` },
    { authorization: `Bearer ${'x'.repeat(9000)}` },
    { authorization: `bearer  ${keys.shop}` },
    { authorization: `AWS4-HMAC-SHA256 Credential=${planted}/20260101/us-east-1/execute-api/aws4_request` },
  );
  return Array.isArray(operation.security) && operation.security.length === 0
    ? rarely(50, right, fc.constant({}))
    : rarely(4, right, wrong);
}

/** A path of the call. `<id>` is later replaced with an id from earlier responses. */
function pathOf(schemas: Schemas, path: string, parameters: readonly Parameter[]): fc.Arbitrary<string> {
  const parts = path
    .split('/')
    .slice(1)
    .map((part) => {
      const name = /^\{(\w+)\}$/.exec(part)?.[1];
      if (name === undefined) return rarely(1, fc.constant(part), hostileSegment);
      const schema = parameters.find((one) => one.in === 'path' && one.name === name)?.schema ?? {};
      const usual =
        name === 'id' || name === 'keyId'
          ? fc.constant('<id>')
          : ((hints[name] ?? valueBy(schemas, schema)) as fc.Arbitrary<string>);
      return rarely(4, usual, hostileSegment);
    });
  return fc
    .tuple(fc.tuple(...parts), rarely(1, fc.constant(''), fc.constantFrom('/', '//', '/x', '%2F')))
    .map(([all, end]) => `/${all.join('/')}${end}`);
}

function queryOf(schemas: Schemas, parameters: readonly Parameter[]): fc.Arbitrary<string> {
  const own = parameters
    .filter((one) => one.in === 'query')
    .map(({ name, required, schema }) => {
      const usual =
        name === 'id'
          ? fc.constant('<id>')
          : name === 'cursor'
            ? fc.constant('<cursor>')
            : name === 'token'
              ? fc.constant('<token>')
              : (hints[name] ?? valueBy(schemas, schema));
      const value = rarely(12, usual, hostileValue).map((given) => [name, textOf(given)] as const);
      return rarely(required === true ? 5 : 60, value, fc.constant(undefined));
    });
  const extra = rarely(
    3,
    fc.constant(''),
    fc.constantFrom(
      'x=1',
      '&&&',
      '=',
      '%zz=%ff',
      'force=true&force=false',
      'limit=',
      '__proto__=1',
      'id',
      'constructor=x',
      `q=${'x'.repeat(5000)}`,
    ),
  );
  return fc.tuple(fc.tuple(...own), extra).map(([given, more]) => {
    const text = given.flatMap((pair) =>
      pair === undefined
        ? []
        : [`${pair[0]}=${pair[1].startsWith('<') ? pair[1] : encodeURIComponent(pair[1].toWellFormed())}`],
    );
    return [...text, ...(more === '' ? [] : [more])].join('&');
  });
}

const textOf = (value: unknown) =>
  (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).slice(0, 5000);

type Sent = { readonly headers: Record<string, string>; readonly body: Uint8Array };

/** A document by its schema: as it should be, with one place spoilt, or as text that is spoilt. */
function jsonOf(schemas: Schemas, schema: JsonSchema, contentType = 'application/json'): fc.Arbitrary<Sent> {
  return valueBy(schemas, schema)
    .chain((value) => rarely(22, fc.constant(value), spoilt(value)))
    .chain((value) =>
      rarely<readonly [number, number] | undefined>(8, fc.constant(undefined), textSpoil).map(
        (spoil): Sent => {
          const text = JSON.stringify(value) ?? '';
          return {
            headers: { 'content-type': contentType },
            body: spoil === undefined ? Buffer.from(text, 'utf8') : spoilText(text, spoil),
          };
        },
      ),
    );
}

function eventsOf(schemas: Schemas): fc.Arbitrary<Sent> {
  const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
  const binary = fc
    .tuple(
      valueBy(schemas, ref('CloudEvent')) as fc.Arbitrary<Record<string, unknown>>,
      fc.constantFrom(
        'application/json',
        'text/plain',
        'application/octet-stream',
        'text/html; charset=utf-8',
        'a',
      ),
      fc.oneof(
        fc.uint8Array({ maxLength: 60 }),
        fc.json().map((text) => Buffer.from(text) as Uint8Array),
      ),
    )
    .map(([event, contentType, body]): Sent => {
      const { data: _, data_base64: __, datacontenttype: ___, ...attributes } = event;
      const headers = Object.entries(attributes).map(([name, value]) => [
        `ce-${name}`,
        encodeURIComponent(String(value).toWellFormed()),
      ]);
      return { headers: { 'content-type': contentType, ...Object.fromEntries(headers) }, body };
    });
  return fc.oneof(
    { weight: 4, arbitrary: jsonOf(schemas, { anyOf: [ref('EventShorthand'), ref('EventShorthands')] }) },
    { weight: 2, arbitrary: jsonOf(schemas, ref('CloudEvent'), structured) },
    { weight: 2, arbitrary: jsonOf(schemas, ref('CloudEvents'), batched) },
    { weight: 2, arbitrary: binary },
  );
}
