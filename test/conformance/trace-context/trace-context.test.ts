import { describe, expect, it } from 'vitest';
import { writeRequest } from '../../../lib/connectors/webhook/request.ts';
import { childTrace } from '../../../lib/core/deliver/delivery.ts';
import { type Entry, readEvents } from '../../../lib/core/event/forms.ts';
import { readTraceParent, readTraceState, writeTraceParent } from '../../../lib/core/event/trace-context.ts';

/** W3C Trace Context, level 1. Each rule, read from a request and written to a delivery. */

const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const parent = '00f067aa0ba902b7';
const own = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`;

function published(headers: Record<string, string>, body = '{"type":"t"}'): Record<string, unknown> {
  const [entry] = readEvents(
    { contentType: 'application/json', headers, body: Buffer.from(body) },
    { nowMs: 0, source: '/s', publisher: 'shop', uuid: () => 'e-1', traceparent: own },
  );
  if (entry === undefined || 'error' in entry) return expect.fail('The event was refused.');
  return JSON.parse((entry as Extract<Entry, { event: unknown }>).event.body);
}

function delivered(event: { traceparent?: unknown; tracestate?: unknown }): Readonly<Record<string, string>> {
  return writeRequest({
    delivery: {
      deliveryId: 'dlv_1',
      receiver: 'r',
      topic: 't',
      eventId: '1',
      eventSource: '/s',
      eventType: 't',
      traceparent: undefined,
      ...(typeof event.tracestate === 'string' && { tracestate: event.tracestate }),
      body: '{}',
    },
    attempt: 1,
    nowMs: 0,
    format: 'structured',
    keys: [Buffer.alloc(32)],
    headers: undefined,
    traceparent: childTrace(typeof event.traceparent === 'string' ? event.traceparent : undefined, {
      bytes: (length) => Buffer.alloc(length, 0xcd),
    }),
  }).headers;
}

describe('a traceparent', () => {
  it.each<[rule: string, header: string, kept: string]>([
    ['3.2.2: version 00', `00-${trace}-${parent}-01`, `00-${trace}-${parent}-01`],
    ['3.2.2.5: not sampled', `00-${trace}-${parent}-00`, `00-${trace}-${parent}-00`],
    ['3.2.2.5.2: other flags are set to zero', `00-${trace}-${parent}-ff`, `00-${trace}-${parent}-01`],
    ['3.2.2.5.2: other flags are set to zero', `00-${trace}-${parent}-fe`, `00-${trace}-${parent}-00`],
    [
      '4.3: a later version is read as far as it is known',
      `01-${trace}-${parent}-01`,
      `00-${trace}-${parent}-01`,
    ],
    [
      '4.3: a later version may be longer',
      `cc-${trace}-${parent}-01-what-follows`,
      `00-${trace}-${parent}-01`,
    ],
  ])('%s (%s)', (_, header, kept) => {
    expect(published({ traceparent: header }).traceparent).toBe(kept);
    const sent = delivered({ traceparent: header }).traceparent ?? '';
    expect(sent).toBe(kept.replace(parent, 'cd'.repeat(8)));
    expect(writeTraceParent(readTraceParent(sent) ?? expect.fail('It is not valid.'))).toBe(sent);
  });

  it.each<[rule: string, header: string]>([
    ['3.2.2.1: version ff is not valid', `ff-${trace}-${parent}-01`],
    ['3.2.2.3: a trace id of zeros', `00-${'0'.repeat(32)}-${parent}-01`],
    ['3.2.2.4: a parent id of zeros', `00-${trace}-${'0'.repeat(16)}-01`],
    ['3.2.2: upper-case letters', `00-${trace.toUpperCase()}-${parent}-01`],
    ['3.2.2: version 00 ends after the flags', `00-${trace}-${parent}-01-more`],
    ['3.2.2: version 00 ends after the flags', `00-${trace}-${parent}-01.`],
    ['4.3: what follows in a later version begins with a dash', `01-${trace}-${parent}-01.more`],
    ['3.2.2.3: a shorter trace id', `00-${trace.slice(1)}-${parent}-01`],
    ['3.2.2.4: a shorter parent id', `00-${trace}-${parent.slice(1)}-01`],
    ['3.2.2.5: a shorter flag', `00-${trace}-${parent}-1`],
    ['3.2.2: no hexadecimal digit', `00-${trace.replace('4', 'g')}-${parent}-01`],
    ['3.2: a list of two', `00-${trace}-${parent}-01, 00-${trace}-${parent}-01`],
    ['3.2: nothing', ''],
    ['3.2: a line break', `00-${trace}-${parent}-01\n`],
  ])('starts a new trace where it is not valid: %s (%j)', (_, header) => {
    const event = published({ traceparent: header, tracestate: 'a=1' });
    expect(event.traceparent).toBe(own);
    // 4.3: without a valid traceparent, tracestate is not looked at.
    expect(event.tracestate).toBeUndefined();
    expect(delivered({ traceparent: header, tracestate: 'a=1' })).not.toHaveProperty('traceparent');
    expect(delivered({ traceparent: header, tracestate: 'a=1' })).not.toHaveProperty('tracestate');
  });

  it('of the event itself counts more than the header', () => {
    const ownTrace = `00-${'c'.repeat(32)}-${parent}-01`;
    const headers = { 'ce-specversion': '1.0', 'ce-id': '1', 'ce-source': '/s', 'ce-type': 't' };
    const event = published(
      { ...headers, 'ce-traceparent': ownTrace, traceparent: `00-${trace}-${parent}-01`, tracestate: 'a=1' },
      '1',
    );
    expect([event.traceparent, event.tracestate]).toEqual([ownTrace, undefined]);
  });
});

describe('a tracestate', () => {
  const key = `a${'b'.repeat(255)}`;
  it.each<[rule: string, header: string, kept: string]>([
    ['3.3.1.3: one member', 'congo=t61rcWkgMzE', 'congo=t61rcWkgMzE'],
    ['3.3.1.1: members keep their order', 'rojo=1,congo=2', 'rojo=1,congo=2'],
    ['3.3.1.1: spaces around members', 'a=1 ,\tb=2', 'a=1,b=2'],
    ['3.3.1.1: empty members', 'a=1,,b=2,', 'a=1,b=2'],
    ['3.3.1.3.1: every character of a key', 'a_b-c*d/e0=1', 'a_b-c*d/e0=1'],
    ['3.3.1.3.1: a tenant and a system', '0tenant@system=1', '0tenant@system=1'],
    ['3.3.1.3.1: a key of 256 characters', `${key}=1`, `${key}=1`],
    ['3.3.1.3.2: spaces inside a value', 'a=b c!"#', 'a=b c!"#'],
    ['3.3.1.1: 32 members', list(32), list(32)],
    [
      '3.3.1.5: 512 characters',
      `a=${'x'.repeat(256)},b=${'y'.repeat(251)}`,
      `a=${'x'.repeat(256)},b=${'y'.repeat(251)}`,
    ],
  ])('is passed on: %s', (_, header, kept) => {
    const traceparent = `00-${trace}-${parent}-01`;
    const event = published({ traceparent, tracestate: header });
    expect(event.tracestate).toBe(kept);
    expect(delivered(event).tracestate).toBe(kept);
  });

  it.each<[rule: string, header: string]>([
    ['3.3.1.3: a member without a value', 'a'],
    ['3.3.1.3: an empty value', 'a='],
    ['3.3.1.3.2: a second equals sign', 'a=b=c'],
    ['3.3.1.3.1: an upper-case key', 'A=1'],
    ['3.3.1.3.1: an empty key', '=1'],
    ['3.3.1.3.1: a key that begins with a digit', '1a=1'],
    ['3.3.1.3.1: a key of 257 characters', `${key}c=1`],
    ['3.3.1.3.1: a system of 15 characters', `t@${'s'.repeat(15)}=1`],
    ['3.3.1.3.2: a value of 257 characters', `a=${'x'.repeat(257)}`],
    ['3.3.1.3.2: a value beyond ASCII', 'a=é'],
    ['3.3.1.3: a space before the equals sign', 'a =1'],
    ['3.3.1.4: a key twice', 'a=1,a=2'],
    ['3.3.1.1: 33 members', list(33)],
    ['3.3.1.1: nothing', ' , '],
  ])('is left out where it is not valid: %s', (_, header) => {
    expect(readTraceState(header)).toBeUndefined();
    const traceparent = `00-${trace}-${parent}-01`;
    const event = published({ traceparent, tracestate: header });
    // 4.3: the trace goes on without it.
    expect([event.traceparent, event.tracestate]).toEqual([traceparent, undefined]);
    expect(delivered({ traceparent, tracestate: header })).not.toHaveProperty('tracestate');
  });
});

function list(count: number): string {
  return Array.from({ length: count }, (_, at) => `k${at}=v`).join(',');
}
