import type { PolicyStatement } from '../engines/engine.ts';
import { matchesArn, matchesPattern } from './match.ts';

/** The condition keys of a request; in lower case, because IAM ignores their case. */
export type RequestContext = ReadonlyMap<string, readonly string[]>;

/**
 * Thrown for a policy that this IAM cannot evaluate. Failing is better than running with other permissions than on
 * AWS.
 */
export class UnsupportedPolicyError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnsupportedPolicyError';
  }
}

interface Operator {
  matches(want: string, have: string): boolean;
  /** A negated operator holds when the key is absent, and must hold against every listed value. */
  readonly negated?: boolean;
}

const negate = (operator: Operator): Operator => ({ ...operator, negated: true });
const number = (compare: (have: number, want: number) => boolean): Operator => ({
  matches: (want, have) => compare(Number(have), Number(want)),
});
const stringEquals: Operator = { matches: (want, have) => want === have };
const stringEqualsIgnoreCase: Operator = {
  matches: (want, have) => want.toLowerCase() === have.toLowerCase(),
};
const stringLike: Operator = { matches: matchesPattern };
const arnLike: Operator = { matches: matchesArn };
const numericEquals = number((have, want) => have === want);

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html */
const operators: ReadonlyMap<string, Operator> = new Map([
  ['StringEquals', stringEquals],
  ['StringNotEquals', negate(stringEquals)],
  ['StringEqualsIgnoreCase', stringEqualsIgnoreCase],
  ['StringNotEqualsIgnoreCase', negate(stringEqualsIgnoreCase)],
  ['StringLike', stringLike],
  ['StringNotLike', negate(stringLike)],
  ['ArnEquals', arnLike],
  ['ArnLike', arnLike],
  ['ArnNotEquals', negate(arnLike)],
  ['ArnNotLike', negate(arnLike)],
  ['Bool', stringEqualsIgnoreCase],
  ['NumericEquals', numericEquals],
  ['NumericNotEquals', negate(numericEquals)],
  ['NumericLessThan', number((have, want) => have < want)],
  ['NumericLessThanEquals', number((have, want) => have <= want)],
  ['NumericGreaterThan', number((have, want) => have > want)],
  ['NumericGreaterThanEquals', number((have, want) => have >= want)],
]);

/** The global keys that this IAM fills. Any other `aws:` key is rejected, because it would never be present. */
const globalKeys = [
  'aws:PrincipalAccount',
  'aws:PrincipalArn',
  'aws:PrincipalIsAWSService',
  'aws:RequestedRegion',
  'aws:ResourceAccount',
  'aws:SecureTransport',
  'aws:SourceAccount',
  'aws:SourceArn',
  'aws:SourceOwner',
] as const;
const knownGlobalKeys = new Set<string>(globalKeys.map((key) => key.toLowerCase()));

/**
 * Compiles the Condition element of a statement. Throws `UnsupportedPolicyError`, which names what it cannot
 * evaluate.
 */
export function compileConditions(
  conditions: NonNullable<PolicyStatement['Condition']>,
  where: string,
): (context: RequestContext) => boolean {
  const tests = Object.entries(conditions).flatMap(([operatorName, keys]) =>
    Object.entries(keys).map(([key, values]) =>
      compileCondition(operatorName, key, [values].flat().map(String), where),
    ),
  );
  return (context) => tests.every((test) => test(context));
}

function compileCondition(
  operatorName: string,
  key: string,
  wanted: readonly string[],
  where: string,
): (context: RequestContext) => boolean {
  const [, quantifier, base = '', ifExists] =
    /^(?:(ForAllValues|ForAnyValue):)?(\w+?)(IfExists)?$/.exec(operatorName) ?? [];
  const name = key.toLowerCase();
  if (name.startsWith('aws:') && !knownGlobalKeys.has(name)) {
    throw new UnsupportedPolicyError(
      `${where} tests the condition key ${key}, which the local IAM does not fill. It knows ${globalKeys.join(', ')}.`,
    );
  }
  if (base === 'Null') {
    const absent = wanted.some((word) => word.toLowerCase() === 'true');
    return (context) => (context.get(name) === undefined) === absent;
  }
  const operator = operators.get(base);
  if (operator === undefined) {
    throw new UnsupportedPolicyError(
      `${where} uses the condition operator ${operatorName}, which the local IAM does not evaluate. ` +
        `It knows Null, ${[...operators.keys()].join(', ')}.`,
    );
  }
  const matchesOne = (have: string) =>
    operator.negated === true
      ? !wanted.some((want) => operator.matches(want, have))
      : wanted.some((want) => operator.matches(want, have));
  return (context) => {
    const values = context.get(name);
    if (values === undefined || values.length === 0) {
      // An absent key fails a plain operator, and passes a negated one, IfExists and ForAllValues.
      if (quantifier === 'ForAnyValue') return ifExists !== undefined;
      return quantifier === 'ForAllValues' || ifExists !== undefined || operator.negated === true;
    }
    return quantifier === 'ForAllValues' ? values.every(matchesOne) : values.some(matchesOne);
  };
}
