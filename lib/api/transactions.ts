import { renewCheckSecret } from '../app/transaction/check-secret.ts';
import {
  beginTransaction,
  commitTransaction,
  getTransaction,
  rollbackTransaction,
  type TransactionTools,
} from '../app/transaction/transaction.ts';
import { transactionSchema } from '../core/transaction/request.ts';
import { callsWith } from './call.ts';
import { eventErrors } from './publish.ts';

const call = callsWith<TransactionTools>();

export const transactionCalls = [
  call(
    'POST /v1/transactions',
    {
      summary: 'Begin a transaction',
      description:
        'Up to 25 half messages, `{topic|receiver, …event}`, all or none: nobody receives them before the commit.',
      tag: 'Transactions',
      caller: 'owner',
      needs: 'transact',
      body: { events: transactionSchema },
      responses: { 201: 'TransactionBegun' },
      errors: [...eventErrors, 'unknown_topic', 'unknown_receiver', 'transaction_exists'],
      example: {
        events: [
          { topic: 'orders', type: 'order.placed', data: { orderId: '1001' } },
          { receiver: 'billing', specversion: '1.0', id: '1001', source: '/shop', type: 'invoice.wanted' },
        ],
        checkAfterSeconds: 60,
      },
    },
    (tools, principal, { body, ownHosts }) => beginTransaction(tools, principal, body, ownHosts),
  ),
  call(
    'GET /v1/transactions/{id}',
    {
      summary: 'Show a transaction',
      description:
        '`state` is `half`, `committed` or `rolled-back`; with who decided, the checks and `publishedAt`.',
      tag: 'Transactions',
      caller: 'owner',
      responses: { 200: 'Transaction' },
      errors: ['unknown_transaction'],
    },
    (tools, principal, { path }) => getTransaction(tools, principal, path.id),
  ),
  call(
    'POST /v1/transactions/{id}/commit',
    {
      summary: 'Commit a transaction',
      description: 'Lets its events go. It may be repeated; after a rollback it is a `409`.',
      tag: 'Transactions',
      caller: 'owner',
      needs: 'transact',
      responses: { 200: 'Transaction' },
      errors: ['unknown_transaction', 'transaction_decided'],
    },
    (tools, principal, { path }) => commitTransaction(tools, principal, path.id),
  ),
  call(
    'POST /v1/transactions/{id}/rollback',
    {
      summary: 'Roll a transaction back',
      description: 'Drops its events. It may be repeated; after a commit it is a `409`.',
      tag: 'Transactions',
      caller: 'owner',
      needs: 'transact',
      responses: { 200: 'Transaction' },
      errors: ['unknown_transaction', 'transaction_decided'],
    },
    (tools, principal, { path }) => rollbackTransaction(tools, principal, path.id),
  ),
  call(
    'POST /v1/check-secret',
    {
      summary: 'Make a new secret for the checks of transactions',
      description: 'For the application of this key. For a day, checks are also signed with the earlier one.',
      tag: 'Transactions',
      caller: 'application',
      responses: { 200: 'CheckSecret' },
    },
    (tools, principal) => renewCheckSecret(tools, principal),
  ),
];
