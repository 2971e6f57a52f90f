import { applyDecorators, SetMetadata } from '@nestjs/common';

/** Metadata key of routes that need no token. */
export const OPEN = 'ossea:open';

/** A route without a token: only health without data, set-up and sign-in are such. */
export function Open(): MethodDecorator {
  return applyDecorators(SetMetadata(OPEN, true));
}
