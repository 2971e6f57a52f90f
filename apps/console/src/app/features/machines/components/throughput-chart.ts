import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import type { EChartsCoreOption } from 'echarts/core';
import { NgxEchartsDirective } from 'ngx-echarts';
import { formatRate } from '../../../ui/quantities';
import type { Throughput } from '../machines.state';

const MIB = 1024 * 1024;
const INK = '#adbbc4';
const GRID = '#35454e';
const LINE = '#4aaed9';

/** Bytes a second as the appliance measured them while this page was open. */
@Component({
  selector: 'app-throughput-chart',
  imports: [NgxEchartsDirective],
  template: `
    @if (samples().length > 1) {
      <div
        class="chart"
        role="img"
        [attr.aria-label]="description()"
        echarts
        [initOpts]="initOptions"
        [options]="base"
        [merge]="data()"
      ></div>
      <p class="chart-words">{{ description() }}</p>
    } @else {
      <p class="muted">
        {{
          isRunning()
            ? 'Waiting for the second measurement…'
            : 'No copy was measured since this page was opened.'
        }}
      </p>
    }
  `,
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class ThroughputChart {
  readonly throughput = input.required<Throughput | undefined>();
  readonly isRunning = input.required<boolean>();

  protected readonly samples = computed(() => this.throughput()?.samples ?? []);
  protected readonly description = computed(() => {
    const rates = this.samples().map(({ bytesPerSecond }) => bytesPerSecond);
    const peak = formatRate(Math.max(...rates));
    const last = formatRate(rates.at(-1) ?? 0);
    const which = this.isRunning() ? `now ${last}` : 'of the last copy';
    return `Throughput: ${which}, highest ${peak}, ${rates.length} measurements.`;
  });

  protected readonly initOptions = { renderer: 'canvas', height: 160 } as const;
  protected readonly base: EChartsCoreOption = {
    animation: false,
    backgroundColor: 'transparent',
    grid: { left: 78, right: 16, top: 12, bottom: 24 },
    tooltip: {
      trigger: 'axis',
      backgroundColor: '#1b2b32',
      borderColor: GRID,
      textStyle: { color: '#e9ecef' },
      valueFormatter: (value: unknown) => formatRate(Number(value) * MIB),
    },
    xAxis: {
      type: 'time',
      axisLabel: { color: INK, hideOverlap: true },
      axisLine: { lineStyle: { color: GRID } },
      splitLine: { show: false },
    },
    yAxis: {
      type: 'value',
      min: 0,
      splitNumber: 3,
      axisLabel: { color: INK, formatter: '{value} MiB/s' },
      splitLine: { lineStyle: { color: GRID } },
    },
    series: [],
  };
  protected readonly data = computed((): EChartsCoreOption => ({
    series: [
      {
        id: 'rate',
        name: 'Throughput',
        type: 'line',
        showSymbol: false,
        lineStyle: { color: LINE, width: 2 },
        itemStyle: { color: LINE },
        areaStyle: { color: LINE, opacity: 0.15 },
        data: this.samples().map(({ atMs, bytesPerSecond }) => [atMs, bytesPerSecond / MIB]),
      },
    ],
  }));
}
