import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';

/** Metadata key of routes that need no token. */
export const OPEN = 'ossea:open';
/** The same in the raw API document. */
export const OPEN_MARK = 'x-open';

/** A route without a token: only health without data, set-up and sign-in are such. */
export function Open(): MethodDecorator {
  return applyDecorators(SetMetadata(OPEN, true), ApiExtension(OPEN_MARK, true));
}
