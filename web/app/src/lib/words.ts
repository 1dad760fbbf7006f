// SPDX-License-Identifier: Apache-2.0
import { m } from '../paraglide/messages.js';
import { clockWords, type Said } from './clock-words';
import type { ErrorKind } from './household';

/** What happened, what is safe, what to do: for each kind of refusal. */
export function errorWords(kind: ErrorKind, clockOff: number | null = null): Said {
  switch (kind) {
    case 'clock-wrong':
      return clockWords(clockOff);
    case 'invitation-used':
      return { what: m.error_invitation_used(), next: m.error_invitation_used_next() };
    case 'invitation-too-old':
      return { what: m.error_invitation_old(), next: m.error_invitation_old_next() };
    case 'invitation-wrong-household':
      return { what: m.error_invitation_wrong(), next: m.error_invitation_wrong_next() };
    case 'invitation-ended':
      return { what: m.error_invitation_ended(), next: m.error_invitation_ended_next() };
    case 'invitation-refused':
      return { what: m.error_invitation_refused(), next: m.error_invitation_ended_next() };
    case 'words-differ':
      return { what: m.error_words_differ(), next: m.error_words_differ_next() };
    case 'sheet-wrong':
      return { what: m.error_sheet_wrong(), next: m.error_sheet_wrong_next() };
    case 'passkey-cancelled':
      return { what: m.error_passkey_cancelled(), next: m.error_passkey_cancelled_next() };
    case 'passkey-exists':
      return { what: m.error_passkey_exists(), next: m.error_passkey_exists_next() };
    case 'passkey-gone':
      return { what: m.error_passkey_gone(), next: m.error_passkey_gone_next() };
    case 'passkey-unable':
      return { what: m.error_passkey_unable(), next: m.error_passkey_unable_next() };
    case 'invitation-broken':
      return { what: m.error_invitation_broken(), next: m.error_invitation_broken_next() };
    case 'browser-too-old':
      return { what: m.error_browser(), next: m.error_browser_next() };
    case 'browser-live':
      return { what: m.error_browser_live(), next: m.error_browser_live_next() };
    case 'already-joined':
      return { what: m.error_joined(), next: m.error_joined_next() };
    case 'hub-code-wrong':
      return { what: m.error_code_wrong(), next: m.error_code_wrong_next() };
    case 'hub-code-used':
      return { what: m.error_code_used(), next: m.error_code_used_next() };
    case 'second-declined':
      return { what: m.error_second_declined(), next: m.error_second_declined_next() };
    case 'second-away':
      return { what: m.error_second_away(), next: m.error_second_away_next() };
    case 'second-moved':
      return { what: m.error_second_moved(), next: m.error_second_moved_next() };
    case 'hub-away':
      return { what: m.error_hub_away(), next: m.error_hub_away_next() };
    case 'inviter-away':
      return { what: m.error_inviter_away(), next: m.error_inviter_away_next() };
    case 'cloud-away':
      return { what: m.error_cloud_away(), next: m.error_cloud_away_next() };
    case 'camera-unreachable':
      return { what: m.error_camera_unreachable(), next: m.error_camera_unreachable_next() };
    case 'camera-password':
      return { what: m.error_camera_password(), next: m.error_camera_password_next() };
    case 'camera-video':
      return { what: m.error_camera_video(), next: m.error_camera_video_next() };
    case 'camera-address':
      return { what: m.error_camera_address(), next: m.error_camera_address_next() };
    case 'camera-program':
      return { what: m.error_camera_program(), next: m.error_camera_program_next() };
    case 'camera-exists':
      return { what: m.error_camera_exists(), next: m.error_camera_exists_next() };
    case 'stars-full':
      return { what: m.error_stars_full(), next: m.error_stars_full_next() };
    case 'camera-no-bell':
      return { what: m.error_no_bell(), next: m.error_no_bell_next() };
    case 'camera-no-speaker':
      return { what: m.error_no_speaker(), next: m.error_no_speaker_next() };
    case 'camera-speaker-taken':
      return { what: m.error_speaker_taken(), next: m.error_speaker_taken_next() };
    case 'camera-no-relay':
      return { what: m.error_no_relay(), next: m.error_no_relay_next() };
    case 'camera-relay-stays':
      return { what: m.error_relay_stays(), next: m.error_relay_stays_next() };
    case 'camera-covered':
      return { what: m.error_covered(), next: m.error_covered_next() };
    case 'camera-private':
      return { what: m.error_private(), next: m.error_private_next() };
    case 'not-allowed':
      return { what: m.error_not_allowed(), next: m.error_not_allowed_next() };
    case 'not-now':
      return { what: m.error_not_now(), next: m.error_not_now_next() };
    case 'busy':
      return { what: m.error_busy(), next: m.error_busy_next() };
    case 'not-found':
      return { what: m.error_not_found(), next: m.error_not_found_next() };
    case 'fault':
      return { what: m.error_fault(), next: m.error_fault_next() };
    case 'cancelled':
      return { what: m.error_cancelled(), next: m.error_cancelled_next() };
    // Where a light is set there are words of its own for these (light-words.ts).
    case 'light-none':
    case 'light-falls':
    case 'light-door':
    case 'light-away':
    case 'light-no':
    // Where cameras are found there are words of its own for this (finding.ts).
    case 'camera-elsewhere':
    // Where cameras are added this is a question.
    case 'camera-form':
    // The pages about moving have words of their own for these (moving-words.ts).
    case 'address-wrong':
    case 'other-cloud-away':
    case 'same-cloud':
    case 'hub-cannot-reach':
    case 'not-movable':
    case 'to-be-erased':
    case 'hub-elsewhere':
    case 'record-differs':
    case 'internal':
      return { what: m.error_internal(), next: m.error_internal_next() };
  }
}
