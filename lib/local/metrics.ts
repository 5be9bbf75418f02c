import { metricsOf } from '../core/statistics/metrics.ts';
import { prometheusType } from '../core/statistics/prometheus.ts';
import type { HttpApiRequest, HttpApiResponse } from '../stand-in/engines/http/model.ts';

type Handle = (request: HttpApiRequest) => Promise<HttpApiResponse>;

/** Answers `GET /metrics`, with the rights of the key that it is asked with; undefined for another request. */
export async function metrics(request: HttpApiRequest, handle: Handle, nowMs: number) {
  if (request.method !== 'GET' || request.path !== '/metrics') return undefined;
  let last: HttpApiResponse | undefined;
  const { text } = await metricsOf(async (path, query = {}) => {
    last = await handle({ ...request, path, query: String(new URLSearchParams(query)) });
    return { status: last.status, document: JSON.parse(String(last.body)) };
  }, nowMs);
  return text === undefined
    ? last
    : { status: 200, headers: { 'content-type': prometheusType }, cookies: [], body: text };
}
