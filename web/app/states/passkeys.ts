// SPDX-License-Identifier: Apache-2.0
import type { ErrorKind } from '../src/lib/household';
import type { Passkey } from '../src/lib/people';
import { click, see } from './drive';
import { now } from './fixture';
import { device, entry, family, Kin, stranger } from './kin';
import type { State } from './states';

const day = 86_400_000;

function passkey(id: string, name: string, change: Partial<Passkey> = {}): Passkey {
  return {
    ...device(id, name, { id: `pas_${id}`, storage: 'passkey', seen: null, since: now - 3 * day }),
    origin: 'https://cloud.example',
    synced: true,
    ...change,
  };
}

/** Coming back with the lock of a phone, and confirming with it. */
export function passkeyStates(three: () => Kin): Record<string, () => State> {
  const at = (fragment: string, change: (household: Kin) => void = () => undefined): State => {
    const household = family(three());
    change(household);
    return { household, fragment };
  };
  const having = (household: Kin): void =>
    household.people.set(
      household.people.get().map((one) =>
        one.me
          ? {
              ...one,
              passkeys: [
                passkey('phone', 'Anna at home'),
                passkey('key', 'Schlüsselbund-Sicherheitsschlüssel im Arbeitszimmer', {
                  synced: false,
                  origin: 'http://localhost:7442',
                }),
              ],
            }
          : one,
      ),
    );
  const making = (change: (household: Kin) => void): State => ({
    ...at('#/passkey', change),
    then: () => click('form button[type=submit]'),
  });
  const outside = (change: (household: Kin) => void = () => undefined): State => {
    const household = new Kin();
    household.phase.set('anonymous');
    change(household);
    return { household, joining: true };
  };
  const back = (change: (household: Kin) => void): State => ({
    ...outside(change),
    then: async () => {
      await click('section .btn');
      await click('form button[type=submit]');
    },
  });
  const refused = (kind: ErrorKind): State => back((household) => (household.refusal = kind));
  const asked = (wrong: boolean): State =>
    making((household) => (household.changeAt = { step: 'code', wrong, passkey: {} }));
  return {
    'passkey-list': () => at('#/mine', having),
    'passkey-list-none': () => at('#/mine'),
    'passkey-list-cannot': () => at('#/mine', (household) => (household.passkeysKnown = false)),
    'passkey-person': () => at('#/person?who=per_anna', having),
    'passkey-remove': () => ({
      ...at('#/mine', having),
      then: async () => (
        await click('.row [aria-label*="Anna at home"]'),
        await see('[role=dialog]')
      ),
    }),
    'passkey-make': () => at('#/passkey'),
    'passkey-make-cannot': () => at('#/passkey', (household) => (household.passkeysKnown = false)),
    'passkey-make-asking': () => making((household) => (household.stuck = true)),
    'passkey-make-unable': () => making((household) => (household.refusal = 'passkey-unable')),
    'passkey-make-code': () =>
      making((household) => (household.changeAt = { step: 'code', wrong: false, passkey: null })),
    'passkey-make-done': () => making((household) => (household.changeAt = { step: 'done' })),
    'passkey-confirm': () => asked(false),
    'passkey-confirm-wrong': () => asked(true),
    'passkey-outside': () => outside(),
    'passkey-return': () => ({ ...outside(), then: () => click('section .btn') }),
    'passkey-return-asking': () => back((household) => (household.stuck = true)),
    'passkey-return-progress': () => back(() => undefined),
    'passkey-return-cancelled': () => refused('passkey-cancelled'),
    'passkey-return-gone': () => refused('passkey-gone'),
    'passkey-news': () =>
      at('#/', (household) => {
        const news = stranger();
        const by = {
          ...news.by,
          kind: 'passkey' as const,
          device: { id: 'pas_x', name: 'Jan at home' },
        };
        household.news.set([
          { ...news, by },
          entry(10, 120_000, {
            ...news,
            seq: 10,
            kind: 'add-passkey',
            device: { id: 'pas_y', name: 'Jan’s key' },
          }),
        ]);
      }),
    'passkey-trail': () =>
      at('#/trail', (household) => {
        household.history = [
          ...household.history,
          entry(11, 60_000, { kind: 'add-passkey', device: { id: 'pas_z', name: 'Anna at home' } }),
        ];
      }),
  };
}
