import { AwsError } from '../engine.ts';

/** The error for nearly every invalid input; `what` follows `Invalid parameter: `. */
export const invalidParameter = (what: string) =>
  new AwsError('InvalidParameter', `Invalid parameter: ${what}`);

/** The error for message attributes. Its code on the wire differs from its name in the SDKs. */
export const invalidAttribute = (message: string) => new AwsError('ParameterValueInvalid', message);

export const topicNotFound = () => new AwsError('NotFound', 'Topic does not exist', { status: 404 });

export const subscriptionNotFound = () =>
  new AwsError('NotFound', 'Subscription does not exist', { status: 404 });

export const resourceNotFound = () =>
  new AwsError('ResourceNotFound', 'Resource does not exist', { status: 404 });

/** For what SNS offers and this engine does not. */
export const notImplemented = (what: string) =>
  new AwsError('NotImplemented', `The stand-in of SNS does not support ${what}.`, { status: 501 });
