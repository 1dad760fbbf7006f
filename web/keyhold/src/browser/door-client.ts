// SPDX-License-Identifier: Apache-2.0

import type { Bell, BellReport } from '../statement/request.ts';
import type { Heard, Snooze, Visit } from '../sync/alerts.ts';
import type { Picture } from '../sync/pictures.ts';
import { StarClient } from './star-client.ts';

/** The part of a household that is about who rings at its doors. */
export abstract class DoorClient extends StarClient {
  private readonly rings = new Set<(ring: Heard) => void>();

  protected ring(heard: Heard): void {
    for (const run of [...this.rings]) run(heard);
  }

  onRing(run: (ring: Heard) => void): () => void {
    const entry = (ring: Heard): void => run(ring);
    this.rings.add(entry);
    return () => this.rings.delete(entry);
  }

  visits(from: number): Promise<readonly Visit[]> {
    return this.port.call('visits', [from]);
  }

  moment(camera: string, number: number): Promise<Picture | null> {
    return this.port.call('moment', [camera, number]);
  }

  snoozes(): Promise<readonly Snooze[]> {
    return this.port.call('snoozes', []);
  }

  snooze(camera: string, until: number): Promise<void> {
    return this.port.call('snooze', [camera, until]);
  }

  bells(): Promise<readonly BellReport[]> {
    return this.port.call('bells', []);
  }

  setBell(camera: string, bell: Bell): Promise<readonly string[]> {
    return this.port.call('setBell', [camera, bell]);
  }
}
