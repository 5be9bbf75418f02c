import { expect, it } from 'vitest';
import { rocketMqEndpoints } from '../../../lib/connectors/rocketmq/config.ts';

const name = 'BUSBAR_ROCKETMQ_ENDPOINTS';

it('reads the proxies that receivers may name', () => {
  expect(rocketMqEndpoints({ [name]: 'none' })).toEqual([]);
  expect(rocketMqEndpoints({ [name]: 'MQ.example.com:8081, 10.0.0.7:8081' })).toEqual([
    'mq.example.com:8081',
    '10.0.0.7:8081',
  ]);
});

it.each([undefined, ''])('must have the variable: %j', (value) => {
  expect(() => rocketMqEndpoints({ [name]: value })).toThrow(`The environment variable ${name} is missing.`);
});

it('refuses what is not a list of proxies', () => {
  expect(() => rocketMqEndpoints({ [name]: 'https://mq.example.com' })).toThrow(
    `${name} is "https://mq.example.com"; it is none, or proxies such as mq.example.com:8081.`,
  );
});
