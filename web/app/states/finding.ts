// SPDX-License-Identifier: Apache-2.0
import type { FoundCamera } from '../src/lib/finding';
import { click, fill, see } from './drive';
import { Kin } from './kin';
import type { State } from './states';

/** Opens what adds cameras, on Home. */
export const openAdding = (): Promise<void> => click('header .btn:has(.lucide-plus)');

/** Adds a camera by its address. */
export async function addOne(): Promise<void> {
  await click('.other .btn');
  await fill('form .field:nth-of-type(1) input', 'rtsp://192.168.1.20/stream');
  await fill('form .field:nth-of-type(2) input', 'Front door');
  await click('form button[type=submit]');
}

const one = (n: number, change: Partial<FoundCamera> = {}): FoundCamera => ({
  found: `fnd_${n}`,
  address: `192.168.1.${20 + n}`,
  maker: 'Example',
  model: 'Outdoor 4K',
  password: true,
  camera: '',
  ...change,
});

async function password(): Promise<void> {
  await fill('.password .field:nth-of-type(1) input', 'admin');
  await fill('.password .field:nth-of-type(2) input', 'secret');
  await click('.password button[type=submit]');
}

async function name(n: number, text: string): Promise<void> {
  await fill(`[data-found=fnd_${n}] input`, text);
}

/** Cameras that are found and not typed. */
export function findingStates(three: () => Kin): Record<string, () => State> {
  const found = (
    then?: () => Promise<void>,
    change: (kin: Kin) => void = () => undefined,
  ): State => {
    const household = new Kin();
    household.found = [one(1), one(2), one(3, { maker: 'Other', model: 'Doorbell' })];
    household.shows.set('fnd_1', 'garden').set('fnd_2', 'street');
    change(household);
    return { household, then };
  };
  const shown = async (): Promise<void> => {
    await password();
    await see('[data-found=fnd_2][data-state=shown]');
  };
  return {
    'find-looking': () => found(undefined, (kin) => (kin.stuck = true)),
    'find-none': () => found(undefined, (kin) => (kin.found = [])),
    'find-failed': () => found(undefined, (kin) => (kin.refusal = 'hub-away')),
    'find-list': () => found(() => see('.password')),
    'find-no-user': () => found(() => click('.password button[type=submit]')),
    'find-wrong': () =>
      found(
        async () => (await password(), await see('[data-found=fnd_2] .error')),
        (kin) => kin.shows.clear(),
      ),
    'find-shown': () => found(async () => (await shown(), await name(1, 'Garden'))),
    'find-h265': () =>
      found(
        async () => {
          await shown();
          await name(1, 'Garden');
          await see('[data-found=fnd_1] [type=radio]');
        },
        (kin) => kin.choices.set('fnd_1', { cost: 52, small: true }),
      ),
    'find-adding': () =>
      found(async () => {
        await shown();
        await name(1, 'Garden');
        await name(2, 'Driveway');
        await click('button[form=adding]');
        await see('[data-found=fnd_2][data-state=added]');
      }),
    'find-known': () => {
      const household = three();
      household.found = [
        one(1, { camera: 'cam_door' }),
        one(2, { maker: '', model: '', password: false }),
      ];
      household.shows.set('fnd_2', 'hall');
      return {
        household,
        then: async () => (await openAdding(), await see('[data-state=shown]')),
      };
    },
    'home-add-h265': () => {
      const household = three();
      household.refusal = 'camera-form';
      return {
        household,
        then: async () => (await openAdding(), await addOne(), await see('[type=radio]')),
      };
    },
    'home-swapped': () => {
      const household = three();
      household.swapped = ['cam_garden'];
      return { household, then: () => see('.told') };
    },
  };
}
