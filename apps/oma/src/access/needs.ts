import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { Permission } from '@ossea/api-contract';

/** Metadata key of the permission that a route needs. */
export const NEEDS = 'ossea:needs';
/** The same in the API document. */
export const PERMISSION_MARK = 'x-permission';

/** What a caller must be allowed for this route. A route that says neither this nor `Open` is refused to everybody. */
export function Needs(permission: Permission): MethodDecorator {
  return applyDecorators(SetMetadata(NEEDS, permission), ApiExtension(PERMISSION_MARK, permission));
}
