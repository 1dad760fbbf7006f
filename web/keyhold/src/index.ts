// SPDX-License-Identifier: Apache-2.0

export { createHousehold, type HouseholdClient } from './browser/client.ts';
export type { Camera, Live, Options, Place, Playback } from './browser/handles.ts';
export { rules, type Rule } from './rule.ts';
