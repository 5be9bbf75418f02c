import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { apiCalls } from '../../lib/api/calls.ts';
import { openApiDocument } from '../../lib/api/openapi/document.ts';
import { apiTypes } from '../../scripts/api-types.ts';

it('the types of the console are those of the API', () => {
  const file = join(import.meta.dirname, '..', '..', 'lib', 'console', 'api', 'types.ts');
  // However it is laid out.
  const bare = (text: string) => text.replaceAll(/[\s;()|'"]/g, '');
  const same = bare(readFileSync(file, 'utf8')) === bare(apiTypes(openApiDocument(apiCalls)));
  expect(same, 'They differ. Run npm run docs.').toBe(true);
});
