import { createHash } from 'node:crypto';
import { takeApart } from '../../core/event/data.ts';
import { isJsonMediaType } from '../../core/event/event.ts';
import { testAttribute } from '../../core/system-event/system-event.ts';
import { type SystemEventName, startOf, systemEventTypes } from '../../core/system-event/types.ts';

/**
 * Bodies that chat and paging services accept, of any CloudEvent and of system events in particular. The headings and
 * severities are those of the table of system events.
 */

/** A section takes 3,000 characters (https://docs.slack.dev/reference/block-kit/blocks/section-block). */
const sectionCharactersMax = 2900;
/** https://developer.pagerduty.com/docs/send-alert-event: a summary has up to 1,024 characters, an event 512 KB. */
const summaryCharactersMax = 1024;
const detailsBytesMax = 256 * 1024;

const cut = (text: string, most: number) => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

const isSystemType = (type: string): type is SystemEventName => Object.hasOwn(systemEventTypes, type);

/** The attributes that these bodies show, and the data as text where it is text. */
function shown(body: string) {
  const { attributes, data, contentType } = takeApart(body);
  const { id, source, type, subject, time } = attributes;
  const isTest = attributes[testAttribute] === true;
  const about = subject === undefined ? `${type}` : `${type}: ${subject}`;
  return {
    id: String(id),
    source: String(source),
    type: String(type),
    subject: subject === undefined ? '' : String(subject),
    time,
    isTest,
    heading: isTest ? `Test: ${about}` : about,
    data: data === undefined || typeof data === 'string' ? data : `(${data.length} bytes)`,
    isJson: typeof data === 'string' && isJsonMediaType(contentType),
  };
}

/** JSON in lines, where that shows it as it was sent: a number that a reader would round stays as it is. */
function inLines(text: string): string {
  if (text.length > sectionCharactersMax) return text;
  try {
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value) === text ? JSON.stringify(value, null, 2) : text;
  } catch {
    // Data may be any text.
    return text;
  }
}

/** `&`, `<` and `>` begin entities, links and mentions (https://docs.slack.dev/messaging/formatting-message-text). */
const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** Cut before it is escaped, so that no entity is cut in two; escaping makes a character five at most. */
function section(text: string, before: string, after: string): object {
  const short = [sectionCharactersMax, sectionCharactersMax / 5]
    .map((most) => escaped(cut(text, most)))
    .find((each) => each.length <= sectionCharactersMax);
  return { type: 'section', text: { type: 'mrkdwn', text: `${before}${short}${after}` } };
}

/** The body of a Slack incoming webhook. @param body an event in the structured form. */
export function slackBody(body: string): string {
  const { heading, data } = shown(body);
  return JSON.stringify({
    text: escaped(cut(heading, summaryCharactersMax)),
    blocks: [
      section(cut(heading, summaryCharactersMax), '*', '*'),
      ...(data === undefined || data === '' ? [] : [section(inLines(data), '```', '```')]),
    ],
  });
}

/**
 * The body of the PagerDuty Events API v2. A type that ends another resolves what that one triggered: both have the same
 * key, which is made of the type that begins and the subject. System events of one type about one subject are one
 * incident; any other event triggers an incident of its own. A test never touches an incident that is not one.
 * @param body an event in the structured form.
 */
export function pagerDutyBody(body: string, routingKey: string): string {
  const { id, source, type, subject, time, isTest, heading, data, isJson } = shown(body);
  const isOfTheBus = isSystemType(type);
  const ended = isOfTheBus ? startOf(type) : undefined;
  const identity = isOfTheBus ? [source, ended ?? type, subject, isTest] : [source, id];
  const envelope = JSON.stringify({
    routing_key: routingKey,
    event_action: ended === undefined ? 'trigger' : 'resolve',
    // At most 255 characters.
    dedup_key: createHash('sha256').update(JSON.stringify(identity)).digest('hex'),
    payload: {
      summary: cut(heading, summaryCharactersMax),
      source,
      severity: isOfTheBus ? systemEventTypes[type].severity : 'info',
      ...(time !== undefined && { timestamp: time }),
    },
  });
  // The data goes in as it is, since parsing would round its numbers.
  return `${envelope.slice(0, -2)},"custom_details":${detailsOf(data, isJson, id)}}}`;
}

/** An object, as PagerDuty wants it. */
function detailsOf(data: string | undefined, isJson: boolean, id: string): string {
  if (data === undefined) return '{}';
  if (Buffer.byteLength(data) > detailsBytesMax)
    return JSON.stringify({ id, omitted: 'the data is too large' });
  if (!isJson) return JSON.stringify({ data });
  return data.trimStart().startsWith('{') ? data : `{"data":${data}}`;
}
