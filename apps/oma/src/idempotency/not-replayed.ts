import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';

export const NOT_REPLAYED = 'ossea:not-replayed';
/** The same in the raw API document. */
export const NOT_REPLAYED_MARK = 'x-not-replayed';

/** A route whose answer holds a secret: nothing of it is stored, so that it ignores `Idempotency-Key`. */
export function NotReplayed(): MethodDecorator {
  return applyDecorators(SetMetadata(NOT_REPLAYED, true), ApiExtension(NOT_REPLAYED_MARK, true));
}
