import { AwsError } from '../engine.ts';

/** The refusal of nearly everything that is wrong with an input; `what` follows `Invalid parameter: `. */
export const invalidParameter = (what: string) =>
  new AwsError('InvalidParameter', `Invalid parameter: ${what}`);

/** The refusal of a message attribute; its code on the wire is not the name that the SDKs give it. */
export const invalidAttribute = (message: string) => new AwsError('ParameterValueInvalid', message);

export const topicNotFound = () => new AwsError('NotFound', 'Topic does not exist', { status: 404 });

export const subscriptionNotFound = () =>
  new AwsError('NotFound', 'Subscription does not exist', { status: 404 });

export const resourceNotFound = () =>
  new AwsError('ResourceNotFound', 'Resource does not exist', { status: 404 });

/** What AWS knows and this engine does not model is refused by its name. */
export const notImplemented = (what: string) =>
  new AwsError('NotImplemented', `The local engine of SNS does not honour ${what}.`, { status: 501 });
