export type Payload = Readonly<Record<string, unknown>>;

/** An answer as it goes over the wire: JSON when it was asked for, else XML. */
export function answerText(
  envelope: string,
  payload: Payload,
  options: { readonly json: boolean; readonly version: string },
): { readonly contentType: string; readonly text: string } {
  if (options.json)
    return {
      contentType: 'application/json; charset=UTF-8',
      text: JSON.stringify({ [envelope]: payload }),
    };
  const body = xmlOf(JSON.parse(JSON.stringify(payload)) as unknown);
  const text = `<?xml version="1.0" encoding="UTF-8"?><${envelope} cloud-stack-version="${options.version}">${body}</${envelope}>`;
  return { contentType: 'text/xml; charset=UTF-8', text };
}

function xmlOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value !== 'object') return escaped(String(value));
  let xml = '';
  for (const [name, inner] of Object.entries(value) as [string, unknown][])
    for (const one of Array.isArray(inner) ? (inner as unknown[]) : [inner])
      xml += `<${name}>${xmlOf(one)}</${name}>`;
  return xml;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => ENTITIES[character]!);
