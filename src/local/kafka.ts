// A local Apache Kafka: a real broker (KRaft, one node) on 127.0.0.1 from the jars that kafka.pom.xml names. Owns fetching them once, start and
// stop. Topics are never made by accident (as on most real clusters): who needs one creates it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { UserError } from '../errors.ts';
import { freePort } from './free-port.ts';
import { lastLines, type ServerProcess, startServer } from './server-process.ts';

export interface LocalKafka extends ServerProcess {
  /** host:port, as in KAFKA_BROKERS. */
  brokers: string;
}

const pom = join(import.meta.dirname, 'kafka.pom.xml');
const libsCache = join(import.meta.dirname, '../../.milepost/kafka-libs');
const run = promisify(execFile);
// Otherwise every start logs 300 lines of settings.
const quiet = '-Dorg.slf4j.simpleLogger.log.org.apache.kafka.common.config.AbstractConfig=warn';
const noJava =
  'there is no Java on this machine: install version 17 or newer (Debian, Ubuntu: apt-get install default-jre-headless)';

/** Starts a broker on a folder; topics and offsets of the last start are there again. The first start of a clone fetches about 45 MB. */
export async function startKafka(options: { dataDir: string; port?: number }): Promise<LocalKafka> {
  const java = ['-cp', join(await kafkaLibs(), '*'), quiet];
  const logDir = join(options.dataDir, 'log');
  const configFile = join(options.dataDir, 'server.properties');
  await mkdir(options.dataDir, { recursive: true });
  const port = await freePort(options.port);
  await writeFile(configFile, serverProperties({ logDir, port, controllerPort: await freePort() }));
  if (!(await exists(join(logDir, 'meta.properties')))) await format(java, configFile);
  const server = await startServer({
    name: 'Kafka',
    command: ['java', '-Xms512m', '-Xmx1g', '-XX:+UseSerialGC', ...java, 'kafka.Kafka', configFile],
    stopSignal: 'TERM',
    killSignal: 'KILL',
    logFile: join(dirname(options.dataDir), 'kafka.log'),
    probe: async (output) =>
      assert(output.includes('Kafka Server started'), 'its log does not say that it has started'),
    whenMissing: noJava,
  });
  return { brokers: `127.0.0.1:${port}`, ...server };
}

function serverProperties(options: { logDir: string; port: number; controllerPort: number }): string {
  const properties = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${options.controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${options.port},CONTROLLER://127.0.0.1:${options.controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${options.port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': options.logDir,
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.num.partitions': 4,
    'group.initial.rebalance.delay.ms': 0,
  };
  return `${Object.entries(properties)
    .map(([key, value]) => `${key}=${value}`)
    .join('\n')}\n`;
}

/** Gives an empty log folder its identity. */
async function format(java: readonly string[], configFile: string): Promise<void> {
  const clusterId = randomBytes(16).toString('base64url').replace(/^-/, '_');
  const args = ['kafka.tools.StorageTool', 'format', '--cluster-id', clusterId, '--config', configFile];
  await run('java', [...java, ...args]).catch((error: NodeJS.ErrnoException & { stderr?: string }) => {
    const reason =
      error.code === 'ENOENT'
        ? noJava
        : `its folder could not be formatted:\n${lastLines(error.stderr ?? error.message)}`;
    throw new UserError(`Kafka did not start: ${reason}`);
  });
}

/** The folder with the broker’s jars, fetched the first time. Its name holds the hash of the pom, so that another version is another folder. */
export async function kafkaLibs(): Promise<string> {
  const version = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex')
    .slice(0, 12);
  const libs = join(libsCache, version);
  if (await exists(libs)) return libs;
  await mkdir(libsCache, { recursive: true });
  // Fetched beside and moved into place: neither an aborted fetch nor two at once leave half a folder.
  const fetched = await mkdtemp(join(libsCache, 'fetching-'));
  const args = [
    '-q',
    '-B',
    '-f',
    pom,
    'dependency:copy-dependencies',
    '-DincludeScope=runtime',
    `-DoutputDirectory=${fetched}`,
  ];
  try {
    await run('mvn', args);
    await rename(fetched, libs);
  } catch (error) {
    await rm(fetched, { recursive: true, force: true });
    if (await exists(libs)) return libs;
    throw new UserError(mavenFailure(error as NodeJS.ErrnoException & { stdout?: string }));
  }
  return libs;
}

function mavenFailure(error: NodeJS.ErrnoException & { stdout?: string }): string {
  if (error.code === 'ENOENT') {
    return 'the jars of Kafka are fetched once by Maven, which is not on this machine: install it (Debian, Ubuntu: apt-get install maven)';
  }
  return `Maven could not fetch the jars of Kafka: ${error.stdout?.trim().split('\n').slice(0, 5).join('\n') || error.message}`;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
