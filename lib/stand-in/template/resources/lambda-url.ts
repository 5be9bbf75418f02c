import { z } from 'zod';
import { functionUrlPath } from '../../engines/http/function-urls.ts';
import { resourceType } from '../resource.ts';

const properties = z.strictObject({
  TargetFunctionArn: z.string(),
  AuthType: z.literal('NONE', 'The stand-in serves only function URLs without authentication.'),
  InvokeMode: z.literal('BUFFERED', 'The stand-in does not stream responses.').optional(),
});
type Properties = z.infer<typeof properties>;

/** The URL of a function. `Ref` is the ARN of the function, as on AWS; the physical id here is that of the URL. */
export const lambdaUrl = resourceType<Properties>({
  type: 'AWS::Lambda::Url',
  properties,
  replacedBy: ['TargetFunctionArn'],
  async create({ TargetFunctionArn }, { account, id }) {
    const urlId = id();
    account.functionUrls.put({ urlId, functionArn: TargetFunctionArn });
    return { physicalId: urlId };
  },
  update: async (placed) => placed,
  async delete({ physicalId }, _properties, { account }) {
    account.functionUrls.delete(physicalId);
  },
  values: async ({ physicalId }, { TargetFunctionArn }, { account }) => ({
    ref: TargetFunctionArn,
    attributes: {
      FunctionArn: TargetFunctionArn,
      FunctionUrl: `${account.apiEndpoint(physicalId)}${functionUrlPath(physicalId)}`,
    },
  }),
});
