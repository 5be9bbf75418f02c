import { describe, expect, it } from 'vitest';
import { charsetProblem, createEvent, isJsonMediaType } from '../../../lib/core/event/event.ts';
import { readEvents } from '../../../lib/core/event/forms.ts';

/** RFC 9110, sections 5.6.6 and 8.3.1. */

const defaults = {
  nowMs: 0,
  source: '/s',
  publisher: 'shop',
  uuid: () => 'e-1',
  traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
};
const created = (datacontenttype: string) =>
  createEvent({
    attributes: { id: '1', source: '/s', type: 't', datacontenttype },
    data: { text: 'AA==', binary: true },
  });

describe('a media type', () => {
  it.each<[rule: string, text: string]>([
    ['8.3.1: type and subtype', 'text/plain'],
    ['8.3.1: in any case', 'Text/PLAIN'],
    ['5.6.2: every character of a token', "a!#$%&'*+-.^_`|~0/b!#$%&'*+-.^_`|~0"],
    ['5.6.6: a parameter', 'text/plain;charset=utf-8'],
    ['5.6.6: spaces around the semicolon', 'text/plain  ;  charset=utf-8'],
    ['5.6.6: the name in any case', 'text/plain; CharSet=UTF-8'],
    ['5.6.4: a quoted value', 'text/plain; a="b c; d=e, f"'],
    ['5.6.4: an escape in a quoted value', 'text/plain; a="b\\"c\\\\d"'],
    ['5.6.4: an empty quoted value', 'text/plain; a=""'],
    ['5.6.6: empty parameters', 'text/plain;; ;a=b;'],
    ['several parameters', 'multipart/mixed; boundary="x y"; a=b'],
    ['without the quotes that it needs, as many write it', 'multipart/mixed; boundary=a/b:c'],
  ])('is kept: %s (%s)', (_, text) => {
    expect(JSON.parse(created(text).body).datacontenttype).toBe(text);
  });

  it.each<[rule: string, text: string]>([
    ['8.3.1: a subtype is needed', 'text'],
    ['8.3.1: a type is needed', '/plain'],
    ['8.3.1: no space around the slash', 'text / plain'],
    ['5.6.6: no space around the equals sign', 'text/plain; a = b'],
    ['5.6.6: a value is needed', 'text/plain; a='],
    ['5.6.6: a name is needed', 'text/plain; =b'],
    ['5.6.4: a quote is closed', 'text/plain; a="b'],
    ['5.6.4: an escape is complete', 'text/plain; a="b\\"'],
    ['8.3.1: a list is none', 'text/plain, text/html'],
    ['8.3.2: nothing stands around it', ' text/plain'],
    ['it becomes a header: no other characters', 'text/plain; a="é"'],
    ['it becomes a header: no other spaces', 'text/plain;\u2028a=b'],
    ['a String has no control characters, and so no tab (CloudEvents)', 'text/plain;\tcharset=utf-8'],
    ['it becomes a header: one line', 'text/plain;\r\n a=b'],
  ])('is refused: %s (%j)', (_, text) => {
    expect(() => created(text)).toThrow(/^datacontenttype /);
  });

  it.each<[boolean, string]>([
    [true, 'application/json'],
    [true, 'APPLICATION/JSON'],
    [true, 'application/json ; charset=utf-8'],
    [true, 'application/vnd.a+JSON'],
    [true, 'text/json'],
    [false, 'application/jsonp'],
    [false, 'application/json+xml'],
    [false, 'text/plain; a=application/json'],
    [false, 'text/plain; a="/json"'],
  ])('is of JSON: %s for %s', (isJson, text) => expect(isJsonMediaType(text)).toBe(isJson));

  it.each<[string, boolean]>([
    ['text/plain', true],
    ['text/plain; charset=utf-8', true],
    ['text/plain; CHARSET="UTF-8"', true],
    ['text/plain; charset="utf\\-8"', true],
    ['text/plain; charset=utf8', true],
    ['text/plain; charset=us-ascii', true],
    ['text/plain; a="; charset=latin1"', true],
    ['text/plain; charset=iso-8859-1', false],
    ['text/plain; a=b; Charset="UTF-16"', false],
    ['text/plain; charset=utf-8; charset=utf-16', false],
  ])('%s is of text that the bus can carry: %s', (text, isFine) => {
    expect(charsetProblem(text) === undefined).toBe(isFine);
  });

  it.each<[string, string]>([
    ['application/cloudevents+json', 'structured'],
    ['Application/CloudEvents+JSON; charset=UTF-8', 'structured'],
    ['application/cloudevents+json;a="b"', 'structured'],
    ['application/cloudevents-batch+json ; charset="utf-8"', 'batch'],
  ])('of a request is told in any spelling: %s', (contentType, form) => {
    const event = '{"specversion":"1.0","id":"1","source":"/s","type":"t"}';
    const body = Buffer.from(form === 'batch' ? `[${event}]` : event);
    expect(readEvents({ contentType, headers: {}, body }, defaults)).toMatchObject([{ event: { id: '1' } }]);
  });
});
