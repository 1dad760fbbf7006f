// SPDX-License-Identifier: Apache-2.0
import type {
  AddStep,
  Channel,
  ChannelWish,
  Integration,
  IntegrationWish,
  Outside,
} from '../src/lib/outside';
import { failure, forever, now } from './fixture';
import { Rung } from './rung';

/** The part of a drawn household that is about who is told outside of the app. */
export class Told extends Rung implements Outside {
  channelList: readonly Channel[] = [];
  integrationList: readonly Integration[] = [];
  addOutcome: AddStep['outcome'] = 'set';
  /** Whether the hub listens for those that read. */
  listens = true;
  /** How a channel does after its test. */
  testState = 'telling';

  async #act(): Promise<void> {
    if (this.stuck) await forever;
    if (this.refusal) throw failure(this.refusal);
  }

  async channels(): Promise<readonly Channel[]> {
    await this.#act();
    return this.channelList;
  }

  async integrations(): Promise<readonly Integration[]> {
    await this.#act();
    return this.integrationList;
  }

  async addOutside(wish: ChannelWish | IntegrationWish): Promise<AddStep> {
    await this.#act();
    const { name, cameras } = wish;
    const same = { name, cameras, added: now, by: 'per_anna', state: 'untried', since: now };
    if (this.addOutcome === 'set' && 'channel' in wish) {
      const { kind, names, url, to = '', topic = '' } = wish.channel;
      const one = { ...same, kind, names, url: new URL(url).origin, to, topic, told: 0, missed: 0 };
      this.channelList = [...this.channelList, one];
    }
    const digits = (): Promise<AddStep> => this.addOutside(wish);
    if (this.addOutcome === 'set' && 'tells' in wish) {
      const one = { ...same, tells: wish.tells, url: wish.url, state: 'offered' };
      this.integrationList = [...this.integrationList, one];
    }
    const login = 'keyhold-mzxw6ytb:orsxg5dfojuw4z3jnz2gk4tfon2ca3dp';
    const reads =
      this.listens && 'tells' in wish && wish.tells.includes('stream')
        ? cameras.map((camera) => ({ camera, url: `rtsp://${login}@192.168.1.9:7444/${camera}` }))
        : [];
    return { outcome: this.addOutcome, reads, digits, passkey: null };
  }

  async testChannel(name: string): Promise<Channel> {
    await this.#act();
    const found = this.channelList.find((one) => one.name === name);
    if (!found) throw failure('not-found');
    const told = this.testState === 'telling' ? now : found.told;
    return { ...found, state: this.testState, since: now, told };
  }

  async removeChannel(name: string): Promise<void> {
    await this.#act();
    this.channelList = this.channelList.filter((one) => one.name !== name);
  }

  async removeIntegration(name: string): Promise<boolean> {
    await this.#act();
    this.integrationList = this.integrationList.filter((one) => one.name !== name);
    return true;
  }
}
