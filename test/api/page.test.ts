import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { nameOf, tags } from '../../lib/api/call.ts';
import { apiCalls } from '../../lib/api/calls.ts';
import { requestNameOf, requestSchemas } from '../../lib/api/openapi/requests.ts';
import { writeTables } from '../../lib/api/page.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'api.md'), 'utf8');

/** The rows of its tables: a call, what it does, the fields of its body and its statuses. */
const rows = [...page.matchAll(/^\| `([A-Z]+ \/v1[^?`]*)[^`]*` \| (.*) \| (.*) \| (.*) \|$/gm)].map(
  ([, call = '', what = '', body = '', response = '']) => ({ call, what, body, response }),
);

describe('docs/api.md', () => {
  it('is as `npm run docs` writes it', () => {
    expect(writeTables(page, apiCalls)).toBe(page);
  });

  it('tells of every call, once, and of no other', () => {
    expect(rows.map(({ call }) => call).sort()).toEqual(apiCalls.map(nameOf).sort());
  });

  it('names the fields that calls take, and which of them must be there', () => {
    const schemas = requestSchemas();
    let compared = 0;
    for (const call of apiCalls) {
      const name = requestNameOf(call);
      const { body = '' } = rows.find((row) => row.call === nameOf(call)) ?? {};
      if (name === undefined) {
        expect([nameOf(call), body]).toEqual([nameOf(call), call.body === undefined ? '' : 'events']);
        continue;
      }
      compared++;
      const schema = schemas[name] ?? {};
      const bodies = (schema.properties === undefined ? schema.oneOf : [schema]) as (typeof schema)[];
      const texts = body.split(' or ');
      expect([name, texts.length]).toEqual([name, bodies.length]);
      for (const [at, { properties = {}, required = [] }] of bodies.entries()) {
        const fields = (texts[at] ?? '').replaceAll(/[`{}\\]/g, '').split(', ');
        const allowed = fields.flatMap((field) => field.replace('?', '').split('|'));
        expect([name, allowed.sort()]).toEqual([name, Object.keys(properties as object).sort()]);
        const demanded = fields.filter((field) => !/[?|]/.test(field));
        expect([name, demanded.sort()]).toEqual([name, [...(required as string[])].sort()]);
      }
    }
    expect(compared).toBeGreaterThanOrEqual(9);
  });
});

describe('the tables', () => {
  it('are written between their marks, and leave the rest of a page as it is', () => {
    const marks = Object.keys(tags).map(
      (tag) => `# ${tag}\n\n<!-- calls: ${tag} -->\nTo be replaced\n<!-- end of calls -->\n`,
    );
    const written = writeTables(marks.join('\n'), apiCalls);
    expect(written).not.toContain('To be replaced');
    expect(written.match(/^# .*$/gm)).toHaveLength(marks.length);
    expect(writeTables(written, apiCalls)).toBe(written);
  });

  it('are not written to a page that lacks one, or has one twice', () => {
    const [first = '', ...others] = page.split('<!-- calls: Topics -->');
    expect(() => writeTables(first + others.join(''), apiCalls)).toThrow('calls: Topics');
    expect(() => writeTables(page + page, apiCalls)).toThrow('needs one <!-- calls: Bus -->');
  });
});
