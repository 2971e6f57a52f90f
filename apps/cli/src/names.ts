import { ConnectionPage, Id, UserList, VmaList, VmContextPage, type Vma } from '@ossea/api-contract';
import type { ApiClient } from './api/api-client.js';
import { CliError, EXIT } from './exit-codes.js';

/** People name things; the API wants ids. An id is taken as it is. */

export function contextIdOf(api: ApiClient, named: string): Promise<string> {
  return idOf('machine', named, async () => {
    const { value } = await api.list('/api/v1/vm-contexts', VmContextPage, { name: named });
    return value;
  });
}

export function connectionIdOf(api: ApiClient, named: string): Promise<string> {
  return idOf('connection', named, async () => {
    const { value } = await api.list('/api/v1/connections', ConnectionPage);
    return value;
  });
}

export function vmaIdOf(api: ApiClient, named: string): Promise<string> {
  return idOf('VMA', named, () => vmas(api));
}

export function userIdOf(api: ApiClient, named: string): Promise<string> {
  return idOf('user', named, async () => (await api.get('/api/v1/admin/users', UserList)).value.items);
}

export async function vmas(api: ApiClient): Promise<Vma[]> {
  return (await api.get('/api/v1/admin/vma', VmaList)).value.items;
}

interface Named {
  readonly id: string;
  readonly name: string;
}

async function idOf(what: string, named: string, all: () => Promise<readonly Named[]>): Promise<string> {
  if (Id.safeParse(named).success) return named;
  const [found, ...others] = (await all()).filter(({ name }) => name === named);
  if (!found) throw new CliError(EXIT.notFound, `No ${what} is called "${named}".`);
  if (others.length > 0) {
    const ids = [found, ...others].map(({ id }) => id).join(', ');
    throw new CliError(EXIT.conflict, `More than one ${what} is called "${named}": ${ids}. Give the id.`);
  }
  return found.id;
}
