import { words } from '../../app/words.ts';

export const receiverWords = words({
  en: {
    title: 'Receivers',
    lead: 'Who gets events, each with its own queues, retries and limits.',
    receiver: 'Receiver',
    state: 'State',
    owner: 'Owner',
    sendsTo: 'Sends to',
    empty: 'There are no receivers yet.',
    emptyNext: 'Make one with PUT /v1/receivers/{receiver}, or busbar apply, and subscribe it to a topic.',
  },
  zh: {
    title: '接收者',
    lead: '接收事件的一方，各有自己的队列、重试与限制。',
    receiver: '接收者',
    state: '状态',
    owner: '所有者',
    sendsTo: '发送到',
    empty: '还没有接收者。',
    emptyNext: '用 PUT /v1/receivers/{receiver} 或 busbar apply 创建一个，并为它订阅主题。',
  },
});
