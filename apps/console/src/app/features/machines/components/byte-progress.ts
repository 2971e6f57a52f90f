import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { formatBytes } from '../../../ui/quantities';

/** Finished bytes against the bytes that must be moved: a bar and the same in words. */
@Component({
  selector: 'app-byte-progress',
  template: `
    <div class="byte-progress-words">
      @if (lead()) {
        <span class="byte-progress-lead">{{ lead() }}</span>
      }
      <span class="live-value">
        <data [value]="bytesDone()" data-testid="bytes-done">{{ done() }}</data> of {{ total() }} ({{
          percent()
        }}
        %)
      </span>
    </div>
    <div class="progress">
      <progress
        [attr.aria-label]="label()"
        [attr.aria-valuetext]="done() + ' of ' + total()"
        [value]="share()"
        max="100"
      ></progress>
    </div>
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class ByteProgress {
  readonly label = input.required<string>();
  readonly bytesDone = input.required<number>();
  readonly bytesTotal = input.required<number>();
  readonly lead = input('');

  protected readonly done = computed(() => formatBytes(this.bytesDone()));
  protected readonly total = computed(() => formatBytes(this.bytesTotal()));
  protected readonly share = computed(() =>
    this.bytesTotal() === 0 ? 100 : Math.min(100, (this.bytesDone() / this.bytesTotal()) * 100),
  );
  /** 100 only when everything is done. */
  protected readonly percent = computed(() => Math.floor(this.share()));
}
