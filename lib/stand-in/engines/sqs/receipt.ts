import { receiptHandleIsInvalid } from './errors.ts';

/** The content of a receipt handle: one receive of one message of one queue. */
export interface Receipt {
  /** The run of the engine in which the message was received. */
  readonly run: number;
  readonly queueId: string;
  readonly messageKey: number;
  readonly receipt: number;
}

/** The handle is opaque to callers, and long enough that no text is one by chance. */
export function encodeReceipt(run: number, queueId: string, messageKey: number, receipt: number): string {
  return Buffer.from(`${run}/${queueId}/${messageKey}/${receipt}`, 'latin1').toString('base64');
}

/** Throws `ReceiptHandleIsInvalid` for text that is not a handle, and for a handle of another queue. */
export function decodeReceipt(handle: string, queueId: string): Receipt {
  const parts = Buffer.from(handle, 'base64').toString('latin1').split('/');
  const [run, queue, messageKey, receipt] = parts;
  if (parts.length !== 4 || queue !== queueId) throw receiptHandleIsInvalid(handle);
  return { run: Number(run), queueId, messageKey: Number(messageKey), receipt: Number(receipt) };
}
