// SPDX-License-Identifier: Apache-2.0
import { m } from '../paraglide/messages.js';
import type { Alarm } from './household';

/** Several rules are one thing to a person: the words go by kind, the rule stands in the proof. */
export type AlarmKind =
  | 'changed'
  | 'forged'
  | 'dropped'
  | 'wrong-camera'
  | 'wrong-household'
  | 'rolled-back'
  | 'forked'
  | 'frozen'
  | 'seal'
  | 'key'
  | 'roster'
  | 'withheld'
  | 'other';

const kinds: Record<string, AlarmKind> = {
  'file-hash': 'changed',
  'file-size': 'changed',
  'not-included': 'forged',
  'seq-gap': 'dropped',
  'wrong-camera': 'wrong-camera',
  'wrong-household': 'wrong-household',
  'rolled-back': 'rolled-back',
  forked: 'forked',
  frozen: 'frozen',
  checkpoint: 'seal',
  envelope: 'key',
  'roster-seq': 'roster',
  'roster-prev': 'roster',
  'roster-time': 'roster',
  'roster-op': 'roster',
  household: 'roster',
  signer: 'roster',
  signature: 'roster',
  rights: 'roster',
  withheld: 'withheld',
};

export function kindOfRule(rule: string): AlarmKind {
  return kinds[rule] ?? 'other';
}

export interface AlarmWords {
  title: string;
  what: string;
  meaning: string;
  done: string;
  next: string;
}

/** `where` names camera and time, such as "Front door, 13:40 to 13:41". */
export function alarmWords(alarm: Alarm, where: string): AlarmWords {
  const kind = kindOfRule(alarm.rule);
  const next = m.alarm_next_proof();
  switch (kind) {
    case 'changed':
      return {
        title: m.alarm_changed_title(),
        what: m.alarm_changed_what({ where }),
        meaning: m.alarm_changed_meaning(),
        done: m.alarm_done_not_shown(),
        next: m.alarm_next_true_at_home(),
      };
    case 'forged':
      return {
        title: m.alarm_forged_title(),
        what: m.alarm_forged_what({ where }),
        meaning: m.alarm_forged_meaning(),
        done: m.alarm_done_not_shown(),
        next: m.alarm_next_true_at_home(),
      };
    case 'dropped':
      return {
        title: m.alarm_dropped_title(),
        what: m.alarm_dropped_what({ where }),
        meaning: m.alarm_dropped_meaning(),
        done: m.alarm_dropped_done(),
        next: m.alarm_next_true_at_home(),
      };
    case 'wrong-camera':
      return {
        title: m.alarm_camera_title(),
        what: m.alarm_camera_what({ where }),
        meaning: m.alarm_camera_meaning(),
        done: m.alarm_done_not_shown(),
        next: m.alarm_next_true_at_home(),
      };
    case 'wrong-household':
      return {
        title: m.alarm_household_title(),
        what: m.alarm_household_what(),
        meaning: m.alarm_household_meaning(),
        done: m.alarm_done_not_shown(),
        next,
      };
    case 'rolled-back':
      return {
        title: m.alarm_rolled_title(),
        what: m.alarm_rolled_what(),
        meaning: m.alarm_rolled_meaning(),
        done: m.alarm_done_kept_newer(),
        next,
      };
    case 'forked':
      return {
        title: m.alarm_forked_title(),
        what: m.alarm_forked_what(),
        meaning: m.alarm_forked_meaning(),
        done: m.alarm_done_stopped(),
        next,
      };
    case 'frozen':
      return {
        title: m.alarm_frozen_title(),
        what: m.alarm_frozen_what(),
        meaning: m.alarm_frozen_meaning(),
        done: m.alarm_frozen_done(),
        next: m.alarm_frozen_next(),
      };
    case 'seal':
      return {
        title: m.alarm_seal_title(),
        what: m.alarm_seal_what(),
        meaning: m.alarm_seal_meaning(),
        done: m.alarm_done_not_shown(),
        next,
      };
    case 'key':
      return {
        title: m.alarm_key_title(),
        what: m.alarm_key_what(),
        meaning: m.alarm_key_meaning(),
        done: m.alarm_key_done(),
        next,
      };
    case 'roster':
      return {
        title: m.alarm_roster_title(),
        what: m.alarm_roster_what(),
        meaning: m.alarm_roster_meaning(),
        done: m.alarm_done_stopped(),
        next: m.alarm_roster_next(),
      };
    case 'withheld':
      return {
        title: m.alarm_withheld_title(),
        what: m.alarm_withheld_what(),
        meaning: m.alarm_withheld_meaning(),
        done: m.alarm_withheld_done(),
        next: m.alarm_withheld_next(),
      };
    case 'other':
      return {
        title: m.alarm_other_title(),
        what: m.alarm_other_what({ where }),
        meaning: m.alarm_other_meaning(),
        done: m.alarm_done_not_shown(),
        next,
      };
  }
}
