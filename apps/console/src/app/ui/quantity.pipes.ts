import { Pipe, type PipeTransform } from '@angular/core';
import { formatAge, formatBytes, formatDuration, formatRate } from './quantities';

@Pipe({ name: 'bytes' })
export class BytesPipe implements PipeTransform {
  transform(bytes: number): string {
    return formatBytes(bytes);
  }
}

@Pipe({ name: 'rate' })
export class RatePipe implements PipeTransform {
  transform(bytesPerSecond: number): string {
    return formatRate(bytesPerSecond);
  }
}

@Pipe({ name: 'duration' })
export class DurationPipe implements PipeTransform {
  transform(ms: number): string {
    return formatDuration(ms);
  }
}

/** `{{ point.sealedAt | age: clock.nowMs() }}`; a clock of ours that is behind the appliance's counts as now. */
@Pipe({ name: 'age' })
export class AgePipe implements PipeTransform {
  transform(time: string, nowMs: number): string {
    return formatAge(nowMs - Date.parse(time));
  }
}

/** The whole date and time in the browser's zone, with the zone's name. */
@Pipe({ name: 'moment' })
export class MomentPipe implements PipeTransform {
  transform(time: string | number): string {
    return new Date(time).toLocaleString(undefined, {
      dateStyle: 'medium',
      timeStyle: 'long',
    });
  }
}
