import { guardWith } from '@ossea/plugin-sdk';
import { faultToError } from './fault-to-error.js';

export const { guarded, guardedStream } = guardWith(faultToError);
