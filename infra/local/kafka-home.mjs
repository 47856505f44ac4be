// The jars of Apache Kafka, from Maven Central, fetched once and kept outside the repository.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The newest that is complete on Maven Central (4.4.0 is not). */
const VERSION = '4.3.1';

const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>threadline</groupId><artifactId>kafka</artifactId><version>${VERSION}</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${VERSION}</version></dependency>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>${VERSION}</version></dependency>
  </dependencies>
</project>
`;

/** Runs a program to its end; throws what it printed where it fails. */
export async function run(program, args, options = {}) {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (printed += text));
  const code = await new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`${program} cannot be run: ${error.message}`)));
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${printed.slice(-2000)}`);
}

/** The folder that holds the jars; the first time they are fetched (54 MB), which needs `mvn` and the network. */
export async function kafkaJars() {
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'threadline');
  const home = join(cache, `kafka-${VERSION}`);
  if (existsSync(home)) return home;
  await mkdir(cache, { recursive: true });
  const making = await mkdtemp(join(cache, 'making-'));
  try {
    await writeFile(join(making, 'pom.xml'), pom);
    const jars = join(making, 'jars');
    await run('mvn', ['-q', '-B', 'dependency:copy-dependencies', `-DoutputDirectory=${jars}`], {
      cwd: making,
    });
    // Whole or not at all, also where two processes fetch at once.
    await rename(jars, home).catch((error) => {
      if (!existsSync(home)) throw error;
    });
  } finally {
    await rm(making, { recursive: true, force: true });
  }
  return home;
}
