#!/usr/bin/env node
// Plain JavaScript that any Node can run, so that a Node without TypeScript support prints this message instead of
// ERR_UNKNOWN_FILE_EXTENSION. `npx busbar` and `npm start` use the Node that `npm install` installed.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18) || (major === 23 && minor < 6)) {
  console.error(
    `busbar needs Node 22.18 or newer, but this is ${process.version}. After \`npm install\`, use \`npx busbar\` or \`npm start\`, which run the Node that it installed.`,
  );
  process.exitCode = 1;
} else {
  const { enableCompileCache } = await import('node:module');
  // Reading TypeScript takes half the time of a short command. Where Node cannot write the cache, it goes without.
  enableCompileCache(`${import.meta.dirname}/../node_modules/.cache/busbar`);
  await import('./busbar.ts');
}
