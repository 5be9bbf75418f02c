#!/usr/bin/env node
import { main } from '../lib/cli/main.ts';
import { processWorld } from '../lib/cli/support/world.ts';

process.exitCode = await main(processWorld());
