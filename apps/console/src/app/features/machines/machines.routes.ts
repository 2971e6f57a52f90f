import type { Routes } from '@angular/router';
import { MachinesPage } from './machines.page';
import { MachinesStore } from './machines.store';

export const machinesRoutes: Routes = [
  {
    path: '',
    component: MachinesPage,
    providers: [MachinesStore],
    children: [
      {
        path: ':contextId',
        loadComponent: () => import('./components/machine-detail').then((m) => m.MachineDetail),
      },
    ],
  },
];
