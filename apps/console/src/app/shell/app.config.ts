import { provideHttpClient, withFetch, withInterceptors } from '@angular/common/http';
import { provideBrowserGlobalErrorListeners, type ApplicationConfig } from '@angular/core';
import { provideNoopAnimations } from '@angular/platform-browser/animations';
import { provideRouter, withComponentInputBinding } from '@angular/router';
import { provideEchartsCore } from 'ngx-echarts';
import { bearerToken } from '../platform/session/bearer-token.interceptor';
import { routes } from './app.routes';

export const appConfig: ApplicationConfig = {
  providers: [
    provideBrowserGlobalErrorListeners(),
    provideNoopAnimations(),
    provideHttpClient(withFetch(), withInterceptors([bearerToken])),
    provideRouter(routes, withComponentInputBinding()),
    provideEchartsCore({ echarts: () => import('../ui/echarts').then(({ echarts }) => echarts) }),
  ],
};
