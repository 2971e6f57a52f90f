import { provideHttpClient, withFetch, withInterceptors } from '@angular/common/http';
import {
  provideAppInitializer,
  provideBrowserGlobalErrorListeners,
  type ApplicationConfig,
} from '@angular/core';
import { provideNoopAnimations } from '@angular/platform-browser/animations';
import { provideRouter, withComponentInputBinding } from '@angular/router';
import { provideEchartsCore } from 'ngx-echarts';
import { ownSession } from '../platform/session/own-session.interceptor';
import { resumeSession } from '../platform/session/resume-session';
import { routes } from './app.routes';

export const appConfig: ApplicationConfig = {
  providers: [
    provideBrowserGlobalErrorListeners(),
    provideNoopAnimations(),
    provideHttpClient(withFetch(), withInterceptors([ownSession])),
    provideAppInitializer(resumeSession),
    provideRouter(routes, withComponentInputBinding()),
    provideEchartsCore({ echarts: () => import('../ui/echarts').then(({ echarts }) => echarts) }),
  ],
};
