import { CloudEvent, HTTP } from 'cloudevents';
import fc from 'fast-check';

/** Reads a request by the independent CloudEvents SDK, which must find one event in it, and a valid one. */
export function readBySdk(headers: Readonly<Record<string, string>>, body: string): CloudEvent<unknown> {
  const read = HTTP.toEvent({ headers: { ...headers }, body });
  if (!(read instanceof CloudEvent)) throw new Error('The SDK found no single event.');
  read.validate();
  return read;
}

/** Any text that CloudEvents takes for an attribute (spec 1.0.2, "String"). */
export const attributeText = (maxLength: number) =>
  fc
    .string({ unit: 'binary', minLength: 1, maxLength })
    .filter((text) => text.isWellFormed() && !/\p{Control}|\p{Noncharacter_Code_Point}/u.test(text));
