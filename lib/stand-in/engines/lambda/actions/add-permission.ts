import type { Operation, PolicyStatement } from '../../engine.ts';
import { conflict, invalidParameter } from '../errors.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { functionPermission } from '../names.ts';
import { rejectStaleRevision } from './update-function-configuration.ts';

export function addPermission({ host, functions }: Lambda): Operation {
  return {
    permissions: (input) => [functionPermission(host, 'AddPermission', input)],
    handle(input) {
      const members = membersOfLambda(input, 'AddPermission');
      members.only(
        'FunctionName',
        'Qualifier',
        'StatementId',
        'Action',
        'Principal',
        'SourceArn',
        'SourceAccount',
        'RevisionId',
        'FunctionUrlAuthType',
        'InvokedViaFunctionUrl',
      );
      const found = functions.find(input.FunctionName, input.Qualifier);
      rejectStaleRevision(members.string('RevisionId'), found.revisionId);
      const sid = members.requiredString('StatementId');
      const action = members.requiredString('Action');
      if (!/^[a-zA-Z0-9_-]{1,100}$/.test(sid)) throw invalidParameter(`Not a valid statement id: ${sid}`);
      if (!/^(lambda:[*]|lambda:[a-zA-Z]+|[*])$/.test(action))
        throw invalidParameter(`Not a valid action: ${action}`);
      if (found.policy.some((statement) => statement.Sid === sid)) {
        throw conflict(
          `The statement id (${sid}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
        );
      }
      const sourceArn = members.string('SourceArn');
      const sourceAccount = members.string('SourceAccount');
      const equal = {
        ...(sourceAccount === undefined ? {} : { 'AWS:SourceAccount': sourceAccount }),
        ...urlAuthType(action, members.string('FunctionUrlAuthType')),
      };
      const condition = {
        ...(Object.keys(equal).length === 0 ? {} : { StringEquals: equal }),
        ...(members.boolean('InvokedViaFunctionUrl') === true && {
          Bool: { 'lambda:InvokedViaFunctionUrl': 'true' },
        }),
        ...(sourceArn === undefined ? {} : { ArnLike: { 'AWS:SourceArn': sourceArn } }),
      };
      const statement: PolicyStatement = {
        Sid: sid,
        Effect: 'Allow',
        Principal: principalOf(members.requiredString('Principal')),
        Action: action,
        Resource: found.arn,
        ...(Object.keys(condition).length === 0 ? {} : { Condition: condition }),
      };
      functions.put({ ...found, policy: [...found.policy, statement] });
      return { Statement: JSON.stringify(statement) };
    },
  };
}

/** The condition of a permission for function URLs; no other action takes it (Lambda API reference, AddPermission). */
function urlAuthType(action: string, type: string | undefined) {
  if (type === undefined) return {};
  if (action !== 'lambda:InvokeFunctionUrl') {
    throw invalidParameter('FunctionUrlAuthType is only supported for lambda:InvokeFunctionUrl action');
  }
  if (type !== 'NONE' && type !== 'AWS_IAM') {
    throw invalidParameter(`FunctionUrlAuthType must be NONE or AWS_IAM, not ${type}.`);
  }
  return { 'lambda:FunctionUrlAuthType': type };
}

/** A service, everybody, an account, or the ARN of a principal. */
function principalOf(given: string): '*' | Readonly<Record<string, string>> {
  if (given === '*') return '*';
  if (/^\d{12}$/.test(given)) return { AWS: `arn:aws:iam::${given}:root` };
  if (given.startsWith('arn:')) return { AWS: given };
  if (/^[a-z0-9.-]+\.amazonaws\.com$/.test(given)) return { Service: given };
  throw invalidParameter(`The provided principal was invalid. Please check the principal and try again.`);
}
