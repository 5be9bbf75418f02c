import { AwsError } from '../engine.ts';

/**
 * The errors of SQS. `code` is the shape in the JSON protocol; `queryCode` is the older name, which SQS sends in
 * `x-amzn-query-error` and in the failed entries of a batch. Names and status codes come from the service model (the
 * `awsQueryError` trait), texts from recorded answers of AWS.
 */

export const queueDoesNotExist = () =>
  new AwsError('QueueDoesNotExist', 'The specified queue does not exist.', {
    queryCode: 'AWS.SimpleQueueService.NonExistentQueue',
  });

export const invalidAddress = (address: string) =>
  new AwsError('InvalidAddress', `The address ${address} is not valid for this endpoint.`, {
    status: 404,
    queryCode: 'InvalidAddress',
  });

/** The error for most invalid values. */
export const invalidParameter = (message: string) =>
  new AwsError('InvalidParameterValueException', message, { queryCode: 'InvalidParameterValue' });

export const invalidValue = (value: unknown, parameter: string, reason: string) =>
  invalidParameter(`Value ${String(value)} for parameter ${parameter} is invalid. Reason: ${reason}`);

export const missingParameter = (parameter: string) =>
  new AwsError('MissingRequiredParameterException', `The request must contain the parameter ${parameter}.`, {
    queryCode: 'MissingParameter',
  });

/** A member has a type that the protocol does not allow there. */
export const malformed = (member: string, type: string) =>
  new AwsError('SerializationException', `The member ${member} must be ${type}.`);

export const unknownAttribute = (name: string) =>
  new AwsError('InvalidAttributeName', `Unknown Attribute ${name}.`, { queryCode: 'InvalidAttributeName' });

export const misplacedAttribute = (message: string) =>
  new AwsError('InvalidAttributeName', message, { queryCode: 'InvalidAttributeName' });

export const invalidAttribute = (name: string, reason?: string) =>
  new AwsError(
    'InvalidAttributeValue',
    `Invalid value for the parameter ${name}.${reason === undefined ? '' : ` Reason: ${reason}`}`,
    { queryCode: 'InvalidAttributeValue' },
  );

export const queueNameExists = (attribute: string) =>
  new AwsError(
    'QueueNameExists',
    `A queue already exists with the same name and a different value for attribute ${attribute}`,
    { queryCode: 'QueueAlreadyExists' },
  );

export const queueDeletedRecently = () =>
  new AwsError(
    'QueueDeletedRecently',
    'You must wait 60 seconds after deleting a queue before you can create another with the same name.',
    { queryCode: 'AWS.SimpleQueueService.QueueDeletedRecently' },
  );

export const purgeQueueInProgress = (queueName: string) =>
  new AwsError(
    'PurgeQueueInProgress',
    `Only one PurgeQueue operation on ${queueName} is allowed every 60 seconds.`,
    { status: 403, queryCode: 'AWS.SimpleQueueService.PurgeQueueInProgress' },
  );

export const overLimit = (message: string) =>
  new AwsError('OverLimit', message, { status: 403, queryCode: 'OverLimit' });

export const invalidMessageContents = () =>
  new AwsError(
    'InvalidMessageContents',
    'Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF',
    { queryCode: 'InvalidMessageContents' },
  );

export const receiptHandleIsInvalid = (handle: string) =>
  new AwsError(
    'ReceiptHandleIsInvalid',
    `The input receipt handle "${handle}" is not a valid receipt handle.`,
    {
      status: 404,
      queryCode: 'ReceiptHandleIsInvalid',
    },
  );

export const receiptHandleHasExpired = (handle: string) =>
  invalidValue(handle, 'ReceiptHandle', 'The receipt handle has expired.');

export const notAvailableForVisibilityChange = (handle: string) =>
  invalidValue(
    handle,
    'ReceiptHandle',
    'Message does not exist or is not available for visibility timeout change.',
  );

export const messageNotInflight = () =>
  new AwsError('MessageNotInflight', 'The specified message is not in flight.', {
    queryCode: 'AWS.SimpleQueueService.MessageNotInflight',
  });

export const emptyBatch = (entryType: string) =>
  new AwsError('EmptyBatchRequest', `There should be at least one ${entryType} in the request.`, {
    queryCode: 'AWS.SimpleQueueService.EmptyBatchRequest',
  });

export const tooManyEntries = (count: number) =>
  new AwsError(
    'TooManyEntriesInBatchRequest',
    `Maximum number of entries per request are 10. You have sent ${count}.`,
    { queryCode: 'AWS.SimpleQueueService.TooManyEntriesInBatchRequest' },
  );

export const batchEntryIdsNotDistinct = (id: string) =>
  new AwsError('BatchEntryIdsNotDistinct', `Id ${id} repeated.`, {
    queryCode: 'AWS.SimpleQueueService.BatchEntryIdsNotDistinct',
  });

export const invalidBatchEntryId = () =>
  new AwsError(
    'InvalidBatchEntryId',
    'A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.',
    { queryCode: 'AWS.SimpleQueueService.InvalidBatchEntryId' },
  );

export const batchRequestTooLong = (limitBytes: number, sentBytes: number) =>
  new AwsError(
    'BatchRequestTooLong',
    `Batch requests cannot be longer than ${limitBytes} bytes. You have sent ${sentBytes} bytes.`,
    { queryCode: 'AWS.SimpleQueueService.BatchRequestTooLong' },
  );

export const resourceNotFound = (message: string) =>
  new AwsError('ResourceNotFoundException', message, {
    status: 404,
    queryCode: 'ResourceNotFoundException',
  });
