// SPDX-License-Identifier: Apache-2.0

import type { CameraReport } from '../statement/request.ts';
import type { ShownCamera } from '../sync/shown.ts';
import type { TurnedOffCamera } from '../sync/watched.ts';
import type { CameraState } from './wire.ts';

/** How a camera is, by what the hub says of it and whether there is a picture. */
export function cameraState(
  reports: readonly CameraReport[],
  pictured: ReadonlySet<string>,
  off: readonly TurnedOffCamera[],
): (camera: ShownCamera) => CameraState {
  return (camera) => stateOf(camera, reports, pictured, off);
}

function stateOf(
  { shut, ...camera }: ShownCamera,
  reports: readonly CameraReport[],
  pictured: ReadonlySet<string>,
  off: readonly TurnedOffCamera[],
): CameraState {
  const { id } = camera;
  const told = off.find((one) => one.camera === id);
  if (told !== undefined) return { ...camera, state: 'private', off: told };
  if (shut !== undefined) return { ...camera, state: 'ok', shut };
  const report = reports.find((one) => one.id === id);
  if (report?.state === 'lost') return { ...camera, state: 'lost', lostSince: report.since };
  if (report?.state === 'private') {
    const { since } = report;
    return { ...camera, state: 'private', off: { camera: id, since } };
  }
  if (report?.state === 'unsaid') return { ...camera, live: false, state: 'unsaid' };
  if (report?.state === 'uncovered') return { ...camera, live: false, state: 'uncovered' };
  if (report?.state === 'unconnected') return { ...camera, state: 'unconnected' };
  // A picture says more than a report of a minute ago.
  const waiting = report?.state !== 'recording' && !pictured.has(id);
  const sound = report !== undefined && report.audio !== '';
  const video = report?.video ?? '';
  return {
    ...camera,
    state: waiting ? 'waiting' : 'ok',
    ...(sound ? { sound } : {}),
    ...(video === '' ? {} : { video }),
  };
}
