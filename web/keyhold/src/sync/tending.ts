// SPDX-License-Identifier: Apache-2.0

import type { Form, Op, Reply } from '../statement/request.ts';
import type { Engine } from './engine.ts';
import type { Findings } from './finding.ts';
import { Lighting } from './lighting.ts';

const hubPatience = 10_000;
const cameraPatience = 30_000;

/** Looks after the household's cameras: adds them, says what they are called and where they are. */
export class Tending {
  readonly lights: Lighting;

  constructor(
    private readonly engine: Pick<Engine, 'syncAfresh'>,
    private readonly send: (op: Op, patience: number) => Promise<Pick<Reply, 'result'>>,
    private readonly findings: Pick<Findings, 'add'>,
    private readonly added: () => void,
  ) {
    this.lights = new Lighting(engine, send);
  }

  async add(name: string, url: string, room: string, recorded?: Form): Promise<void> {
    const how = recorded === undefined ? {} : { recorded };
    const { result } = await this.send({ kind: 'add-camera', name, url, ...how }, cameraPatience);
    await this.came(result.camera ?? '', room);
  }

  async addFound(found: string, name: string, room: string, form?: Form): Promise<void> {
    await this.came(await this.findings.add(found, name, form), room);
  }

  /** The camera is there, whatever comes of its room: that can be said again. */
  private async came(camera: string, room: string): Promise<void> {
    if (room !== '') await this.place(camera, room).catch(() => undefined);
    await this.engine.syncAfresh();
    this.added();
  }

  async remove(camera: string): Promise<void> {
    // The hub answers once what it recorded last is put away, its pictures and all.
    await this.send({ kind: 'remove-camera', camera }, cameraPatience);
    await this.engine.syncAfresh();
  }

  async rename(camera: string, name: string): Promise<void> {
    await this.send({ kind: 'rename-camera', camera, name }, hubPatience);
    await this.engine.syncAfresh();
  }

  async setRoom(camera: string, room: string): Promise<void> {
    await this.place(camera, room);
    await this.engine.syncAfresh();
  }

  /** Where it takes sound, once it has taken the chime there; `''` forgets it. */
  async setSpeaker(camera: string, url: string): Promise<void> {
    const where = url === '' ? {} : { url };
    await this.send({ kind: 'set-speaker', camera, ...where }, cameraPatience);
    await this.engine.syncAfresh();
  }

  /** Lets the chime be heard there once more. */
  async trySpeaker(camera: string): Promise<void> {
    await this.send({ kind: 'try-speaker', camera }, cameraPatience);
  }

  /** No room is none. */
  private async place(camera: string, room: string): Promise<void> {
    const where = room === '' ? {} : { room: room.normalize() };
    await this.send({ kind: 'set-room', camera, ...where }, hubPatience);
  }
}
