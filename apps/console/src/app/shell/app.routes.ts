import type { Routes } from '@angular/router';
import { signedIn } from '../platform/session/signed-in.guard';

export const routes: Routes = [
  {
    path: 'sign-in',
    title: 'Sign in · MigrateKit OSSEA',
    loadComponent: () => import('../features/sign-in/sign-in.page').then((m) => m.SignInPage),
  },
  {
    path: '',
    canActivate: [signedIn],
    loadComponent: () => import('./shell').then((m) => m.Shell),
    children: [
      { path: '', pathMatch: 'full', redirectTo: 'machines' },
      {
        path: 'machines',
        title: 'Machines · MigrateKit OSSEA',
        loadChildren: () => import('../features/machines/machines.routes').then((m) => m.machinesRoutes),
      },
    ],
  },
  { path: '**', redirectTo: '' },
];
