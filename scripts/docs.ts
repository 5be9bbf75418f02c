import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { apiCalls } from '../lib/api/calls.ts';
import { openApiDocument } from '../lib/api/openapi/document.ts';
import { writeTables } from '../lib/api/page.ts';
import { apiTypes } from './api-types.ts';

/** Writes what follows from the entries of the API: the tables of docs/api.md, and the types of the console. `npm run docs`. */
const root = join(import.meta.dirname, '..');
const page = join(root, 'docs', 'api.md');
writeFileSync(page, writeTables(readFileSync(page, 'utf8'), apiCalls));
const types = join(root, 'lib', 'console', 'api', 'types.ts');
writeFileSync(types, apiTypes(openApiDocument(apiCalls)));
execFileSync(join(root, 'node_modules', '.bin', 'biome'), ['format', '--write', types], { stdio: 'pipe' });
