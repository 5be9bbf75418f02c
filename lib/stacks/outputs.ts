import { CfnOutput, type Stack } from 'aws-cdk-lib';
import type { HttpApi } from 'aws-cdk-lib/aws-apigatewayv2';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { BusFunction } from './bus-function.ts';

/** What an operator needs after a deployment. */
export function addOutputs(
  stack: Stack,
  parts: {
    readonly api: HttpApi;
    readonly publishUrl: string;
    readonly keys: BusFunction;
    readonly alarmTopic: Topic;
    readonly table: Table;
  },
): void {
  const { functionName } = parts.keys.function;
  const add = (id: string, description: string, value: string) =>
    new CfnOutput(stack, id, { description, value });
  add('ApiUrl', 'The URL of the HTTP API', parts.api.apiEndpoint);
  add('PublishUrl', 'A URL that only takes events, without the charge of the API', parts.publishUrl);
  add(
    'FirstAdminKey',
    'Makes an admin key and shows it, once',
    `aws lambda invoke --function-name ${functionName} --cli-binary-format raw-in-base64-out ` +
      `--payload '{"action":"create","application":"admin","role":"admin"}' /dev/stdout`,
  );
  add('KeysFunction', 'Makes and revokes keys', functionName);
  add('AlarmTopic', 'Where alarms are sent: subscribe whoever is on call', parts.alarmTopic.topicArn);
  add('TableName', 'The bus table', parts.table.tableName);
}
