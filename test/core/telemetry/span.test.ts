import { expect, it } from 'vitest';
import { exportRequest, type Span } from '../../../lib/core/telemetry/span.ts';

const span: Span = {
  traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  spanId: '00f067aa0ba902b7',
  parentSpanId: undefined,
  name: 'publish orders',
  kind: 'producer',
  startMs: Date.parse('2026-01-01T00:00:00.001Z'),
  endMs: Date.parse('2026-01-01T00:00:00.001Z') + 0.25,
  attributes: { text: 'a', whole: 3, part: 0.5, yes: true, none: undefined },
  error: undefined,
};
const spansOf = (...spans: Span[]) =>
  (
    exportRequest(spans, 'busbar-shop', '1') as {
      resourceSpans: [{ scopeSpans: [{ spans: Record<string, unknown>[] }] }];
    }
  ).resourceSpans[0].scopeSpans[0].spans;

it('is written as OTLP has it: hexadecimal ids, nanoseconds as text, typed values', () => {
  expect(exportRequest([span], 'busbar-shop', '1')).toEqual({
    resourceSpans: [
      {
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'busbar-shop' } }] },
        scopeSpans: [
          {
            scope: { name: 'busbar', version: '1' },
            spans: [
              {
                traceId: span.traceId,
                spanId: span.spanId,
                name: 'publish orders',
                kind: 4,
                startTimeUnixNano: '1767225600001000000',
                endTimeUnixNano: '1767225600001250000',
                attributes: [
                  { key: 'text', value: { stringValue: 'a' } },
                  { key: 'whole', value: { intValue: '3' } },
                  { key: 'part', value: { doubleValue: 0.5 } },
                  { key: 'yes', value: { boolValue: true } },
                ],
                status: {},
              },
            ],
          },
        ],
      },
    ],
  });
});

it('names its parent and its error, and never ends before it began', () => {
  const [one] = spansOf({
    ...span,
    kind: 'client',
    parentSpanId: '00f067aa0ba902b8',
    endMs: span.startMs - 5,
    error: 'timeout',
  });
  expect(one).toMatchObject({
    kind: 3,
    parentSpanId: '00f067aa0ba902b8',
    status: { code: 2, message: 'timeout' },
    endTimeUnixNano: '1767225600001000000',
  });
});
