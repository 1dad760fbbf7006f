// SPDX-License-Identifier: Apache-2.0
import { m } from '../paraglide/messages.js';
import type { CreateStep, JoinStep } from './household';

export function joinStepText(step: JoinStep): string {
  switch (step) {
    case 'keys':
      return m.join_step_keys();
    case 'asking':
      return m.join_step_asking();
    case 'words':
      return m.join_step_words();
    case 'hub':
      return m.join_step_hub();
    case 'history':
      return m.join_step_history();
  }
}

export function createStepText(step: CreateStep): string {
  switch (step) {
    case 'finding':
      return m.create_step_finding();
    case 'keys':
      return m.create_step_keys();
    case 'hub':
      return m.create_step_hub();
  }
}
