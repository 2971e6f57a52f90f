import { ChangeDetectionStrategy, Component } from '@angular/core';

/** The page before the first machine: how machines come under management. */
@Component({
  selector: 'app-no-machines',
  templateUrl: './no-machines.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class NoMachines {}
