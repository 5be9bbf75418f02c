import { describe, expect, it } from 'vitest';
import { pagerDutyBody, slackBody } from '../../../lib/connectors/webhook/alert-formats.ts';

const opened = {
  specversion: '1.0',
  id: 'sys_1',
  source: '/busbar',
  type: 'busbar.breaker.opened',
  subject: 'receivers/shop',
  time: '2026-12-01T09:30:00.000Z',
  datacontenttype: 'application/json',
  data: { receiver: 'shop', reason: '<!channel> & more' } as unknown,
};
const slackOf = (event: object) => JSON.parse(slackBody(JSON.stringify({ ...opened, ...event })));
const pageOf = (event: object) => JSON.parse(pagerDutyBody(JSON.stringify({ ...opened, ...event }), 'key'));

describe('a Slack message', () => {
  it('names type, subject and data, and mentions nobody', () => {
    const { text, blocks } = slackOf({});
    expect(text).toBe('busbar.breaker.opened: receivers/shop');
    expect(blocks[1].text.text).toContain('&lt;!channel&gt; &amp; more');
    expect(slackOf({ subject: '<!here>' }).text).toBe('busbar.breaker.opened: &lt;!here&gt;');
  });

  it('is as short as Slack wants it, with no entity cut in two', () => {
    for (const event of [{ data: { text: '<'.repeat(100_000) } }, { subject: '&'.repeat(5000) }]) {
      for (const { text } of slackOf(event).blocks) {
        expect(text.text.length).toBeLessThanOrEqual(3000);
        expect(text.text.replaceAll(/&(amp|lt|gt);/g, '')).not.toContain('&');
      }
    }
  });

  it('shows numbers as they were sent, texts, and the size of bytes', () => {
    const exact = JSON.stringify({ ...opened, data: 0 }).replace(/0}$/, '{"n":12345678901234567890}}');
    expect(JSON.parse(slackBody(exact)).blocks[1].text.text).toContain('12345678901234567890');
    const plain = slackOf({ datacontenttype: 'text/plain', data: 'hello' });
    expect(plain.blocks[1].text.text).toBe('```hello```');
    const { data: _, ...bytes } = { ...opened, data_base64: 'AAAA' };
    expect(JSON.parse(slackBody(JSON.stringify(bytes))).blocks[1].text.text).toBe('```(3 bytes)```');
  });
});

describe('a PagerDuty event', () => {
  it('is triggered by the type that begins and resolved by the one that ends, under one key', () => {
    const trigger = pageOf({});
    expect(trigger).toMatchObject({
      routing_key: 'key',
      event_action: 'trigger',
      payload: {
        summary: 'busbar.breaker.opened: receivers/shop',
        severity: 'critical',
        source: '/busbar',
        timestamp: opened.time,
        custom_details: opened.data,
      },
    });
    const resolve = pageOf({ id: 'sys_2', type: 'busbar.breaker.closed' });
    expect(resolve).toMatchObject({ event_action: 'resolve', dedup_key: trigger.dedup_key });
  });

  it('of a later time is the same incident, and a test never is', () => {
    const keyOf = (event: object) => pageOf(event).dedup_key;
    const deadLetters = { type: 'busbar.dead-letters' };
    expect(keyOf({ ...deadLetters, id: 'sys_2' })).toBe(keyOf(deadLetters));
    const test = { type: 'busbar.breaker.closed', busbartest: true };
    expect(pageOf(test).payload.summary).toBe('Test: busbar.breaker.closed: receivers/shop');
    expect(keyOf(test)).not.toBe(keyOf({}));
    const others = [
      {},
      { subject: 'receivers/other' },
      { type: 'order.lost' },
      { type: 'order.lost', id: '2' },
    ];
    expect(new Set(others.map(keyOf)).size).toBe(4);
  });

  it('has details of any data: an object, with numbers as they were sent', () => {
    const exact = JSON.stringify({ ...opened, data: 0 }).replace(/0}$/, '{"n":12345678901234567890}}');
    expect(pagerDutyBody(exact, 'key')).toContain('"custom_details":{"n":12345678901234567890}}}');
    expect(pageOf({ data: [1] }).payload.custom_details).toEqual({ data: [1] });
    const plain = pageOf({ datacontenttype: 'text/plain', data: '{' });
    expect(plain.payload.custom_details).toEqual({ data: '{' });
    const { data: _, ...bytes } = { ...opened, data_base64: 'AAAA' };
    expect(JSON.parse(pagerDutyBody(JSON.stringify(bytes), 'key')).payload.custom_details).toEqual({
      data: '(3 bytes)',
    });
    const large = pageOf({ data: 'x'.repeat(300_000) });
    expect(large.payload.custom_details).toEqual({ id: 'sys_1', omitted: 'the data is too large' });
  });
});
