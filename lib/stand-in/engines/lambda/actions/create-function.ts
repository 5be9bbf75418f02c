import type { Operation } from '../../engine.ts';
import {
  defined,
  describeFunction,
  readArchitectures,
  readCode,
  readSettings,
  settingMembers,
  settingPermissions,
} from '../configuration.ts';
import { conflict, invalidParameter } from '../errors.ts';
import { type Lambda, membersOfLambda } from '../lambda.ts';
import { lambdaLimits } from '../limits.ts';
import { functionArn, parseFunctionName } from '../names.ts';

export function createFunction({ host, functions, options }: Lambda): Operation {
  return {
    permissions: (input) => settingPermissions(host, 'CreateFunction', input),
    handle(input) {
      const members = membersOfLambda(input, 'CreateFunction');
      members.only(
        ...settingMembers,
        'FunctionName',
        'Code',
        'Architectures',
        'PackageType',
        'Publish',
        'Tags',
      );
      const name = parseFunctionName(host, members.requiredString('FunctionName'));
      if (members.boolean('Publish') === true)
        throw invalidParameter('The stand-in has no versions: Publish.');
      if ((members.string('PackageType') ?? 'Zip') !== 'Zip') {
        throw invalidParameter('The stand-in has no container images: PackageType.');
      }
      for (const required of ['Role', 'Runtime', 'Handler']) members.requiredString(required);
      const { roleArn = '', runtime = '', handler = '', ...settings } = readSettings(members);
      const code = members.structure('Code');
      if (code === undefined) throw invalidParameter('Code is required.');
      const location = readCode(code);
      options.locateCode(location);
      const arn = functionArn(host, name);
      if (functions.get(name) !== undefined) throw conflict(`Function already exist: ${name}`);
      const stored = functions.put({
        name,
        arn,
        roleArn,
        runtime,
        handler,
        description: '',
        memoryMb: lambdaLimits.memoryMb.default,
        timeoutSeconds: lambdaLimits.timeoutSeconds.default,
        environment: {},
        logGroup: `/aws/lambda/${name}`,
        architectures: readArchitectures(members) ?? ['x86_64'],
        ...defined(settings),
        location,
        tags: members.stringMap('Tags') ?? {},
        policy: [],
      });
      return describeFunction(stored);
    },
  };
}
