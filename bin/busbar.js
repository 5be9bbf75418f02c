#!/usr/bin/env node
// Plain JavaScript that any Node can read: one that cannot run TypeScript says so here, instead of
// ERR_UNKNOWN_FILE_EXTENSION. `npx busbar` and `npm start` find the Node that `npm install` brought.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 18) || (major === 23 && minor < 6)) {
  console.error(
    `busbar needs Node 22.18 or newer, and this is ${process.version}: after \`npm install\`, \`npx busbar\` and \`npm start\` use the Node that came with it.`,
  );
  process.exitCode = 1;
} else {
  await import('./busbar.ts');
}
