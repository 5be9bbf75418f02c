import { type SignInTools, showSignIn } from '../app/access/sign-in.ts';
import { callsWith } from './call.ts';
import type { OpenApiDocument } from './openapi/document.ts';

/** The calls that anyone may make: they say nothing about what this bus holds. */

interface Tools extends SignInTools {
  /** Made when it is first asked for: it takes a tenth of a second, which no other call should wait for. */
  readonly openApiDocument: OpenApiDocument;
}
const call = callsWith<Tools>();

export const busCalls = [
  call(
    'GET /v1/health',
    {
      summary: 'Whether the bus answers',
      tag: 'Bus',
      caller: 'anyone',
      responses: { 200: 'Health' },
    },
    async () => ({ status: 'ok' }),
  ),
  call(
    'GET /v1/openapi.json',
    {
      summary: 'This document',
      description:
        'An OpenAPI 3.1 document of every call, with its parameters, bodies, responses and codes, made from the schemas that requests are parsed with. Generate clients from it, or open it in any viewer.',
      tag: 'Bus',
      caller: 'anyone',
      responses: { 200: 'OpenApi' },
    },
    async (tools) => tools.openApiDocument,
  ),
  call(
    'GET /v1/sign-in',
    {
      summary: 'Show where people sign in',
      description:
        'The OpenID provider whose ID tokens this bus takes in the place of a key, and the client that asks for them; empty where it takes keys only.',
      tag: 'Bus',
      caller: 'anyone',
      responses: { 200: 'SignIn' },
    },
    (tools) => showSignIn(tools),
  ),
];
