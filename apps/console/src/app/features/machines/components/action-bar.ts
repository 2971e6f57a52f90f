import { ChangeDetectionStrategy, Component, input, output, signal } from '@angular/core';
import type { ActionId } from '../../../platform/api/machines-api';
import type { Action } from '../machine-actions';

/** Buttons are never silently disabled: one that is not possible now stays reachable and says why. */
@Component({
  selector: 'app-action-bar',
  template: `
    <div class="action-bar" role="group" aria-label="Actions">
      @for (action of actions(); track action.id) {
        <button
          type="button"
          class="btn btn-sm"
          [class.btn-danger-outline]="action.id === 'live' || action.id === 'roll-back'"
          [class.btn-primary]="action.id === 'commit' || action.id === 'retry'"
          [class.is-impossible]="action.impossible !== undefined"
          [attr.aria-disabled]="action.impossible === undefined ? null : 'true'"
          [title]="action.impossible ?? ''"
          (click)="choose(action)"
        >
          {{ action.label }}
        </button>
      }
    </div>
    <p class="action-reason" role="status">{{ reason() }}</p>
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class ActionBar {
  readonly actions = input.required<readonly Action[]>();
  readonly chosen = output<ActionId>();

  protected readonly reason = signal('');

  protected choose({ id, label, impossible }: Action): void {
    this.reason.set(impossible === undefined ? '' : `${label}: ${impossible}`);
    if (impossible === undefined) this.chosen.emit(id);
  }
}
