// All of `#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD`, and surrogates, which are checked to be in pairs.
const allowed = /^[\t\n\r -\ufffd]*$/;

/** Whether a text holds what neither a message body nor an attribute may: control characters, lone surrogates. */
export function hasForbiddenCharacters(value: string): boolean {
  return !allowed.test(value) || !value.isWellFormed();
}
