import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe } from 'vitest';
import { closeEndpoints } from './endpoint.ts';
import { deliveryRequest } from './section-2.1.ts';
import { deliveryResponse } from './section-2.2.ts';
import { authorization } from './section-3.ts';
import { callback, validationRequest } from './section-4.1.ts';
import { validationResponse } from './section-4.2.ts';
import type { Sender } from './sender.ts';

/** A module that exports `startSender(): Promise<Sender>`; Busbar's own when none is named. */
const driver = process.env.WEBHOOK_SENDER;

let started: Sender | undefined;

beforeAll(async () => {
  const module = driver === undefined ? './busbar.ts' : pathToFileURL(driver).href;
  const { startSender } = (await import(module)) as { startSender(): Promise<Sender> };
  started = await startSender();
});

afterAll(async () => {
  closeEndpoints();
  await started?.stop();
});

const sender = (): Sender => {
  if (started === undefined) throw new Error('The sender was not started.');
  return started;
};

// Most of them wait for what must not come, so that they do it together.
describe.concurrent('HTTP 1.1 Web Hooks for Event Delivery 1.0.2', () => {
  deliveryRequest(sender);
  deliveryResponse(sender);
  authorization(sender);
  validationRequest(sender);
  callback(sender);
  validationResponse(sender);
});
