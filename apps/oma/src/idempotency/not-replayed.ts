import { SetMetadata } from '@nestjs/common';

export const NOT_REPLAYED = 'ossea:not-replayed';

/** A route whose answer holds a secret: nothing of it is stored, so that it ignores `Idempotency-Key`. */
export function NotReplayed(): MethodDecorator {
  return SetMetadata(NOT_REPLAYED, true);
}
