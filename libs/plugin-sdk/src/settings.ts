import { MigrationError } from '@ossea/errors';
import { z } from 'zod';

/** The zod that this contract is typed with: a second version beside it does not fit, and takes the compiler minutes to say so. */
export { z };

/** Marks a setting as a secret: it is sealed at rest, masked in answers and never logged. */
export function secret<T extends z.ZodType>(type: T): T {
  return type.meta({ secret: true }) as T;
}

interface JsonSchemaNode {
  readonly secret?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchemaNode>>;
  readonly anyOf?: readonly JsonSchemaNode[];
  readonly oneOf?: readonly JsonSchemaNode[];
  readonly allOf?: readonly JsonSchemaNode[];
}

/** The settings as JSON Schema 2020-12, with titles, bounds and the secret mark: the console draws its form from it. */
export function settingsJsonSchema(settings: z.ZodType): object {
  return z.toJSONSchema(settings, { io: 'input', unrepresentable: 'any' });
}

/**
 * Dotted paths of all settings that are marked as secrets.
 * Throws `plugin.broken-contract` for a secret that has no path (in a list, in a map, behind a reference): nobody
 * could seal it.
 */
export function secretPaths(settings: z.ZodType): string[] {
  const schema = settingsJsonSchema(settings) as JsonSchemaNode;
  const reached = new Set<object>();
  const walk = (node: JsonSchemaNode, path: readonly string[]): string[] => {
    if (node.secret === true) {
      reached.add(node);
      return [path.join('.')];
    }
    const { properties = {}, anyOf = [], oneOf = [], allOf = [] } = node;
    return [
      ...Object.entries(properties).flatMap(([name, inner]) => walk(inner, [...path, name])),
      ...[...anyOf, ...oneOf, ...allOf].flatMap((inner) => walk(inner, path)),
    ];
  };
  const paths = [...new Set(walk(schema, []))];
  if (countSecrets(schema) > reached.size || paths.includes(''))
    throw new MigrationError(
      'plugin.broken-contract',
      'A secret setting lies where it has no path of its own; secrets must be properties of objects.',
    );
  return paths;
}

function countSecrets(node: unknown): number {
  if (typeof node !== 'object' || node === null) return 0;
  const inner = Object.values(node).reduce((count: number, value: unknown) => count + countSecrets(value), 0);
  return inner + ('secret' in node && node.secret === true ? 1 : 0);
}

/** The secrets among settings that were given: what must not be told, whoever quotes it. */
export function secretsIn(settings: z.ZodType, given: unknown): string[] {
  return secretPaths(settings).flatMap((path) => {
    const value = path
      .split('.')
      .reduce<unknown>(
        (at, name) =>
          typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[name] : undefined,
        given,
      );
    return typeof value === 'string' && value !== '' ? [value] : [];
  });
}
