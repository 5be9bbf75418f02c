import { Command } from 'commander';
import type { Session } from './session.ts';

export function startCommand({ world }: Session): Command {
  return new Command('start')
    .description('run the whole bus on this machine')
    .addHelpText(
      'after',
      `
Environment:
  PORT              where the API listens (4100)
  AWS_PORT          where the aws CLI finds the local services (4566)
  BUSBAR_DATA       where everything is kept (.busbar)
  BUSBAR_ADMIN_KEY  the admin key; without it one is made, kept and printed`,
    )
    .action(async () => {
      // Only this command opens the local target, which takes a moment to load.
      const { start } = await import('../local/start.ts');
      const { stop } = world.interrupts();
      await start({ env: world.env, stdout: world.stdout, stderr: world.stderr, stop });
    });
}
