// SPDX-License-Identifier: Apache-2.0

import type { Starred } from '../sync/stars.ts';
import { PeopleClient } from './people-client.ts';

/** The page's side of keeping moments for longer than everything else. */
export abstract class StarClient extends PeopleClient {
  stars(camera: string): Promise<readonly Starred[]> {
    return this.port.call('stars', [camera]);
  }

  setStar(camera: string, moment: number, on: boolean): Promise<void> {
    return this.port.call('setStar', [camera, moment, on]);
  }
}
