import { ChangeDetectionStrategy, Component, computed, effect, inject, untracked } from '@angular/core';
import { ActivatedRoute, Router, RouterOutlet } from '@angular/router';
import { LiveFeed } from '../../platform/live/live-feed';
import { MachineGrid } from './components/machine-grid';
import { NoMachines } from './components/no-machines';
import { MachinesStore } from './machines.store';

/** All machines under management, and below them the one that is looked at. */
@Component({
  selector: 'app-machines-page',
  imports: [MachineGrid, NoMachines, RouterOutlet],
  templateUrl: './machines.page.html',
  changeDetection: ChangeDetectionStrategy.OnPush,
})
export class MachinesPage {
  private readonly router = inject(Router);
  private readonly route = inject(ActivatedRoute);
  protected readonly store = inject(MachinesStore);
  protected readonly feed = inject(LiveFeed);

  protected readonly summary = computed(() => {
    const counts = new Map<string, number>();
    for (const { state } of this.store.rows()) counts.set(state.words, (counts.get(state.words) ?? 0) + 1);
    return [...counts].map(([words, count]) => `${count} ${words.toLowerCase()}`).join(' · ');
  });

  constructor() {
    // A page that shows nothing of any machine helps nobody: begin with the first one.
    effect(() => {
      const first = this.store.rows()[0]?.id;
      if (first === undefined || untracked(this.store.selectedId) !== undefined) return;
      if (this.route.firstChild) return;
      void this.router.navigate([first], { relativeTo: this.route, replaceUrl: true });
    });
  }
}
