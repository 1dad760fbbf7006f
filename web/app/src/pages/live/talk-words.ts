// SPDX-License-Identifier: Apache-2.0
import type { TalkState } from '../../lib/looking';
import { m } from '../../paraglide/messages.js';

/** What stands below the button that one talks by. */
export function talkWords(
  state: TalkState,
  camera: string,
  nameOf: (person: string) => string | undefined,
): string {
  switch (state.step) {
    case 'off':
    case 'said':
      return m.talk_off_said();
    case 'asking':
      return m.talk_wait_said();
    case 'chime':
      return m.talk_chime_said();
    case 'on':
      return m.talk_on_said({ camera });
    case 'refused':
      return refusedWords(state.word, nameOf(state.by));
  }
}

function refusedWords(word: string, other: string | undefined): string {
  switch (word) {
    case 'busy':
      return other ? m.talk_busy({ person: other }) : m.talk_busy_somebody();
    case 'denied':
    case 'right':
      return m.talk_denied();
    case 'child':
      return m.talk_child();
    case 'microphone':
      return m.talk_microphone();
    case 'no-microphone':
      return m.talk_no_microphone();
    case 'taken':
      return m.talk_taken();
    case 'camera':
    case 'no-speaker':
      return m.talk_camera();
    case 'long':
      return m.talk_long();
    case 'lost':
      return m.talk_lost();
    default:
      return m.talk_failed();
  }
}

/** What stands below the quick replies. */
export function replyWords(
  state: TalkState,
  text: string,
  camera: string,
  nameOf: (person: string) => string | undefined,
): string {
  switch (state.step) {
    case 'off':
      return '';
    case 'asking':
    case 'chime':
    case 'on':
      return m.reply_saying({ camera, text });
    case 'said':
      return m.reply_said({ camera, text });
    case 'refused':
      return unsaidWords(state.word, nameOf(state.by));
  }
}

function unsaidWords(word: string, other: string | undefined): string {
  switch (word) {
    case 'busy':
    case 'denied':
    case 'right':
    case 'child':
    case 'taken':
      return refusedWords(word, other);
    case 'no-voice':
      return m.reply_no_voice();
    default:
      return m.reply_failed();
  }
}
