import { readTraceParent, type TraceParent } from '../../core/event/trace-context.ts';
import type { Span } from '../../core/telemetry/span.ts';
import type { World } from '../open.ts';

/** The spans of this invocation, until they are exported (see docs/decisions/176-opentelemetry.md). */
export interface Spans {
  /** The trace that an event brings, if it is sampled: of others no spans are made. */
  traceOf(traceparent: string | undefined): TraceParent | undefined;
  /** The id of a new span. */
  newId(): string;
  add(span: Span): void;
  /** Exports what there is. It takes a second at most, and never fails: what cannot be exported is gone. */
  flush(): Promise<void>;
}

/** Beyond that, spans of an invocation are dropped: its memory is for events. */
const spansMax = 2048;

export function createSpans(world: World): Spans {
  const { random } = world;
  let spans: Span[] = [];
  let dropped = 0;
  let exporting: Promise<{ send(spans: readonly Span[]): Promise<void> }> | undefined;
  return {
    traceOf(traceparent) {
      const trace = readTraceParent(traceparent);
      return trace?.isSampled === true ? trace : undefined;
    },
    newId: () => Buffer.from(random.bytes(8)).toString('hex'),
    add(span) {
      if (spans.length < spansMax) spans.push(span);
      else dropped += 1;
    },
    async flush() {
      if (spans.length === 0) return;
      const sent = spans;
      spans = [];
      if (dropped > 0) world.log('warn', 'Spans were dropped', { count: dropped });
      dropped = 0;
      try {
        // Evaluated only where spans are exported.
        exporting ??= import('./otlp.ts').then(({ createExporter }) => createExporter(world));
        await (await exporting).send(sent);
      } catch (error) {
        world.log('warn', 'Spans could not be exported', { count: sent.length, reason: String(error) });
      }
    },
  };
}
