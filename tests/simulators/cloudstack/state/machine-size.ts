import type { Machine } from './model.js';

/** What a machine has: its offering's size, or that of its details when the offering leaves it open. */
export function sizeOf({ offering, details }: Pick<Machine, 'offering' | 'details'>) {
  return {
    cpus: offering.cpus ?? Number(details.get('cpuNumber') ?? 1),
    cpuMhz: offering.cpuMhz ?? Number(details.get('cpuSpeed') ?? 1000),
    memoryMb: offering.memoryMb ?? Number(details.get('memory') ?? 256),
  };
}
