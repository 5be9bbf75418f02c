#!/usr/bin/env node
import { main } from '../lib/cli/main.ts';
import { processWorld } from '../lib/cli/support/world.ts';

// On Linux and macOS this replaces the arguments that the process list shows, which may contain a secret.
if (process.argv.some((argument) => /^--(key|secret)(=|$)/.test(argument))) process.title = 'busbar';
process.exitCode = await main(processWorld());
