import { describe, expect, it } from 'vitest';
import { pagerDutyBody, slackBody } from '../../../lib/connectors/webhook/alert-formats.ts';

const opened = {
  id: 'sys_1',
  source: '/busbar',
  type: 'busbar.breaker.opened',
  subject: 'receivers/shop',
  time: '2026-12-01T09:30:00.000Z',
  data: { receiver: 'shop', reason: '<!channel> & more' },
};

describe('a Slack message', () => {
  it('names type, subject and data, and mentions nobody', () => {
    const { text, blocks } = JSON.parse(slackBody(opened));
    expect(text).toBe('busbar.breaker.opened: receivers/shop');
    expect(blocks[1].text.text).toContain('&lt;!channel&gt; &amp; more');
  });

  it('is as short as Slack wants it', () => {
    const { blocks } = JSON.parse(slackBody({ ...opened, data: { text: '<'.repeat(100_000) } }));
    for (const { text } of blocks) expect(text.text.length).toBeLessThanOrEqual(3000);
  });
});

describe('a PagerDuty event', () => {
  it('is triggered by the type that begins and resolved by the one that ends, under one key', () => {
    const trigger = JSON.parse(pagerDutyBody(opened, 'key'));
    const closed = { ...opened, id: 'sys_2', type: 'busbar.breaker.closed' };
    const resolve = JSON.parse(pagerDutyBody(closed, 'key'));
    expect(trigger).toMatchObject({
      routing_key: 'key',
      event_action: 'trigger',
      payload: {
        severity: 'critical',
        source: '/busbar',
        timestamp: opened.time,
        custom_details: opened.data,
      },
    });
    expect(resolve).toMatchObject({ event_action: 'resolve', dedup_key: trigger.dedup_key });
  });

  it('of another subject, or of any other event, has another key', () => {
    const keyOf = (event: object) => JSON.parse(pagerDutyBody({ ...opened, ...event }, 'key')).dedup_key;
    const keys = [
      {},
      { subject: 'receivers/other' },
      { type: 'order.lost' },
      { type: 'order.lost', id: '2' },
    ].map(keyOf);
    expect(new Set(keys).size).toBe(4);
  });
});
