import type { Delivery } from '../../core/deliver/delivery.ts';
import { failureKind } from '../../core/deliver/delivery.ts';
import type { Outcome } from '../../core/deliver/outcome.ts';
import type { Entry } from '../../core/event/forms.ts';
import type { Target } from '../../core/event/target.ts';
import type { TraceParent } from '../../core/event/trace-context.ts';
import type { Spans } from '../../runtime/telemetry/spans.ts';

/** What became of an entry. */
interface Result {
  readonly status: string;
  readonly code?: string;
  readonly detail?: string;
}

/**
 * Adds a span for each trace of a request: the first one of a trace that the bus began, a child of the producer's span of
 * one that an event brought.
 * @param begun the `traceparent` of events that brought none.
 */
export function addPublishSpans(
  spans: Spans,
  request: {
    readonly target: Target;
    readonly begun: string;
    readonly startMs: number;
    readonly endMs: number;
    readonly entries: readonly Entry[];
    readonly results: readonly Result[];
  },
): void {
  const { target, begun, startMs, endMs, results } = request;
  const traces = Map.groupBy(
    request.entries.flatMap((entry) => ('error' in entry ? [] : [entry])),
    ({ event }) => event.traceparent,
  );
  for (const [traceparent, entries] of traces) {
    const trace = spans.traceOf(traceparent);
    if (trace === undefined) continue;
    const own = entries.map(({ index }) => results[index]);
    const failed = own.every((result) => result?.status === 'rejected') ? own[0] : undefined;
    const [only] = entries.length === 1 ? entries : [];
    const name = 'topic' in target ? target.topic : target.receiver;
    spans.add({
      traceId: trace.traceId,
      // What the events say their parent is.
      spanId: traceparent === begun ? trace.parentId : spans.newId(),
      parentSpanId: traceparent === begun ? undefined : trace.parentId,
      name: `publish ${name}`,
      kind: 'producer',
      startMs,
      endMs,
      attributes: {
        ...messaging('send', 'publish', name),
        'messaging.batch.message_count': entries.length,
        'cloudevents.event_id': only?.event.id,
        'cloudevents.event_source': only?.event.source,
        'cloudevents.event_type': only?.event.type,
        'error.type': failed?.code,
      },
      error: failed?.detail,
    });
  }
}

/** The spans of one attempt, of which the endpoint is told the second. */
export interface AttemptSpans {
  readonly trace: TraceParent;
  readonly deliverId: string;
  readonly postId: string;
}

/** Undefined where no span is made of it. */
export function beginAttempt(spans: Spans, { traceparent }: Delivery): AttemptSpans | undefined {
  const trace = spans.traceOf(traceparent);
  return trace && { trace, deliverId: spans.newId(), postId: spans.newId() };
}

/** Adds the span of the delivery, from when its batch came, and that of the request below it. */
export function endAttempt(
  spans: Spans,
  { trace, deliverId, postId }: AttemptSpans,
  made: {
    readonly delivery: Delivery;
    readonly attempt: number;
    readonly outcome: Outcome;
    readonly batchStartMs: number;
    readonly startMs: number;
    readonly endMs: number;
  },
): void {
  const { delivery, attempt, outcome, batchStartMs, startMs, endMs } = made;
  const failed = failureKind(outcome) === undefined ? undefined : outcome;
  const error =
    failed === undefined ? undefined : failed.kind === 'answer' ? String(failed.status) : failed.failure;
  const common = { traceId: trace.traceId, endMs, error };
  spans.add({
    ...common,
    spanId: deliverId,
    parentSpanId: trace.parentId,
    name: `deliver ${delivery.receiver}`,
    kind: 'consumer',
    startMs: batchStartMs,
    attributes: {
      ...messaging('process', 'deliver', delivery.topic),
      'messaging.message.id': delivery.deliveryId,
      'cloudevents.event_id': delivery.eventId,
      'cloudevents.event_source': delivery.eventSource,
      'cloudevents.event_type': delivery.eventType,
      'busbar.receiver': delivery.receiver,
      'busbar.attempt': attempt,
    },
  });
  spans.add({
    ...common,
    spanId: postId,
    parentSpanId: deliverId,
    name: `post ${delivery.receiver}`,
    kind: 'client',
    startMs,
    // Not the URL of the endpoint, which may be a secret.
    attributes: {
      'busbar.receiver': delivery.receiver,
      'http.response.status_code': outcome.kind === 'answer' ? outcome.status : undefined,
      'error.type': error,
    },
  });
}

/** https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/ */
const messaging = (type: 'send' | 'process', name: string, destination: string | undefined) => ({
  'messaging.system': 'busbar',
  'messaging.operation.type': type,
  'messaging.operation.name': name,
  'messaging.destination.name': destination,
});
