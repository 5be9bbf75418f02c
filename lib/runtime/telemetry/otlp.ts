import { exportRequest, type Span } from '../../core/telemetry/span.ts';
import { createSecretReader } from '../aws/secrets-manager.ts';
import type { World } from '../open.ts';
import { createRecent } from '../stores/recent.ts';

/** So long an invocation waits for a collector: nothing that it does for events may be late by more. */
const exportSeconds = 1;
/** A rotated secret is read again after so long. */
const headersSeconds = 300;
const version = '1';

/**
 * Sends spans to a collector by OTLP/HTTP, as JSON. Each batch is sent once: to try again would take more of the time of an
 * invocation than its spans are worth.
 */
export function createExporter(world: World) {
  const { config, clock } = world;
  const url = `${(config.otlpEndpoint ?? '').replace(/\/+$/, '')}/v1/traces`;
  const service = `busbar-${config.prefix}`;
  const readSecret = createSecretReader(world);
  const recent = createRecent(clock);

  async function secretHeaders(): Promise<Readonly<Record<string, string>>> {
    const { otlpHeadersSecret: secret } = config;
    if (secret === undefined) return {};
    const read = async () => headersOf(secret, await readSecret(secret));
    return await recent.get(secret, read, headersSeconds);
  }

  return {
    /** @throws Error that says why the collector did not take them; it quotes no header. */
    async send(spans: readonly Span[]): Promise<void> {
      const stop = new AbortController();
      const cancel = clock.setTimer(exportSeconds * 1000, () =>
        stop.abort(new Error(`The collector took more than ${exportSeconds} s`)),
      );
      try {
        const own = await Promise.race([secretHeaders(), aborted(stop.signal)]);
        const response = await fetch(url, {
          method: 'POST',
          headers: { ...own, 'content-type': 'application/json' },
          body: JSON.stringify(exportRequest(spans, service, version)),
          signal: stop.signal,
          redirect: 'error',
        });
        const text = await response.text();
        if (!response.ok) throw new Error(`The collector answered ${response.status}`);
        const rejected = rejectedOf(text);
        if (rejected > 0) throw new Error(`The collector rejected ${rejected} of them`);
      } catch (error) {
        throw stop.signal.aborted ? stop.signal.reason : error;
      } finally {
        cancel();
      }
    },
  };
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

/** A JSON object of names and values. */
function headersOf(secret: string, text: string): Readonly<Record<string, string>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (
    typeof value !== 'object' ||
    value === null ||
    !Object.values(value).every((one) => typeof one === 'string')
  ) {
    throw new Error(`The secret ${secret} is not a JSON object of header names and values`);
  }
  return value as Record<string, string>;
}

/** How many spans a collector did not take of a request that it answers with 200. */
function rejectedOf(text: string): number {
  try {
    const { partialSuccess } = JSON.parse(text) as { partialSuccess?: { rejectedSpans?: string | number } };
    return Number(partialSuccess?.rejectedSpans ?? 0);
  } catch {
    // The body of a success is of no interest.
    return 0;
  }
}
