// SPDX-License-Identifier: Apache-2.0

import type { FoundCamera } from '../statement/finding.ts';
import type { Mask } from '../statement/masks.ts';
import type { Form, Light, LightReport, Recorded } from '../statement/request.ts';
import type { ShownCamera } from '../sync/finding.ts';
import type { Covered } from '../sync/masks.ts';
import type { PrivateSetting, PrivateWish } from '../sync/private.ts';
import { AlertsClient } from './alerts-client.ts';

/** The part of a household that is about its cameras, and what is set for them. */
export abstract class TendingClient extends AlertsClient {
  addCamera(name: string, url: string, room: string, form?: Form): Promise<void> {
    return this.port.call('addCamera', form ? [name, url, room, form] : [name, url, room]);
  }

  lookForCameras(): Promise<readonly FoundCamera[]> {
    return this.port.call('lookForCameras', []);
  }

  tryCamera(found: string, user: string, password: string): Promise<ShownCamera> {
    return this.port.call('tryCamera', [found, user, password]);
  }

  addFound(found: string, name: string, room: string, form?: Form): Promise<void> {
    return this.port.call('addFound', form ? [found, name, room, form] : [found, name, room]);
  }

  checkCameras(): Promise<readonly string[]> {
    return this.port.call('checkCameras', []);
  }

  renameCamera(id: string, name: string): Promise<void> {
    return this.port.call('renameCamera', [id, name]);
  }

  setRoom(id: string, room: string): Promise<void> {
    return this.port.call('setRoom', [id, room]);
  }

  setSpeaker(camera: string, url: string): Promise<void> {
    return this.port.call('setSpeaker', [camera, url]);
  }

  trySpeaker(camera: string): Promise<void> {
    return this.port.call('trySpeaker', [camera]);
  }

  lights(): Promise<readonly LightReport[]> {
    return this.port.call('lights', []);
  }

  setLight(camera: string, light: Light | null): Promise<void> {
    return this.port.call('setLight', [camera, light]);
  }

  tryLight(camera: string): Promise<void> {
    return this.port.call('tryLight', [camera]);
  }

  removeCamera(id: string): Promise<void> {
    return this.port.call('removeCamera', [id]);
  }

  askNewest(): void {
    this.port.call('askNewest', []).catch(() => undefined);
  }

  recorded(): Promise<readonly Recorded[]> {
    return this.port.call('recorded', []);
  }

  setRecorded(camera: string, form: Form): Promise<void> {
    return this.port.call('setRecorded', [camera, form]);
  }

  masks(): Promise<readonly Covered[]> {
    return this.port.call('masks', []);
  }

  setMasks(camera: string, masks: readonly Mask[], last: number): Promise<boolean> {
    return this.port.call('setMasks', [camera, masks, last]);
  }

  privates(): Promise<readonly PrivateSetting[]> {
    return this.port.call('privates', []);
  }

  setPrivate(camera: string, wish: Partial<PrivateWish>): Promise<void> {
    return this.port.call('setPrivate', [camera, wish]);
  }
}
