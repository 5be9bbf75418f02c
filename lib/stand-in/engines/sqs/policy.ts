import { AwsError, type PolicyDocument, type PolicyStatement } from '../engine.ts';
import { isObject } from '../members.ts';
import { invalidAttribute, overLimit } from './errors.ts';
import { limits } from './limits.ts';

const documentMembers = ['Version', 'Id', 'Statement'];
const statementMembers = [
  'Sid',
  'Effect',
  'Principal',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Condition',
];

/**
 * Parses the `Policy` attribute of a queue. Throws `InvalidAttributeValue` for what is not a resource policy,
 * `OverLimit` for a policy beyond the quotas (which a queue with many topics soon reaches), and `NotImplemented` for
 * what the evaluator here does not know.
 */
export function parsePolicy(source: string): PolicyDocument {
  const document = asRecord(parseJson(source));
  if (document === undefined) throw invalidAttribute('Policy');
  for (const member of Object.keys(document)) {
    if (!documentMembers.includes(member)) throw invalidAttribute('Policy', `Unknown member ${member}.`);
  }
  const version = document.Version;
  if (version !== undefined && version !== '2012-10-17' && version !== '2008-10-17') {
    throw invalidAttribute('Policy', 'Unknown Version.');
  }
  const statements = [document.Statement].flat().map(parseStatement);
  checkQuotas(source, statements);
  return { ...(version === undefined ? {} : { Version: version }), Statement: statements };
}

function parseJson(source: string): unknown {
  try {
    return JSON.parse(source);
  } catch {
    throw invalidAttribute('Policy', 'It is not valid JSON.');
  }
}

function parseStatement(value: unknown): PolicyStatement {
  const statement = asRecord(value);
  if (statement === undefined) throw invalidAttribute('Policy', 'A statement is missing.');
  for (const member of Object.keys(statement)) {
    if (member === 'NotPrincipal') {
      throw new AwsError('NotImplemented', 'The stand-in does not support NotPrincipal in a queue policy.', {
        status: 501,
      });
    }
    if (!statementMembers.includes(member)) {
      throw invalidAttribute('Policy', `Unknown member ${member} in a statement.`);
    }
  }
  const { Sid, Effect, Principal, Action, NotAction, Resource, NotResource, Condition } = statement;
  if (Effect !== 'Allow' && Effect !== 'Deny')
    throw invalidAttribute('Policy', 'Effect must be Allow or Deny.');
  if (Sid !== undefined && typeof Sid !== 'string') throw invalidAttribute('Policy', 'Sid must be a string.');
  if ((Action === undefined) === (NotAction === undefined)) {
    throw invalidAttribute('Policy', 'A statement needs one of Action and NotAction.');
  }
  if ((Resource === undefined) === (NotResource === undefined)) {
    throw invalidAttribute('Policy', 'A statement needs one of Resource and NotResource.');
  }
  return {
    ...(Sid === undefined ? {} : { Sid }),
    Effect,
    Principal: parsePrincipal(Principal),
    ...(Action === undefined ? {} : { Action: oneOrMore(Action, 'Action') }),
    ...(NotAction === undefined ? {} : { NotAction: oneOrMore(NotAction, 'NotAction') }),
    ...(Resource === undefined ? {} : { Resource: oneOrMore(Resource, 'Resource') }),
    ...(NotResource === undefined ? {} : { NotResource: oneOrMore(NotResource, 'NotResource') }),
    ...(Condition === undefined ? {} : { Condition: parseCondition(Condition) }),
  };
}

function parsePrincipal(value: unknown): NonNullable<PolicyStatement['Principal']> {
  if (value === '*') return '*';
  const principals = asRecord(value);
  if (principals === undefined) throw invalidAttribute('Policy', 'A statement needs a Principal.');
  const parsed: Record<string, string | readonly string[]> = {};
  for (const [kind, names] of Object.entries(principals)) parsed[kind] = oneOrMore(names, 'Principal');
  return parsed;
}

function parseCondition(value: unknown): NonNullable<PolicyStatement['Condition']> {
  const parsed: Record<string, Record<string, string | boolean | readonly string[]>> = {};
  for (const [operator, keys] of Object.entries(asRecord(value) ?? rejectCondition())) {
    const values: Record<string, string | boolean | readonly string[]> = {};
    for (const [key, wanted] of Object.entries(asRecord(keys) ?? rejectCondition())) {
      if (typeof wanted === 'boolean') values[key] = wanted;
      else if (typeof wanted === 'number') values[key] = String(wanted);
      else values[key] = oneOrMore(wanted, 'Condition');
    }
    parsed[operator] = values;
  }
  return parsed;
}

function rejectCondition(): never {
  throw invalidAttribute('Policy', 'Condition must map operators to keys and values.');
}

function oneOrMore(value: unknown, member: string): string | readonly string[] {
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === 'string'))
    return value;
  throw invalidAttribute('Policy', `${member} must be a string or a list of strings.`);
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return isObject(value) ? value : undefined;
}

function checkQuotas(source: string, statements: readonly PolicyStatement[]): void {
  let principals = 0;
  let conditions = 0;
  for (const { Principal, Action, Condition } of statements) {
    principals += Principal === '*' ? 1 : Object.values(Principal ?? {}).flat().length;
    for (const keys of Object.values(Condition ?? {})) conditions += Object.keys(keys).length;
    atMost([Action ?? []].flat().length, limits.policyActionsPerStatementMax, 'Actions per statement');
  }
  atMost(Buffer.byteLength(source), limits.policyBytesMax, 'Bytes');
  atMost(statements.length, limits.policyStatementsMax, 'Statements');
  atMost(principals, limits.policyPrincipalsMax, 'Principals');
  atMost(conditions, limits.policyConditionsMax, 'Conditions');
}

function atMost(count: number, max: number, what: string): void {
  if (count > max) throw overLimit(`${count} ${what} were found, maximum allowed is ${max}.`);
}
