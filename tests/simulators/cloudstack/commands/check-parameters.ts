import type { Cloud } from '../cloud.js';
import { ApiError } from '../protocol/api-error.js';
import type { UnpackedParameters } from '../protocol/request-parameters.js';
import type { Account } from '../state/model.js';
import { ENTITIES, OWNED_ENTITIES } from './entities.js';
import { type Command, type Entity, type ParameterKind } from './command.js';

const INT_MAX = 2 ** 31 - 1;

/** How a value of each plain kind looks. */
const LOOKS: Partial<Readonly<Record<ParameterKind, (value: string) => boolean>>> = {
  integer: (value) => value.trim() === '' || (/^[+-]?\d+$/.test(value) && Math.abs(Number(value)) <= INT_MAX),
  long: (value) => /^[+-]?\d+$/.test(value) && Number.isSafeInteger(Number(value)),
};

/** The checks that every request has to pass before a command looks at it. */
export function checkParameters(
  cloud: Cloud,
  command: Command,
  caller: Account,
  { values, maps }: UnpackedParameters,
): void {
  const title = command.name.toLowerCase();
  for (const [declared, kind] of Object.entries(command.parameters)) {
    const name = declared.replace('!', '');
    const value = values.get(name);
    if (value === undefined) {
      if (declared.endsWith('!') && !maps.has(name))
        throw new ApiError(
          'parameter',
          `Unable to execute API command ${title} due to missing parameter ${name}`,
        );
      continue;
    }
    if (LOOKS[kind]?.(value) === false)
      throw new ApiError(
        'parameter',
        `Unable to execute API command ${title} due to invalid value ${value} for parameter ${name}`,
      );
    const [entity, ids] = entityIds(kind, value);
    if (entity) for (const id of ids) checkEntity(cloud, command, caller, { entity, name, id });
  }
}

function entityIds(kind: ParameterKind, value: string): [Entity | undefined, readonly string[]] {
  if (kind in ENTITIES) return [kind as Entity, [value]];
  const single = kind.slice(0, -1);
  if (single in ENTITIES && kind.endsWith('s')) return [single as Entity, value.split(',').filter(Boolean)];
  return [undefined, []];
}

function checkEntity(
  cloud: Cloud,
  command: Command,
  caller: Account,
  { entity, name, id }: { readonly entity: Entity; readonly name: string; readonly id: string },
): void {
  // stands for "all" and the like
  if (id === '-1') return;
  const found = ENTITIES[entity](cloud, id);
  if (!found)
    throw new ApiError(
      'parameter',
      `Unable to execute API command ${command.name.toLowerCase()} due to invalid value. Invalid parameter ${name} ` +
        `value=${id} due to incorrect long value format, or entity does not exist or due to incorrect parameter ` +
        'annotation for the field in api cmd class.',
    );
  const title = OWNED_ENTITIES[entity];
  // a list leaves out what is somebody else's
  if (!title || caller.isRootAdmin || found.account === caller || command.name.startsWith('list')) return;
  throw new ApiError(
    'permission',
    `Acct[${caller.id}-${caller.name}] does not have permission to operate with resource ${title}[${id}]`,
  );
}

/** What the request has and the command does not know: a real server only logs it. */
export function unknownParameters(command: Command, parameters: UnpackedParameters): string[] {
  const known = new Set(Object.keys(command.parameters).map((name) => name.replace('!', '')));
  for (const name of ['command', 'response', 'apikey', 'signature', 'signatureversion', 'expires'])
    known.add(name);
  return [...parameters.values.keys(), ...parameters.maps.keys()].filter((name) => !known.has(name));
}
