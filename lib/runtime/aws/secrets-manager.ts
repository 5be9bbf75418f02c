import { SignatureV4 } from '@smithy/signature-v4';
import type { BaseRuntime } from '../runtime.ts';
import { Sha256 } from './sha256.ts';

const timeoutMs = 5000;

/**
 * Reads from AWS Secrets Manager, by the one call that the bus needs of it: a client of its own would add more to a
 * bundle than this call. Nothing is kept: a rotated secret is seen by the next read.
 */
export function createSecretReader({ aws, clock, env }: Pick<BaseRuntime, 'aws' | 'clock' | 'env'>) {
  const region = aws.region ?? env.AWS_REGION ?? '';
  const endpoint = new URL(
    aws.endpoint ??
      env.AWS_ENDPOINT_URL_SECRETS_MANAGER ??
      env.AWS_ENDPOINT_URL ??
      `https://secretsmanager.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`,
  );

  const signer = new SignatureV4({
    service: 'secretsmanager',
    region,
    // Read anew for each signature: an instance may outlive its credentials.
    credentials: async () => aws.credentials ?? credentialsOf(env),
    sha256: Sha256,
    applyChecksum: false,
  });

  /** @throws Error that names the secret and says why it cannot be read; it quotes nothing of it. */
  return async (secret: string): Promise<string> => {
    const body = JSON.stringify({ SecretId: secret });
    const { headers } = await signer.sign(
      {
        method: 'POST',
        protocol: endpoint.protocol,
        hostname: endpoint.host,
        path: '/',
        headers: {
          host: endpoint.host,
          'content-type': 'application/x-amz-json-1.1',
          'x-amz-target': 'secretsmanager.GetSecretValue',
        },
        body,
      },
      { signingDate: new Date(clock.now()) },
    );
    const { status, text } =
      aws.requestHandler === undefined
        ? await post(endpoint, headers, body)
        : await handOver(aws.requestHandler, headers, body);
    const answer = jsonOf(text);
    if (status === 200 && typeof answer.SecretString === 'string') return answer.SecretString;
    const why =
      status === 200
        ? 'it is not text'
        : `${answer.__type ?? status}: ${answer.message ?? answer.Message ?? ''}`;
    throw new Error(`The secret ${secret} cannot be read: ${why}`);
  };
}

async function post(endpoint: URL, headers: Readonly<Record<string, string>>, body: string) {
  const response = await fetch(endpoint, {
    method: 'POST',
    headers,
    body,
    signal: AbortSignal.timeout(timeoutMs),
  });
  return { status: response.status, text: await response.text() };
}

/** As the SDK's clients do, where their requests are not to leave the process. */
async function handOver(
  handler: { handle(request: object): Promise<{ response: { statusCode: number; body: Uint8Array } }> },
  headers: Readonly<Record<string, string>>,
  body: string,
) {
  const { response } = await handler.handle({ method: 'POST', path: '/', query: {}, headers, body });
  return { status: response.statusCode, text: Buffer.from(response.body).toString('utf8') };
}

/** Lambda gives a function the credentials of its role by these variables. */
function credentialsOf(env: BaseRuntime['env']) {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN } = env;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY) {
    throw new Error(
      'The environment has no AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are missing.',
    );
  }
  return {
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    ...(AWS_SESSION_TOKEN !== undefined && { sessionToken: AWS_SESSION_TOKEN }),
  };
}

function jsonOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    // A gateway in between answered; its status says enough.
    return {};
  }
}
