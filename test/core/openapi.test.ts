import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { shorthandFields } from '../../lib/core/event/forms.ts';
import { errorCodes } from '../../lib/core/kernel/errors.ts';
import { type Call, tags } from '../../lib/core/openapi/call.ts';
import { calls } from '../../lib/core/openapi/calls.ts';
import { descriptions } from '../../lib/core/openapi/descriptions.ts';
import { openApiDocument } from '../../lib/core/openapi/document.ts';
import { eventExamples, examples } from '../../lib/core/openapi/examples.ts';
import type { JsonSchema } from '../../lib/core/openapi/json-schema.ts';
import { requests } from '../../lib/core/openapi/requests.ts';
import { openApi31 } from './openapi-3.1.ts';

const root = join(import.meta.dirname, '..', '..');
const document = JSON.parse(JSON.stringify(openApiDocument())) as ReturnType<typeof openApiDocument>;
const { schemas } = document.components;
const names = Object.keys(calls) as (keyof typeof calls)[];

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
      .filter(({ operation }) => operation.security !== undefined)
      .map(({ name }) => name);
    expect(open.sort()).toEqual([
      'GET /v1/health',
      'GET /v1/openapi.json',
      'GET /v1/receivers/{receiver}/validation',
      'POST /v1/receivers/{receiver}/validation',
    ]);
  });

  it('puts every call under a tag that there is', () => {
    expect(new Set(Object.values<Call>(calls).map(({ tag }) => tag))).toEqual(new Set(Object.keys(tags)));
  });
});

describe('what could drift', () => {
  it('every route of the functions and of the stack is a call, and every call a route', () => {
    const admin = readFileSync(join(root, 'functions/admin.ts'), 'utf8');
    const api = readFileSync(join(root, 'lib/stacks/api.ts'), 'utf8');
    const listed = [...admin.matchAll(/\[\s*'((?:GET|PUT|POST|PATCH|DELETE) \/v1[^']*)'/g)].map(
      ([, route]) => route,
    );
    const paths = [...admin.matchAll(/(?:path: |\[|, )'(\/v1[^']*)'/g)].map(([, path]) => path ?? '');
    const published = [...api.matchAll(/path: '(\/v1[^']*)'/g)].map(([, path]) => `POST ${path}`);
    expect(listed.length).toBeGreaterThan(40);
    expect(published).toHaveLength(2);
    const routes = new Set([...listed, ...published]);
    expect([...routes].filter((route) => !(names as string[]).includes(route ?? ''))).toEqual([]);
    // The others are written as a path with several methods.
    const others = names.filter((name) => !routes.has(name));
    expect(others.filter((name) => !paths.includes(name.split(' ')[1] ?? ''))).toEqual([]);
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
    const withBody = names.filter((name) => {
      const { body } = calls[name] as Call;
      return body !== undefined && body !== 'events';
    });
    expect(Object.keys(examples).sort()).toEqual([...withBody].sort());
    for (const name of withBody) {
      expect([name, conforms(String((calls[name] as Call).body))(examples[name])]).toEqual([name, []]);
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

describe('docs/api.md', () => {
  const text = readFileSync(join(root, 'docs/api.md'), 'utf8');
  const isMethod = /^(GET|PUT|POST|PATCH|DELETE)$/;

  /** The rows of its tables: the calls that the first cell names, and what the second says. */
  const rows = [...text.matchAll(/^\| (`(?:GET|PUT|POST|PATCH|DELETE).*?) \| (.*) \|$/gm)].map(
    ([, cell = '', says = '']) => ({ told: callsIn(cell), says }),
  );

  /** Methods stand before their path; `…/hold` and `/resume` go on from the first path of the row. */
  function callsIn(cell: string): string[] {
    const told: string[] = [];
    let methods: string[] = [];
    let waiting: string[] = [];
    let start = '';
    for (const [, code = ''] of cell.matchAll(/`([^`]+)`/g)) {
      const words = code.split(' ');
      if (isMethod.test(words[0] ?? '')) waiting.push(words.shift() ?? '');
      const path = words[0]?.split('?')[0] ?? '';
      if (!/^[/…]/.test(path)) continue;
      if (waiting.length > 0) [methods, waiting] = [waiting, []];
      start ||= path.split('/').slice(0, 3).join('/');
      for (const method of methods) {
        const meant = path.startsWith('/v1')
          ? [`${method} ${path}`]
          : names.filter(
              (name) => name.startsWith(`${method} ${start}`) && name.endsWith(path.replace('…', '')),
            );
        expect([code, meant.length]).toEqual([code, 1]);
        told.push(...meant);
      }
    }
    return told;
  }

  it('tells of every call, and of no other', () => {
    expect([...new Set(rows.flatMap(({ told }) => told))].sort()).toEqual([...names].sort());
  });

  it('names the fields that calls take, and which of them must be there', () => {
    let compared = 0;
    for (const { told, says } of rows) {
      const bodies = told.flatMap((name) => (calls as Record<string, Call>)[name]?.body ?? []);
      const [body] = bodies.filter((one) => one !== 'events' && one !== 'ReTimeSpec');
      const [, list] = /`\{([\w?]+(?:(?:, |\\\|)[\w?]+|: \[[^\]]*\])*)\}`/.exec(says) ?? [];
      if (body === undefined || list === undefined) continue;
      compared++;
      const fields = list.replaceAll(/: \[[^\]]*\]/g, '').split(', ');
      const { properties = {}, required = [] } = schemas[body] ?? {};
      const allowed = fields.flatMap((field) => field.replace('?', '').split('\\|'));
      expect([body, allowed.sort()]).toEqual([body, Object.keys(properties as object).sort()]);
      const demanded = fields.filter((field) => !/[?|]/.test(field));
      expect([body, demanded.sort()]).toEqual([body, [...(required as string[])].sort()]);
    }
    expect(compared).toBeGreaterThanOrEqual(9);
  });
});
