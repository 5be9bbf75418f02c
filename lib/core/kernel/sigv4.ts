import { createHash, createHmac } from 'node:crypto';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/**
 * Signs a POST to the root of an AWS service by Signature Version 4, for the one call of a service whose client would
 * weigh more than it does (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html).
 * @param request.headers names in lower case, `host` among them; all of them are signed.
 * @returns the headers to send.
 */
export function signPost(
  request: { readonly headers: Readonly<Record<string, string>>; readonly body: string },
  scope: { readonly service: string; readonly region: string; readonly nowMs: number },
  credentials: AwsCredentials,
): Record<string, string> {
  const time = new Date(scope.nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const headers: Record<string, string> = {
    ...request.headers,
    'x-amz-date': time,
    ...(credentials.sessionToken !== undefined && { 'x-amz-security-token': credentials.sessionToken }),
  };
  const names = Object.keys(headers).sort();
  const signedHeaders = names.join(';');
  const canonical = [
    'POST',
    '/',
    '',
    ...names.map((name) => `${name}:${headers[name]?.trim()}`),
    '',
    signedHeaders,
    sha256(request.body),
  ].join('\n');
  const place = [time.slice(0, 8), scope.region, scope.service, 'aws4_request'];
  const text = ['AWS4-HMAC-SHA256', time, place.join('/'), sha256(canonical)].join('\n');
  const key = place.reduce<string | Buffer>(
    (above, part) => createHmac('sha256', above).update(part).digest(),
    `AWS4${credentials.secretAccessKey}`,
  );
  const signature = createHmac('sha256', key).update(text).digest('hex');
  headers.authorization = `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${place.join('/')}, SignedHeaders=${signedHeaders}, Signature=${signature}`;
  return headers;
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
