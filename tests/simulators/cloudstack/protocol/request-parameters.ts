import { ApiError } from './api-error.js';

/** What is neither text nor white space that a text may hold. */
// eslint-disable-next-line no-control-regex
const CONTROL_CHARACTERS = /[\x00-\x07\x0b\x0c\x0e-\x1f\x7f]/;

/**
 * The parameters of a request by their names as sent: of a name that is given twice the first value counts, and what
 * stands in the query counts before what stands in the form.
 */
export function requestParameters(query: string, form: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const part of [query, form])
    for (const [name, value] of new URLSearchParams(part))
      if (!parameters.has(name)) parameters.set(name, value);
  return parameters;
}

export function refuseControlCharacters(parameters: ReadonlyMap<string, string>): void {
  for (const [name, value] of parameters)
    if (CONTROL_CHARACTERS.test(value))
      throw new ApiError(
        'parameter',
        `Received value containing illegal ASCII non-printable characters for parameter ${name}`,
      );
}

export type MapEntries = ReadonlyMap<number, ReadonlyMap<string, string>>;

/** A request's parameters by their lower-case names, with `name[i].field=value` gathered. */
export interface UnpackedParameters {
  readonly values: ReadonlyMap<string, string>;
  /** The fields keep their case. */
  readonly maps: ReadonlyMap<string, MapEntries>;
  /** The project, which is looked up by its exact name. */
  readonly projectId: string | undefined;
}

const ELEMENT = /^([^[\].]+)\[([^[\].]*)\]([^[\]]*)$/;

export function unpackParameters(parameters: ReadonlyMap<string, string>): UnpackedParameters {
  const values = new Map<string, string>();
  const maps = new Map<string, Map<number, Map<string, string>>>();
  for (const [name, value] of parameters) {
    if (name.indexOf('[') <= 0 && name.lastIndexOf('[') === name.indexOf('[')) {
      values.set(name.toLowerCase(), value);
      continue;
    }
    const [, prefix, index, rest] = ELEMENT.exec(name) ?? [];
    if (prefix === undefined || !/^[+-]?\d+$/.test(index!) || !rest!.includes('.')) throw undecodable(name);
    const elements = maps.get(prefix.toLowerCase()) ?? new Map<number, Map<string, string>>();
    maps.set(prefix.toLowerCase(), elements);
    const fields = elements.get(Number(index)) ?? new Map<string, string>();
    elements.set(Number(index), fields);
    fields.set(rest!.slice(rest!.indexOf('.') + 1), value);
  }
  return { values, maps, projectId: parameters.get('projectid') };
}

function undecodable(name: string): ApiError {
  return new ApiError(
    'malformed',
    `Unable to decode parameter ${name}; if specifying an object array, please use ` +
      'parameter[index].field=XXX, e.g. userGroupList[0].group=httpGroup',
  );
}
