import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import type { VmDisk } from '@ossea/api-contract';
import { BytesPipe } from '../../../ui/quantity.pipes';
import type { Measured } from '../machines.state';
import { ByteProgress } from './byte-progress';

@Component({
  selector: 'app-disk-table',
  imports: [ByteProgress, BytesPipe],
  template: `
    <section class="panel" aria-labelledby="disks-heading">
      <h3 id="disks-heading">Disks</h3>
      @if (rows().length > 0) {
        <table class="table table-compact">
          <thead>
            <tr>
              <th scope="col" class="left">Disk</th>
              <th scope="col" class="column-number">Size</th>
              <th scope="col" class="left">Volume at the target</th>
              <th scope="col" class="left column-progress">Copied in this cycle</th>
            </tr>
          </thead>
          <tbody>
            @for (row of rows(); track row.disk.key) {
              <tr>
                <td class="left">
                  {{ row.disk.label }}
                  @if (row.disk.boot) {
                    <span class="muted">boot</span>
                  }
                </td>
                <td class="column-number">{{ row.disk.sizeBytes | bytes }}</td>
                <td class="left wrap-anywhere">
                  @if (row.disk.volumeRef; as ref) {
                    {{ ref }}
                  } @else {
                    <span class="muted">none yet</span>
                  }
                </td>
                <td class="left column-progress">
                  @if (row.measured; as measured) {
                    <app-byte-progress
                      [label]="'Copy of ' + row.disk.label"
                      [bytesDone]="measured.bytesDone"
                      [bytesTotal]="measured.bytesTotal"
                    />
                  } @else {
                    <span class="muted" aria-label="no copy runs">–</span>
                  }
                </td>
              </tr>
            }
          </tbody>
        </table>
      } @else {
        <p class="muted">The disks are read when the first cycle begins.</p>
      }
    </section>
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class DiskTable {
  readonly disks = input.required<readonly VmDisk[]>();
  readonly measured = input<Measured>();

  protected readonly rows = computed(() =>
    this.disks().map((disk) => ({
      disk,
      measured: this.measured()?.progress.disks.find((one) => one.disk === disk.key),
    })),
  );
}
