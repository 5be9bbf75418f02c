import type { HttpFailure, HttpResult } from '../../core/kernel/http-result.ts';

/** A failure on its way to the outcome: sockets and the resolver hand errors on. */
export class Failed extends Error {
  readonly failure: HttpFailure;
  constructor(failure: HttpFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

export const failed = (failure: HttpFailure, message: string): HttpResult => ({
  kind: 'failure',
  failure,
  message,
});

/** What an error of a socket, of TLS or of the resolver means. */
export function classify(error: Error): HttpResult {
  if (error instanceof Failed) return failed(error.failure, error.message);
  const { code = '', message } = error as NodeJS.ErrnoException;
  // Of several addresses that were tried, each has its error.
  const text = message || (error instanceof AggregateError ? error.errors.map(String).join('; ') : '');
  return failed(failureOf(code), code === '' || text.includes(code) ? text : `${code}: ${text}`);
}

function failureOf(code: string): HttpFailure {
  if (code === 'ENOTFOUND' || code === 'ENODATA' || code.startsWith('EAI_')) return 'dns';
  if (code === 'ECONNREFUSED' || code === 'EHOSTUNREACH' || code === 'ENETUNREACH') return 'refused';
  if (code === 'ETIMEDOUT') return 'timeout';
  if (/^(CERT_|ERR_TLS|ERR_SSL|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED|HOSTNAME_MISMATCH|EPROTO)/.test(code))
    return 'tls';
  return 'reset';
}
