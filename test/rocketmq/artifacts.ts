import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const rocketMqVersion = '5.3.3';

/** What is missing on this machine to run a real broker; undefined when nothing is. */
export function missingTools(): string | undefined {
  const missing = [
    ['Java', 'java', '-version'],
    ['Maven', 'mvn', '-version'],
  ].filter(([, command = '', argument = '']) => {
    try {
      execFileSync(command, [argument], { stdio: 'ignore', timeout: 60_000 });
      return false;
    } catch {
      return true;
    }
  });
  return missing.length === 0 ? undefined : missing.map(([name]) => name).join(' and ');
}

/** Where the artifacts lie, once for all checkouts of a person. */
function cacheDirectory(): string {
  const cache =
    process.env.BUSBAR_ROCKETMQ_CACHE ??
    join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'busbar');
  return join(cache, `rocketmq-${rocketMqVersion}`);
}

/** The class path of RocketMQ, which Maven fetches from its Maven repository the first time: about 90 MB. */
export function rocketMqClassPath(): string {
  const directory = cacheDirectory();
  const complete = join(directory, 'complete');
  if (!existsSync(complete)) {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true });
    const dependency = (name: string) =>
      `<dependency><groupId>org.apache.rocketmq</groupId><artifactId>rocketmq-${name}</artifactId><version>${rocketMqVersion}</version></dependency>`;
    writeFileSync(
      join(directory, 'pom.xml'),
      '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>' +
        '<groupId>busbar</groupId><artifactId>rocketmq-test</artifactId><version>1</version>' +
        `<dependencies>${dependency('namesrv')}${dependency('proxy')}</dependencies></project>`,
    );
    execFileSync('mvn', ['-B', '-q', 'dependency:copy-dependencies', '-DoutputDirectory=lib'], {
      cwd: directory,
      stdio: ['ignore', 'ignore', 'inherit'],
      timeout: 15 * 60_000,
      env: { ...process.env, MAVEN_OPTS: `${process.env.MAVEN_OPTS ?? ''} -Xmx256m` },
    });
    writeFileSync(complete, '');
  }
  return join(directory, 'lib', '*');
}
