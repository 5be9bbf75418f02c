/**
 * Spans in the JSON of OTLP 1 (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding): ids are hexadecimal,
 * 64-bit numbers are decimal text, and enumerations numbers.
 */

/** https://github.com/open-telemetry/opentelemetry-proto, `SpanKind`. */
const kinds = { server: 2, client: 3, producer: 4, consumer: 5 } as const;

export interface Span {
  /** 32 and 16 hexadecimal digits in lower case. */
  readonly traceId: string;
  readonly spanId: string;
  /** Undefined for the first span of a trace. */
  readonly parentSpanId: string | undefined;
  readonly name: string;
  readonly kind: keyof typeof kinds;
  /** Epoch milliseconds. */
  readonly startMs: number;
  readonly endMs: number;
  readonly attributes: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Why it failed; undefined when it did not. */
  readonly error: string | undefined;
}

/** An `ExportTraceServiceRequest`. @param service names the sender of all of the spans. */
export const exportRequest = (spans: readonly Span[], service: string, scopeVersion: string): object => ({
  resourceSpans: [
    {
      resource: { attributes: attributesOf({ 'service.name': service }) },
      scopeSpans: [{ scope: { name: 'busbar', version: scopeVersion }, spans: spans.map(spanOf) }],
    },
  ],
});

const spanOf = ({ traceId, spanId, parentSpanId, name, kind, startMs, endMs, attributes, error }: Span) => ({
  traceId,
  spanId,
  ...(parentSpanId !== undefined && { parentSpanId }),
  name,
  kind: kinds[kind],
  startTimeUnixNano: nanos(startMs),
  endTimeUnixNano: nanos(Math.max(startMs, endMs)),
  attributes: attributesOf(attributes),
  // STATUS_CODE_ERROR; a span that did not fail has none, as the specification asks of instrumentation.
  status: error === undefined ? {} : { code: 2, message: error },
});

/** A double cannot hold nanoseconds since the epoch. */
const nanos = (ms: number): string => String(BigInt(Math.round(ms * 1000)) * 1000n);

const attributesOf = (attributes: Span['attributes']) =>
  Object.entries(attributes).flatMap(([key, value]) =>
    value === undefined ? [] : [{ key, value: anyValue(value) }],
  );

function anyValue(value: string | number | boolean) {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}
