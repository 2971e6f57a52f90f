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
}

/** The settings as JSON Schema 2020-12, with titles, bounds and the secret mark: the console draws its form from it. */
export function settingsJsonSchema(settings: z.ZodType): object {
  return z.toJSONSchema(settings, { io: 'input', unrepresentable: 'any' });
}

/** Dotted paths of all settings that are marked as secrets. */
export function secretPaths(settings: z.ZodType): string[] {
  const walk = (node: JsonSchemaNode, path: string[]): string[] =>
    node.secret === true
      ? [path.join('.')]
      : Object.entries(node.properties ?? {}).flatMap(([name, inner]) => walk(inner, [...path, name]));
  return walk(settingsJsonSchema(settings) as JsonSchemaNode, []);
}
