import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MigrationError } from '@ossea/errors';
import { parse } from 'yaml';
import { configSchema, ENVIRONMENT, type OmaConfig } from './config.schema.js';

type Tree = Record<string, unknown>;

export interface ConfigSources {
  /** A YAML file; `OSSEA_CONFIG` unless told. */
  readonly file?: string;
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads the configuration: the file first, the environment over it. The only reader of `process.env`.
 * Throws `config.invalid` or `config.missing` that names every wrong setting and what was expected, never a value.
 */
export async function loadConfig(sources: ConfigSources = {}): Promise<OmaConfig> {
  const environment = sources.environment ?? process.env;
  const file = sources.file ?? environment['OSSEA_CONFIG'];
  const tree = file === undefined ? {} : await readTree(file);
  for (const [name, { path, as }] of Object.entries(ENVIRONMENT)) {
    const text = await readVariable(name, environment);
    if (text !== undefined) setAt(tree, path.split('.'), convert(text, as));
  }
  if (tree['kekFile'] === undefined && tree['kekCredential'] === undefined) {
    const credential = await credentialFile('kek', environment);
    if (credential !== undefined) tree['kekCredential'] = credential;
  }
  return parseConfig(tree);
}

/** Checks a configuration that was put together in code. Throws like `loadConfig`. */
export function parseConfig(input: unknown): OmaConfig {
  const parsed = configSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.flatMap((issue) => {
    const path = issue.path.join('.');
    if (issue.code === 'unrecognized_keys')
      return issue.keys.map((key) => `${path ? `${path}.` : ''}${key}: no such setting`);
    return [`${path || 'configuration'}: ${withoutValue(issue.message)}`];
  });
  const isMissing = parsed.error.issues.every((issue) => issue.message.endsWith('received undefined'));
  throw new MigrationError(
    isMissing ? 'config.missing' : 'config.invalid',
    `The configuration is wrong. ${problems.join('; ')}.`,
  );
}

/** Zod never quotes the input but for what it received as a type; that part is enough. */
function withoutValue(message: string): string {
  return message.slice(0, 200);
}

async function readTree(file: string): Promise<Tree> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new MigrationError('config.missing', 'OSSEA_CONFIG: expected a file that can be read.', {
      cause: error,
    });
  }
  let tree: unknown;
  try {
    tree = parse(text, { prettyErrors: false });
  } catch {
    // the parser quotes the line, and the line may hold a secret
    throw new MigrationError('config.invalid', 'OSSEA_CONFIG: expected a file in YAML.');
  }
  if (tree === null || tree === undefined) return {};
  if (typeof tree !== 'object' || Array.isArray(tree))
    throw new MigrationError('config.invalid', 'OSSEA_CONFIG: expected named settings at the top level.');
  return tree as Tree;
}

async function readVariable(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const file = environment[`${name}_FILE`];
  if (file === undefined) return environment[name];
  try {
    return (await readFile(file, 'utf8')).trimEnd();
  } catch (error) {
    throw new MigrationError('config.missing', `${name}_FILE: expected a file that can be read.`, {
      cause: error,
    });
  }
}

/** A file that systemd hands to the service, where the unit loads such a credential. */
async function credentialFile(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const directory = environment['CREDENTIALS_DIRECTORY'];
  if (directory === undefined) return undefined;
  const file = join(directory, name);
  const isThere = await stat(file).then(
    () => true,
    () => false,
  );
  return isThere ? file : undefined;
}

function convert(text: string, as: 'number' | 'list' | undefined): unknown {
  if (as === 'number') return /^\d+$/.test(text) ? Number(text) : text;
  if (as === 'list')
    return text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  return text;
}

function setAt(tree: Tree, path: readonly string[], value: unknown): void {
  const [name = '', ...rest] = path;
  if (rest.length === 0) {
    tree[name] = value;
    return;
  }
  const inner = tree[name];
  const next: Tree = inner !== null && typeof inner === 'object' ? (inner as Tree) : {};
  tree[name] = next;
  setAt(next, rest, value);
}
