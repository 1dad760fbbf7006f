// SPDX-License-Identifier: Apache-2.0

import type { Phone } from '../sync/phones.ts';
import { OutsideClient } from './outside-client.ts';
import type { AlertsHere, Asked } from './push.ts';

/** Alerts to this device while no page is open, as the pages ask for them. */
export abstract class AlertsClient extends OutsideClient {
  private hub(language: string, tag: string): Asked {
    return {
      key: () => this.port.call('alertKey', []),
      subscribe: (to) => this.port.call('subscribeAlerts', [to, language, tag]),
      unsubscribe: () => this.port.call('unsubscribeAlerts', []),
      wanted: () => this.port.call('alertsWanted', []),
    };
  }

  async alertsHere(): Promise<AlertsHere> {
    return (await import('./push.ts')).alertsHere();
  }

  async alertsOn(language: string, tag: string): Promise<AlertsHere> {
    return (await import('./push.ts')).turnOn(this.hub(language, tag));
  }

  async alertsOff(): Promise<AlertsHere> {
    return (await import('./push.ts')).turnOff(this.hub('', ''));
  }

  async keepAlerts(language: string, tag: string): Promise<void> {
    if (globalThis.Notification?.permission !== 'granted') return;
    await (await import('./push.ts')).keepOn(this.hub(language, tag));
  }

  /** Takes the worker away with everything that it was given. */
  protected async endAlerts(): Promise<void> {
    await import('./push.ts').then(({ end }) => end()).catch(() => undefined);
  }

  testAlert(): Promise<void> {
    return this.port.call('testAlert', []);
  }

  phones(): Promise<readonly Phone[]> {
    return this.port.call('phones', []);
  }
}
