// SPDX-License-Identifier: Apache-2.0
import { click, fill, pick, see } from './drive';
import { camera, nothing, now, type Drawn } from './fixture';
import { family, Kin } from './kin';
import type { Scene } from './scenes';
import type { State } from './states';

const hour = 60 * 60_000;
const scenes: Scene[] = ['door', 'hall', 'garden', 'street'];

/** Cameras as [name, room]. */
function cameras(...list: [string, string][]): Drawn[] {
  return list.map(([name, room], index) => ({
    ...camera(`cam_${index}`, name, scenes[index % scenes.length]!, nothing),
    room,
  }));
}

const home = (...list: [string, string][]): Kin => {
  const household = family(new Kin());
  household.cameras.set(cameras(...list));
  return household;
};

const usual = (): Kin =>
  home(
    ['Doorbell', 'Front door'],
    ['By the shed', 'Garden'],
    ['Terrace', 'Garden'],
    ['Cot', 'Children’s room'],
    ['Old phone', ''],
  );

/** Cameras by room. */
export function roomStates(): Record<string, () => State> {
  const opened = async (): Promise<void> => {
    await click('header .btn:has(.lucide-eye-off)');
    await see('[role=dialog] form');
  };
  return {
    'rooms-home': () => ({ household: usual() }),
    'rooms-home-one': () => ({ household: home(['Left', 'Garden'], ['Right', 'Garden']) }),
    'rooms-home-many': () => ({
      household: home(
        ['Türklingel', 'Hauseingang und Treppenhaus im Erdgeschoss'],
        ['Links', 'Gartenhäuschen hinten links am Nachbargrundstück'],
        ['Rechts', 'Gartenhäuschen hinten links am Nachbargrundstück'],
        ['Über der Werkbank mit Blick zum Tor', 'Werkstatt'],
        ['Vorne', 'Wohnzimmer'],
        ['Hinten', 'Wohnzimmer'],
        ['Oben', 'Wohnzimmer'],
        ['Flur unten', 'Flur'],
        ['Flur oben', 'Flur'],
        ['Dachboden', 'Dachboden'],
        ['Küche', 'Küche'],
        ['Keller', 'Keller'],
        ['Alte Kamera', ''],
        ['Noch eine alte Kamera', ''],
      ),
    }),
    'rooms-private': () => {
      const household = usual();
      const at = now - 2 * hour;
      const off = { since: at, mine: true, home: false, hours: false };
      household.cameras.set(
        household.cameras.get().map((one) => {
          return one.name === 'Terrace' ? { ...one, state: 'private' as const, off } : one;
        }),
      );
      const set = { on: true, hours: [], zone: '', person: 'per_anna', at };
      household.settings = [{ camera: 'cam_2', ...set }];
      return { household, then: opened };
    },
    'rooms-private-long': () => ({
      household: home(
        ['Links', 'Gartenhäuschen hinten links am Nachbargrundstück'],
        ['Rechts', 'Gartenhäuschen hinten links am Nachbargrundstück'],
        ['Vorne', 'Wohnzimmer'],
        ['Hinten', 'Wohnzimmer'],
      ),
      then: opened,
    }),
    'rooms-private-hours': () => {
      const household = usual();
      const hours = [{ days: [6, 7], from: 480, until: 1320 }];
      household.settings = ['cam_1', 'cam_2'].map((camera) => {
        return { camera, on: false, hours, zone: 'UTC', person: 'per_jan', at: now - hour };
      });
      return {
        household,
        then: async () => {
          await opened();
          await pick('[role=dialog] select', 'Garden');
          await see('[role=dialog] form input[type=time]');
        },
      };
    },
    'rooms-private-differ': () => {
      const household = usual();
      const hours = [{ days: [6, 7], from: 480, until: 1320 }];
      household.settings = [
        { camera: 'cam_2', on: false, hours, zone: 'UTC', person: 'per_jan', at: now - hour },
      ];
      return {
        household,
        then: async () => {
          await opened();
          await pick('[role=dialog] select', 'Garden');
        },
      };
    },
    'rooms-settings': () => ({ household: usual(), fragment: '#/settings' }),
    'rooms-change': () => ({
      household: usual(),
      fragment: '#/settings',
      then: async () => {
        await click('section[aria-labelledby=camera-names] li:nth-child(2) .btn');
        await fill('form .field input[list]', 'Backyard');
      },
    }),
    'rooms-change-refused': () => {
      const household = usual();
      household.refusal = 'hub-away';
      return {
        household,
        fragment: '#/settings',
        then: async () => {
          await click('section[aria-labelledby=camera-names] li:nth-child(2) .btn');
          await fill('form .field input[list]', 'Backyard');
          await click('form .filled');
          await see('form [role=alert]');
        },
      };
    },
  };
}
