import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { assembly } from '../../lib/local/assembly.ts';

/** What the emulator and the linter of templates are; both come from PyPI, into a virtual environment of their own. */
const packages = ['ministack==1.5.33', 'cfn-lint==1.58.0'];

const environment = join(assembly.rootDirectory, '.cache', 'emulator', packages.join('+'));

/** A program of the virtual environment. */
export const program = (name: string) => join(environment, 'bin', name);

/** What this machine lacks; undefined when the packages are installed, which this does where it can. */
export function missingTools(): string | undefined {
  if (existsSync(program('ministack')) && existsSync(program('cfn-lint'))) return undefined;
  const python = ['python3.13', 'python3.12', 'python3.11', 'python3.10', 'python3'].find(isRecent);
  if (python === undefined) return 'Python 3.10 or newer';
  try {
    execFileSync(python, ['-m', 'venv', environment], { stdio: 'pipe' });
  } catch {
    rmSync(environment, { recursive: true, force: true });
    return `the module venv of ${python} (Debian: python3-venv)`;
  }
  try {
    execFileSync(program('pip'), ['install', '--quiet', '--disable-pip-version-check', ...packages], {
      stdio: 'pipe',
    });
  } catch (error) {
    rmSync(environment, { recursive: true, force: true });
    const reason = (error as { stderr?: Buffer }).stderr?.toString().trim().split('\n').at(-1);
    return `a way to install ${packages.join(' and ')} from PyPI (${reason ?? error})`;
  }
  return undefined;
}

function isRecent(command: string): boolean {
  try {
    const code = 'import sys; print(sys.version_info >= (3, 10))';
    return execFileSync(command, ['-c', code], { encoding: 'utf8', stdio: 'pipe' }).trim() === 'True';
  } catch {
    return false;
  }
}
