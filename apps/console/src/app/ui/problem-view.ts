import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import type { Problem } from '@ossea/api-contract';
import { ClrAlertModule } from '@clr/angular/emphasis/alert';

/** Why something failed, what to do about it, and what to quote to those who help. */
@Component({
  selector: 'app-problem',
  imports: [ClrAlertModule],
  template: `
    <clr-alert [clrAlertType]="tone()" [clrAlertClosable]="false">
      <clr-alert-item>
        <div class="alert-text">
          @if (heading(); as heading) {
            <div class="problem-heading">{{ heading }}</div>
          }
          <div class="problem-cause">{{ problem().cause }}</div>
          <div class="problem-remedy"><strong>What to do:</strong> {{ problem().remedy }}</div>
          @if (retryCost(); as cost) {
            <div><strong>What a retry costs:</strong> {{ cost }}</div>
          }
          @for (error of problem().errors; track error.pointer) {
            <div>{{ error.pointer }}: {{ error.message }}</div>
          }
          <div class="problem-reference">
            {{ problem().code }}
            @if (problem().correlationId; as id) {
              · reference {{ id }}
            }
          </div>
        </div>
      </clr-alert-item>
    </clr-alert>
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class ProblemView {
  readonly problem = input.required<Problem>();
  readonly heading = input<string>();
  readonly tone = input<'danger' | 'warning'>('danger');

  protected readonly retryCost = computed(() => this.problem().context?.['retryCost']);
}
