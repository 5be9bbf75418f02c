// All of `#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD`, and surrogates, which must come in pairs.
const allowed = /^[\t\n\r -\ufffd]*$/;

/** Whether a text contains what message bodies and attributes must not: control characters, lone surrogates. */
export function hasForbiddenCharacters(value: string): boolean {
  return !allowed.test(value) || !value.isWellFormed();
}
