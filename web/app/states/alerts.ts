// SPDX-License-Identifier: Apache-2.0
import type { AlertsHere, Phone } from '../src/lib/alerting';
import { click, see } from './drive';
import { now } from './fixture';
import { family, type Kin } from './kin';
import type { State } from './states';

const minute = 60_000;
const hour = 60 * minute;

const phone = (device: string, change: Partial<Phone> = {}): Phone => ({
  device,
  mine: false,
  service: 'push.example',
  since: now - 30 * 24 * hour,
  seen: now - 26 * minute,
  took: 1240,
  left: 130,
  brought: 410,
  silent: 0,
  ...change,
});

/** Alerts to this device, and to those of the others. */
export function alertStates(three: () => Kin): Record<string, () => State> {
  const at = (alerts: AlertsHere, phones: readonly Phone[] = []): State => {
    const household = family(three());
    household.alerts = alerts;
    household.phoneList = phones;
    return { household, fragment: '#/settings', then: () => see('#alerts-here') };
  };
  const mine = phone('dev_kitchen', { mine: true });
  const button = 'section[aria-labelledby=alerts-here] .btn';
  return {
    'alerts-off': () => at('off', [phone('dev_jan')]),
    'alerts-on': () =>
      at('on', [
        mine,
        phone('dev_jan', { seen: 0, took: 0 }),
        phone('dev_phone', { took: 4100, brought: 0 }),
        phone('dev_eva', { silent: now - 31 * hour, seen: now - 40 * hour }),
      ]),
    'alerts-way-unknown': () => at('on', [{ ...mine, left: 0, brought: 0 }]),
    'alerts-tested': () => ({ ...at('on', [mine]), then: () => click(button) }),
    'alerts-silent': () => at('on', [{ ...mine, silent: now - 50 * hour }]),
    'alerts-blocked': () => at('blocked'),
    'alerts-unable': () => at('unable'),
    'alerts-install': () => at('install'),
    'alerts-off-hub-away': () => {
      const state = at('on', [mine]);
      state.household.refusal = 'hub-away';
      return {
        ...state,
        then: async () => {
          await click(`${button}.quiet`);
          await see('section[aria-labelledby=alerts-here] [role=alert]');
          await see(`${button}.filled`);
        },
      };
    },
    'alerts-hub-away': () => {
      const state = at('on', [mine]);
      state.household.refusal = 'hub-away';
      return {
        ...state,
        then: async () => {
          await click(button);
          await see('section[aria-labelledby=alerts-here] [role=alert]');
        },
      };
    },
  };
}
