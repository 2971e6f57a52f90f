import { Injectable, StandardSchemaValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import { MigrationError } from '@ossea/errors';

/** Enough to correct a form; a hostile body must not become a huge answer. */
const MAX_FIELDS = 50;

export interface FieldError {
  /** JSON pointer: into the body, or below `/query` and `/path`. */
  readonly pointer: string;
  readonly message: string;
}

/** Something that was sent does not fit its schema; the problem document names each field. */
export class InvalidFields extends MigrationError {
  constructor(
    code: 'request.invalid' | 'config.invalid',
    message: string,
    readonly errors: readonly FieldError[],
  ) {
    super(code, message);
  }
}

/** A request that does not fit its schema. */
export class InvalidRequest extends InvalidFields {
  constructor(errors: readonly FieldError[]) {
    super('request.invalid', 'The request does not fit what this address takes.', errors);
  }
}

/** What a schema found wrong: zod's issues, or those of another library of the same standard. */
export interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
  /** Zod's list of names that nobody asked for. */
  readonly keys?: readonly string[];
}

const PREFIX: Partial<Record<ArgumentMetadata['type'], string>> = { query: '/query', param: '/path' };

/** Every value of a request passes the zod schema that stands beside its parameter. */
@Injectable()
export class RequestValidation extends StandardSchemaValidationPipe {
  override async transform<T>(value: T, metadata: ArgumentMetadata): Promise<T> {
    const { schema } = metadata;
    if (!schema || !this.toValidate(metadata)) return value;
    // no body at all is an empty one, so that actions without choices need none
    const given: unknown = metadata.type === 'body' && value === undefined ? {} : value;
    this.stripProtoKeys(given);
    const result = await this.validate<T>(given, schema, this.validateOptions);
    if (!result.issues) return result.value;
    const start = [
      PREFIX[metadata.type] ?? '',
      metadata.type === 'param' && metadata.data ? `/${metadata.data}` : '',
    ];
    throw new InvalidRequest(fieldErrors(result.issues, start.join('')));
  }
}

/**
 * The issues by JSON pointer.
 * @param start the pointer of what was checked.
 */
export function fieldErrors(issues: readonly Issue[], start: string): FieldError[] {
  const all = issues.flatMap(({ message, path = [], keys }) => {
    const at = path.map((part) => (typeof part === 'object' ? part.key : part));
    const names = keys ? keys.map((key) => [...at, key]) : [at];
    return names.map((name) => ({
      pointer: start + name.map((part) => `/${escaped(String(part))}`).join(''),
      message: keys ? 'There is no such field.' : message.slice(0, 300),
    }));
  });
  return all.slice(0, MAX_FIELDS);
}

/** RFC 6901; long names are cut, they come from the outside. */
function escaped(part: string): string {
  return part.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1');
}
