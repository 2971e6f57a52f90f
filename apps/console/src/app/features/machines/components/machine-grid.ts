import { ChangeDetectionStrategy, Component, inject, input } from '@angular/core';
import { RouterLink } from '@angular/router';
import { ClrDatagridModule } from '@clr/angular/data/datagrid';
import { Clock } from '../../../platform/clock';
import { AgePipe, BytesPipe, MomentPipe, RatePipe } from '../../../ui/quantity.pipes';
import { formatBitRate } from '../../../ui/quantities';
import { StateLabel } from '../../../ui/state-label';
import type { MachineRow } from '../machine-row';
import { sayCycleKind, sayJobKind } from '../words';
import { ByteProgress } from './byte-progress';

@Component({
  selector: 'app-machine-grid',
  imports: [
    AgePipe,
    ByteProgress,
    BytesPipe,
    ClrDatagridModule,
    MomentPipe,
    RatePipe,
    RouterLink,
    StateLabel,
  ],
  templateUrl: './machine-grid.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class MachineGrid {
  protected readonly clock = inject(Clock);

  readonly rows = input.required<MachineRow[]>();
  readonly selectedId = input<string>();

  protected readonly kindOf = sayCycleKind;
  protected readonly jobOf = sayJobKind;
  protected readonly bitRate = formatBitRate;
  protected readonly byId = (_index: number, row: MachineRow): string => row.id;
}
