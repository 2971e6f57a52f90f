import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import {
  ClarityIcons,
  ClrIcon,
  banIcon,
  checkCircleIcon,
  clockIcon,
  dotCircleIcon,
  errorStandardIcon,
  syncIcon,
  warningStandardIcon,
} from '@clr/angular/icon';

ClarityIcons.addIcons(
  banIcon,
  checkCircleIcon,
  clockIcon,
  dotCircleIcon,
  errorStandardIcon,
  syncIcon,
  warningStandardIcon,
);

export type Tone = 'neutral' | 'working' | 'good' | 'waiting' | 'warning' | 'bad' | 'ended';

const SHAPES: Readonly<Record<Tone, string>> = {
  neutral: 'dot-circle',
  working: 'sync',
  good: 'check-circle',
  waiting: 'clock',
  warning: 'warning-standard',
  bad: 'error-standard',
  ended: 'ban',
};

/** A state as icon, words and colour; never by colour alone. */
@Component({
  selector: 'app-state',
  imports: [ClrIcon],
  template: `<cds-icon [shape]="shape()" aria-hidden="true" /><span>{{ words() }}</span>`,
  host: { class: 'state', '[attr.data-tone]': 'tone()' },
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class StateLabel {
  readonly words = input.required<string>();
  readonly tone = input.required<Tone>();

  protected readonly shape = computed(() => SHAPES[this.tone()]);
}
