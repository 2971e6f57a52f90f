import type { Hearing } from './hearing.js';

/** Calls every GET of the OpenAPI document with ids that exist where there are some. @returns the statuses by route. */
export async function callEveryGet(
  api: Hearing,
  token: string,
  ids: Readonly<Record<string, string>>,
): Promise<Map<string, number>> {
  const { body } = await api.call<{ paths: Record<string, object> }>('GET /api/docs/openapi.json');
  const statuses = new Map<string, number>();
  for (const [path, methods] of Object.entries(body.paths)) {
    if (!('get' in methods)) continue;
    const filled = path.replaceAll(/[^/]+\/\{(\w+)\}/g, (text, name: string) => {
      const [before = ''] = text.split('/');
      return `${before}/${ids[before] ?? ids[name] ?? 'none_01J00000000000000000000000'}`;
    });
    const asked = path.endsWith('/networks/available') ? `${filled}?connectionId=${ids['target']}` : filled;
    statuses.set(path, (await api.call(`GET ${asked}`, { token })).status);
  }
  return statuses;
}
