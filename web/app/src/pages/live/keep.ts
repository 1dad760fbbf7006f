// SPDX-License-Identifier: Apache-2.0
import { dayAt } from '../../lib/days';
import { fileName, saveBlob } from '../../lib/save';
import { exactText } from '../../lib/time';

/** Saves what a video shows as a picture, called after the camera and the moment. */
export async function keepPicture(
  video: HTMLVideoElement,
  name: string,
  at: number,
  zone: string,
): Promise<string> {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  canvas.getContext('2d')?.drawImage(video, 0, 0);
  const picture = await canvas.convertToBlob({ type: 'image/jpeg', quality: 0.95 });
  const file = fileName(`${name} ${dayAt(at, zone).name} ${exactText(at, zone)}`) + '.jpg';
  saveBlob(file, picture);
  return file;
}
