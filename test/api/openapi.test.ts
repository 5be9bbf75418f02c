import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { nameOf, tags } from '../../lib/api/call.ts';
import { adminCalls, apiCalls } from '../../lib/api/calls.ts';
import { descriptions } from '../../lib/api/openapi/descriptions.ts';
import { openApiDocument } from '../../lib/api/openapi/document.ts';
import { eventExamples } from '../../lib/api/openapi/events.ts';
import type { JsonSchema } from '../../lib/api/openapi/json-schema.ts';
import { requestNameOf, requests } from '../../lib/api/openapi/requests.ts';
import { publishCalls } from '../../lib/api/publish.ts';
import { shorthandFields } from '../../lib/core/event/forms.ts';
import { errorCodes } from '../../lib/core/kernel/errors.ts';
import { openApi31 } from './openapi-3.1.ts';

const document = JSON.parse(JSON.stringify(openApiDocument(apiCalls))) as ReturnType<typeof openApiDocument>;
const { schemas } = document.components;
const names = apiCalls.map(nameOf);

const ajv = new Ajv2020({ strict: false, allErrors: true });
addFormats.default(ajv);
ajv.addSchema(document, 'api');
const conforms = (name: string) => {
  const validate = ajv.getSchema(`api#/components/schemas/${name}`);
  if (validate === undefined) throw new Error(`There is no schema ${name}.`);
  return (value: unknown) => (validate(value) ? [] : (validate.errors ?? []));
};

/** Every object in the document, with where it stands. */
function* objectsOf(value: unknown, path = '#'): Generator<[path: string, object: JsonSchema]> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield [path, value as JsonSchema];
  for (const [key, inner] of Object.entries(value)) yield* objectsOf(inner, `${path}/${key}`);
}
const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item)
    .filter(([method]) => method !== 'parameters')
    .map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, item, operation })),
);

describe('the document', () => {
  it('is one of OpenAPI 3.1', () => {
    const check = new Ajv2020({ strict: false, allErrors: true }).compile(openApi31);
    expect(check(document) ? [] : check.errors).toEqual([]);
    // The check can fail.
    const { info: _, ...rest } = document;
    expect(check(rest)).toBe(false);
    expect(check({ ...document, paths: { '/a': { get: { responses: {} } } } })).toBe(false);
    expect(check({ ...document, paths: { a: {} } })).toBe(false);
  });

  it('has schemas of draft 2020-12 only', () => {
    const found = [...objectsOf(document)].flatMap(([path, { schema }]) =>
      typeof schema === 'object' && !path.includes('/example') ? [[path, schema] as const] : [],
    );
    expect(found.length).toBeGreaterThan(100);
    for (const [path, schema] of [...found, ...Object.entries(schemas)]) {
      expect([path, ajv.validateSchema(schema as object), ajv.errors]).toEqual([path, true, null]);
    }
  });

  it('points only to what it has', () => {
    const references = [...objectsOf(document)].flatMap(([, { $ref }]) =>
      typeof $ref === 'string' ? [$ref] : [],
    );
    expect(references.length).toBeGreaterThan(200);
    const missing = references.filter((reference) => {
      const [start, ...path] = reference.split('/');
      // biome-ignore lint/suspicious/noExplicitAny: any member of the document.
      return start !== '#' || path.reduce<any>((at, key) => at?.[key], document) === undefined;
    });
    expect(missing).toEqual([]);
  });

  it('has no schema that nothing points to', () => {
    const text = JSON.stringify(document);
    const unused = Object.keys(schemas).filter((name) => !text.includes(`"#/components/schemas/${name}"`));
    expect(unused).toEqual([]);
  });

  it('declares each parameter of each path, once, and gives each call a name of its own', () => {
    for (const { name, item, operation } of operations) {
      const all = [
        ...((item.parameters ?? []) as JsonSchema[]),
        ...((operation.parameters ?? []) as JsonSchema[]),
      ];
      const keys = all.map((parameter) => `${parameter.in} ${parameter.name}`);
      expect([name, new Set(keys).size]).toEqual([name, keys.length]);
      const inPath = all
        .filter((parameter) => parameter.in === 'path')
        .map((parameter) => `{${parameter.name}}`);
      expect([name, inPath]).toEqual([name, name.match(/\{\w+\}/g) ?? []]);
    }
    const ids = operations.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(names.length);
    for (const id of ids) expect(id).toMatch(/^[a-z][A-Za-z]+$/);
  });

  it('has every call, and each demands a key but those that are open to all', () => {
    expect(operations.map(({ name }) => name).sort()).toEqual([...names].sort());
    const open = operations
      .filter(({ operation }) => (operation.security as unknown[]).length === 0)
      .map(({ name }) => name);
    expect(open.sort()).toEqual([
      'GET /v1/health',
      'GET /v1/openapi.json',
      'GET /v1/receivers/{receiver}/validation',
      'GET /v1/sign-in',
      'POST /v1/receivers/{receiver}/validation',
      'POST /v1/sign-in-links/redeem',
    ]);
  });

  it('puts every call under a tag that there is', () => {
    expect(new Set(apiCalls.map(({ tag }) => tag))).toEqual(new Set(Object.keys(tags)));
  });
});

describe('what could drift', () => {
  it('each call is described once, and carried out by one function', () => {
    expect(new Set(names).size).toBe(names.length);
    expect([...adminCalls, ...publishCalls].map(nameOf).sort()).toEqual([...names].sort());
    expect(names.length).toBeGreaterThan(50);
  });

  it('every error but those of unknown calls is an answer of some call', () => {
    const told = new Set(
      operations.flatMap(({ operation }) =>
        [...objectsOf([operation.responses, document.components.responses])].flatMap(
          ([, { code }]) => (code as { enum?: string[] } | undefined)?.enum ?? [],
        ),
      ),
    );
    const untold = errorCodes.filter((code) => !told.has(code));
    expect(untold).toEqual(['unknown_route', 'method_not_allowed']);
  });

  it('every field that a call takes is described, and no other', () => {
    for (const name of Object.keys(requests).filter((name) => name !== 'Name')) {
      const properties = Object.keys((schemas[name]?.properties ?? {}) as object);
      expect([name, Object.keys(descriptions[name] ?? {})]).toEqual([name, properties]);
    }
    expect(Object.keys(descriptions).filter((name) => !(name in requests))).toEqual([]);
  });

  it('the shorthand has the fields that are read', () => {
    expect(Object.keys((schemas.EventShorthand?.properties ?? {}) as object).sort()).toEqual(
      [...shorthandFields].sort(),
    );
  });

  it('every call that takes a document with fields has an example, which conforms', () => {
    const withBody = apiCalls.flatMap((call) => {
      const body = requestNameOf(call);
      return body === undefined ? [] : [{ name: nameOf(call), body, example: call.example }];
    });
    expect(withBody.length).toBeGreaterThan(10);
    expect(apiCalls.filter(({ example }) => example !== undefined)).toHaveLength(withBody.length);
    for (const { name, body, example } of withBody) {
      expect([name, conforms(body)(example)]).toEqual([name, []]);
    }
    for (const [schema, all] of [
      ['EventShorthand', [eventExamples.shorthand.one]],
      ['EventShorthands', [eventExamples.shorthand.delayed]],
      ['CloudEvent', Object.values(eventExamples.structured)],
      ['CloudEvents', Object.values(eventExamples.batched)],
    ] as const) {
      for (const { value } of all) expect([schema, conforms(schema)(value)]).toEqual([schema, []]);
    }
  });
});
