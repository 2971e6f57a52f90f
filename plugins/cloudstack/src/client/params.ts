import { MigrationError } from '@ossea/errors';

/** A list is sent with commas between its items, a list of maps as `name[0].key=value`. */
export type ParamValue =
  | string
  | number
  | boolean
  | undefined
  | readonly string[]
  | readonly Readonly<Record<string, string | number | boolean>>[];
/** Parameters of a command by name; what is undefined is not sent. */
export type Params = Readonly<Record<string, ParamValue>>;

/**
 * The parameters as they go over the wire (CloudStack ParamUnpackWorker for maps; the case of a map's keys is kept).
 * Throws `request.invalid` for an item of a list that holds a comma: it would arrive as two.
 */
export function flattenParams(params: Params): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined) continue;
    if (!Array.isArray(value)) {
      flat[name] = wellFormed(String(value));
      continue;
    }
    const items = value as readonly (string | Readonly<Record<string, string | number | boolean>>)[];
    const texts = items.filter((item) => typeof item === 'string');
    if (texts.some((text) => text.includes(',')))
      throw new MigrationError('request.invalid', `An item of ${name} holds a comma.`);
    if (texts.length > 0) flat[name] = wellFormed(texts.join(','));
    items.forEach((item, index) => {
      if (typeof item === 'string') return;
      for (const [key, inner] of Object.entries(item))
        flat[`${name}[${index}].${key}`] = wellFormed(String(inner));
    });
  }
  return flat;
}

/** Half of a surrogate pair cannot be encoded; names of people's machines may hold anything. */
function wellFormed(text: string): string {
  return text.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');
}
