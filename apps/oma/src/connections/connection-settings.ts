import { SECRET_MASK } from '@ossea/api-contract';
import { MigrationError } from '@ossea/errors';
import { secretPaths, type z } from '@ossea/plugin-sdk';
import type { SecretBox } from './secret-box.js';

type Tree = Record<string, unknown>;

/** Settings as they are stored: everything but the secrets, and the sealed secrets by their dotted path. */
export interface StoredSettings {
  readonly settings: Tree;
  readonly secrets: Record<string, string>;
}

/**
 * Checks settings by the plugin's own schema.
 * Throws `config.invalid` that names each wrong field and what was expected, never a value.
 */
export function parseSettings(schema: z.ZodType, input: unknown): Tree {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data as Tree;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'settings'}: ${message}`,
  );
  throw new MigrationError('config.invalid', `The settings are wrong. ${problems.join('; ')}.`, {
    context: { fields: parsed.error.issues.map(({ path }) => path.join('.')).join(',') },
  });
}

/** Takes the secrets out of settings and seals them. */
export function sealSettings(schema: z.ZodType, settings: Tree, box: SecretBox, id: string): StoredSettings {
  const rest = structuredClone(settings);
  const secrets: Record<string, string> = {};
  for (const path of secretPaths(schema)) {
    const value = takeAt(rest, path.split('.'));
    if (typeof value === 'string') secrets[path] = box.seal(value, `${id}/${path}`);
  }
  return { settings: rest, secrets };
}

/** The whole settings, secrets opened: for a session, never for an answer. */
export function openSettings(stored: StoredSettings, box: SecretBox, id: string): Tree {
  const settings = structuredClone(stored.settings);
  for (const [path, sealed] of Object.entries(stored.secrets))
    putAt(settings, path.split('.'), box.open(sealed, `${id}/${path}`));
  return settings;
}

/** The settings for people: a mask stands where a secret is. */
export function maskSettings(stored: StoredSettings): Tree {
  const settings = structuredClone(stored.settings);
  for (const path of Object.keys(stored.secrets)) putAt(settings, path.split('.'), SECRET_MASK);
  return settings;
}

/** What a client sent back, with its masks replaced by the secrets they stand for. */
export function unmask(sent: Tree, stored: StoredSettings, box: SecretBox, id: string): Tree {
  const settings = structuredClone(sent);
  for (const [path, sealed] of Object.entries(stored.secrets))
    if (lookAt(settings, path.split('.')) === SECRET_MASK)
      putAt(settings, path.split('.'), box.open(sealed, `${id}/${path}`));
  return settings;
}

function lookAt(tree: unknown, [name = '', ...rest]: readonly string[]): unknown {
  const inner = isTree(tree) ? tree[name] : undefined;
  return rest.length === 0 ? inner : lookAt(inner, rest);
}

function takeAt(tree: unknown, [name = '', ...rest]: readonly string[]): unknown {
  if (!isTree(tree)) return undefined;
  const inner = tree[name];
  if (rest.length > 0) return takeAt(inner, rest);
  delete tree[name];
  return inner;
}

function putAt(tree: Tree, [name = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) {
    tree[name] = value;
    return;
  }
  const inner = isTree(tree[name]) ? tree[name] : {};
  tree[name] = inner;
  putAt(inner, rest, value);
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
