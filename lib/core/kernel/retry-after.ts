/** The longest pause that an endpoint may ask for; a longer `Retry-After` is taken for a mistake. */
export const retryAfterSecondsMax = 24 * 3600;
/**
 * What `Retry-After` asks for, in seconds from now: a number of seconds or an HTTP date (RFC 9110, section 10.2.3).
 * Undefined when it is absent or unreadable; at most a day.
 */
export function retryAfterSeconds(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const seconds = /^\d+$/.test(text) ? Number(text) : (parseHttpDate(text) - nowMs) / 1000;
  if (!Number.isFinite(seconds)) return undefined;
  return Math.min(Math.max(0, seconds), retryAfterSecondsMax);
}

/** The three forms of an HTTP date (RFC 9110, section 5.6.7); `Date.parse` alone would read `-5` as a date as well. */
const datesInGmt = /^[A-Z][a-z]+, \d{2}[ -][A-Z][a-z]{2}[ -]\d{2,4} \d{2}:\d{2}:\d{2} GMT$/;

const dateWithoutZone = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/;

function parseHttpDate(text: string): number {
  if (datesInGmt.test(text)) return Date.parse(text);
  return dateWithoutZone.test(text) ? Date.parse(`${text} GMT`) : Number.NaN;
}
