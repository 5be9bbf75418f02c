import { AwsError, type Output } from '../engine.ts';

/** The request is invalid in itself, or does not fit the table. */
export function validation(message: string): AwsError {
  return new AwsError('ValidationException', message);
}

/** Most errors about a value begin with these words. */
export function invalidValues(detail: string): AwsError {
  return validation(`One or more parameter values were invalid: ${detail}`);
}

/** A member violates the service model. `shown` is the value as AWS prints it. */
export function constraint(member: string, shown: string, rule: string): AwsError {
  return validation(
    `1 validation error detected: Value ${shown} at '${member}' failed to satisfy constraint: ${rule}`,
  );
}

export function serialization(message: string): AwsError {
  return new AwsError('SerializationException', message);
}

export function tableNotFound(tableName?: string): AwsError {
  const which = tableName === undefined ? '' : `: Table: ${tableName} not found`;
  return new AwsError('ResourceNotFoundException', `Requested resource not found${which}`);
}

/** `item` is the item that the condition was checked against, if the caller asked for it. */
export function conditionFailed(item: Output): AwsError {
  return new AwsError('ConditionalCheckFailedException', 'The conditional request failed', {
    members: item === undefined ? {} : { Item: item },
  });
}

/** For what AWS offers and this engine does not. */
export function notImplemented(what: string): AwsError {
  return new AwsError('NotImplemented', `The stand-in does not support ${what}.`, { status: 501 });
}
