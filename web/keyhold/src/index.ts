// SPDX-License-Identifier: Apache-2.0

export {
  createHousehold,
  type Camera,
  type HouseholdClient,
  type Live,
  type Options,
  type Place,
  type Playback,
} from './browser/client.ts';
export { rules, type Rule } from './rule.ts';
