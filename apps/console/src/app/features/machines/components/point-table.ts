import { ChangeDetectionStrategy, Component, computed, inject, input } from '@angular/core';
import type { RecoveryPoint, VmDisk } from '@ossea/api-contract';
import { Clock } from '../../../platform/clock';
import { AgePipe, BytesPipe, DurationPipe, MomentPipe } from '../../../ui/quantity.pipes';
import { sayCycleKind, sayReason } from '../words';

@Component({
  selector: 'app-point-table',
  imports: [AgePipe, BytesPipe, DurationPipe, MomentPipe],
  templateUrl: './point-table.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class PointTable {
  protected readonly clock = inject(Clock);

  /** Absent while they are being asked for. */
  readonly points = input.required<readonly RecoveryPoint[] | undefined>();
  readonly disks = input.required<readonly VmDisk[]>();

  protected readonly rows = computed(() =>
    this.points()?.map((point) => ({
      point,
      kind: sayCycleKind(point.kind),
      reasons: this.reasonsOf(point),
    })),
  );

  /** Why disks were copied in full; said once where all disks agree. */
  private reasonsOf({ disks }: RecoveryPoint): string {
    const full = disks.filter(({ kind }) => kind === 'full');
    const said = [...new Set(full.map(({ reason }) => sayReason(reason)))];
    if (full.length === disks.length && said.length === 1) return said.join();
    return full.map(({ diskKey, reason }) => `${this.labelOf(diskKey)}: ${sayReason(reason)}`).join('; ');
  }

  private labelOf(diskKey: string): string {
    return this.disks().find(({ key }) => key === diskKey)?.label ?? diskKey;
  }
}
