// SPDX-License-Identifier: Apache-2.0
import { m } from '../paraglide/messages.js';
import type { Page } from './address';

/** What the browser's tab says. */
export function pageTitle(page: Page): string {
  switch (page) {
    case 'home':
      return m.nav_home();
    case 'live':
      return m.nav_live();
    case 'alerts':
      return m.nav_alerts();
    case 'looks':
      return m.looks_title();
    case 'history':
      return m.nav_history();
    case 'starred':
      return m.stars_title();
    case 'people':
    case 'person':
    case 'rights':
    case 'out':
      return m.nav_people();
    case 'invite':
      return m.invite();
    case 'trail':
      return m.trail_title();
    case 'mine':
      return m.nav_mine();
    case 'add':
      return m.mine_add_title();
    case 'passkey':
      return m.passkey_make_title();
    case 'sheet':
      return m.bad_title();
    case 'drill':
      return m.drill_title();
    case 'settings':
      return m.nav_settings();
    case 'outside':
      return m.told_title();
    case 'hub':
      return m.newhub_title();
    case 'agree':
      return m.agree_title();
    case 'everything':
      return m.all_title();
    case 'move':
      return m.move_title();
    case 'erase':
      return m.erase_title();
    case 'alarms':
      return m.alarms_title();
  }
}

/** Pages about others: for owners and guardians. */
export const aboutOthers: readonly Page[] = [
  'people',
  'person',
  'rights',
  'out',
  'invite',
  'trail',
  'looks',
  'outside',
];

/** Pages about who belongs here. */
export const aboutPeople: readonly Page[] = [
  'people',
  'person',
  'rights',
  'out',
  'invite',
  'trail',
  'mine',
  'add',
  'passkey',
  'sheet',
  'drill',
];
