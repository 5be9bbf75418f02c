/** The part of the SDK's request and signing arguments that is read here. */
interface SignableRequest {
  readonly headers: Record<string, string>;
}
interface SigningArguments {
  readonly signingService?: string;
  readonly signingRegion?: string;
}

/**
 * Stands for SigV4 where a request never leaves the process: it names the service and the region as a signature
 * does, and proves nothing. Nobody would check a proof here (who calls is known by the request handler, which
 * carries the role), and making one cost a quarter of a small call.
 */
export const namingSigner = {
  async sign(request: SignableRequest, { signingService = '', signingRegion = '' }: SigningArguments = {}) {
    request.headers.authorization =
      `AWS4-HMAC-SHA256 Credential=local/19700101/${signingRegion}/${signingService}/aws4_request, ` +
      'SignedHeaders=host, Signature=none';
    return request;
  },
};
