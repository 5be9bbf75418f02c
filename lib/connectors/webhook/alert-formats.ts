import { createHash } from 'node:crypto';
import { type SystemEventName, startOf, systemEventTypes } from '../../core/system-event/types.ts';

/**
 * Bodies that chat and paging services accept, of any CloudEvent and of system events in particular. The headings and
 * severities are those of the table of system events.
 */

/** The parts of a structured CloudEvent that these bodies show. */
interface Shown {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  readonly time?: string;
  readonly data?: unknown;
}

/** A section takes 3,000 characters (https://docs.slack.dev/reference/block-kit/blocks/section-block). */
const sectionCharactersMax = 2900;
/** https://developer.pagerduty.com/docs/send-alert-event: a summary has up to 1,024 characters, an event 512 KB. */
const summaryCharactersMax = 1024;
const detailsBytesMax = 256 * 1024;

const cut = (text: string, most: number) => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

const headingOf = ({ type, subject }: Shown) => (subject === undefined ? type : `${type}: ${subject}`);

const isSystemType = (type: string): type is SystemEventName => Object.hasOwn(systemEventTypes, type);

/** `&`, `<` and `>` begin entities, links and mentions (https://docs.slack.dev/messaging/formatting-message-text). */
const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

/** The body of a Slack incoming webhook. */
export function slackBody(event: Shown): string {
  const heading = escaped(headingOf(event));
  const data = event.data === undefined ? '' : escaped(JSON.stringify(event.data, null, 2));
  const text = (mrkdwn: string) => ({ type: 'section', text: { type: 'mrkdwn', text: mrkdwn } });
  return JSON.stringify({
    text: cut(heading, sectionCharactersMax),
    blocks: [
      text(cut(`*${heading}*`, sectionCharactersMax)),
      ...(data === '' ? [] : [text(`\`\`\`${cut(data, sectionCharactersMax)}\`\`\``)]),
    ],
  });
}

/**
 * The body of the PagerDuty Events API v2. A type that ends another resolves what that one triggered: both have the same
 * key, which is made of the type that begins and the subject. Any other event triggers an incident of its own.
 */
export function pagerDutyBody(event: Shown, routingKey: string): string {
  const { id, source, type, subject = '', time, data } = event;
  const ended = isSystemType(type) ? startOf(type) : undefined;
  const begins = isSystemType(type) && systemEventTypes[type].endedBy !== undefined;
  const pair = ended ?? (begins ? type : undefined);
  const identity = pair === undefined ? [source, id] : [source, pair, subject];
  const details = JSON.stringify(data ?? {});
  return JSON.stringify({
    routing_key: routingKey,
    event_action: ended === undefined ? 'trigger' : 'resolve',
    // At most 255 characters.
    dedup_key: createHash('sha256').update(JSON.stringify(identity)).digest('hex'),
    payload: {
      summary: cut(headingOf(event), summaryCharactersMax),
      source,
      severity: isSystemType(type) ? systemEventTypes[type].severity : 'info',
      ...(time !== undefined && { timestamp: time }),
      custom_details:
        Buffer.byteLength(details) <= detailsBytesMax ? (data ?? {}) : { id, omitted: 'too large' },
    },
  });
}
