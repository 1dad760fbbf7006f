// SPDX-License-Identifier: Apache-2.0

import type { Light, LightReport, Op, Reply } from '../statement/request.ts';
import type { Engine } from './engine.ts';

const hubPatience = 10_000;
const lampPatience = 30_000;

/** Lights at cameras, lit while somebody looks (docs/protocol.md 14.6). */
export class Lighting {
  constructor(
    private readonly engine: Pick<Engine, 'syncAfresh'>,
    private readonly send: (op: Op, patience: number) => Promise<Pick<Reply, 'result'>>,
  ) {}

  async all(): Promise<readonly LightReport[]> {
    return (await this.send({ kind: 'lights' }, hubPatience)).result.lights ?? [];
  }

  /** Once it was lit; `null` is none. */
  async set(camera: string, light: Light | null): Promise<void> {
    const by = light === null ? {} : { light };
    await this.send({ kind: 'set-light', camera, ...by }, lampPatience);
    await this.engine.syncAfresh();
  }

  /** Lights it for two seconds. */
  async try(camera: string): Promise<void> {
    await this.send({ kind: 'try-light', camera }, lampPatience);
  }
}
