/** Shorter credentials would hide ordinary words. */
const shortest = 4;

/** The text with each credential hidden: what a receiver echoes must not show what it was sent. */
export function redact(text: string, credentials: readonly string[]): string {
  // The longest first: one may be a part of another.
  const hidden = credentials
    .filter(({ length }) => length >= shortest)
    .sort((one, other) => other.length - one.length);
  return hidden.reduce((rest, credential) => rest.replaceAll(credential, '(hidden)'), text);
}
