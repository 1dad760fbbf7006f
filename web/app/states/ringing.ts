// SPDX-License-Identifier: Apache-2.0
import type { BellReport, QuietWeek, Visit } from '../src/lib/ringing';
import type { LightReport } from '../src/lib/lighting';
import { click, see, setUp } from './drive';
import { DrawnView } from './drawnview';
import { now } from './fixture';
import { asGuest, family, Kin } from './kin';
import type { State } from './states';

const minute = 60_000;
const hour = 60 * minute;

let number = 0;
const visit = (ago: number, times = 1, picture = true, camera = 'cam_door'): Visit => ({
  camera,
  at: now - ago,
  presses: Array.from({ length: times }, (_, i) => ({
    at: now - ago + i * 4000,
    number: ++number,
    picture,
  })),
});

/** Who rings, who rang, and by what that is heard. */
export function ringingStates(three: () => Kin): Record<string, () => State> {
  const at = (fragment: string, change: (household: Kin) => void = () => undefined): State => {
    const household = family(three());
    household.makeView = () => new DrawnView({ step: 'on' }, () => 'door');
    change(household);
    return { household, fragment };
  };
  const called = (change: (household: Kin) => void = () => undefined): State => {
    const state = at('#/', change);
    return {
      ...state,
      then: async () => {
        await see('[data-camera]');
        state.household.rung.ring();
        await see('dialog .filled');
      },
    };
  };
  /** Somebody rings where one may talk, and where the hub can speak. */
  const talked = (replies: readonly string[]): State =>
    called((household) => {
      const view = new DrawnView({ step: 'on' }, () => 'door');
      view.voice.cameras.set(['cam_door']);
      view.voice.replies.set(replies);
      household.makeView = () => view;
    });
  const some = (household: Kin): void => {
    household.rung.visits = [
      visit(3 * minute, 2),
      visit(2 * hour),
      visit(5 * hour, 4, false, 'cam_garden'),
      visit(27 * hour),
      visit(30 * hour, 1, false),
    ];
  };
  const live = '#/live?camera=cam_door';
  const bell = (change: (household: Kin) => void): State => ({
    ...at(live, change),
    then: async () => {
      await setUp('bell-ring');
      await see('[role=dialog] form');
    },
  });
  const speaker = (
    change: (household: Kin) => void = () => undefined,
    then: () => Promise<void> = async () => undefined,
  ): State => ({
    ...at(live, change),
    then: async () => {
      await setUp('volume-2');
      await see('[role=dialog] form');
      await then();
    },
  });
  const light = (
    change: (household: Kin) => void = () => undefined,
    then: () => Promise<void> = async () => undefined,
  ): State => ({
    ...at(live, change),
    then: async () => {
      await setUp('lightbulb');
      await see('[role=dialog] .light[aria-busy=false] [role=status]');
      await then();
    },
  });
  const lit =
    (state: LightReport['state']) =>
    (household: Kin): void => {
      household.lit = [{ camera: 'cam_door', kind: 'onvif', state }];
    };
  const speaks = (household: Kin): void => {
    void household.setSpeaker('cam_door', 'http://192.168.1.20/');
  };
  const heard = (change: Partial<BellReport> = {}): BellReport => ({
    camera: 'cam_door',
    kind: 'onvif',
    state: 'listening',
    since: now - hour,
    pressed: now - 3 * minute,
    ...change,
  });
  const hours = (came: QuietWeek['came'] = null): State => ({
    ...at('#/alerts', (household) => {
      some(household);
      const daily = [1, 2, 3, 4, 5, 6, 7];
      household.rung.came = came;
      household.rung.quiets = [
        {
          camera: 'household',
          hours: [
            { days: daily, from: 22 * 60, until: 24 * 60 },
            { days: daily, from: 0, until: 7 * 60 },
          ],
        },
        { camera: 'cam_door', hours: [{ days: [1, 2, 3], from: 13 * 60, until: 14 * 60 }] },
      ];
    }),
    then: () => see('[data-quiet]'),
  });
  return {
    'ring-call': () => {
      const state = called();
      return {
        ...state,
        then: async () => {
          await state.then?.();
          // Who stands there presses once more, when nobody looks at this drawing any more.
          setTimeout(() => state.household.rung.ring({ seq: 8 }), 1.5 * minute);
        },
      };
    },
    'ring-call-not-quiet': () => {
      const state = called();
      return {
        ...state,
        then: async () => {
          await state.then?.();
          state.household.refusal = 'hub-away';
          await click('dialog .quiet');
          await see('dialog [role=alert]');
        },
      };
    },
    'ring-call-talk': () => talked([]),
    'ring-call-reply': () => {
      const state = talked(['cam_door']);
      return {
        ...state,
        then: async () => {
          await state.then?.();
          await click('dialog .replies button');
          await see('dialog .replies form');
        },
      };
    },
    'ring-call-replying': () => {
      const state = talked(['cam_door']);
      return {
        ...state,
        then: async () => {
          await state.then?.();
          await click('dialog .replies button');
          await click('dialog .replies li:nth-child(2) button');
          await see('dialog .replies .lucide-square');
        },
      };
    },
    'ring-call-coming': () =>
      called((household) => {
        household.makeView = () => new DrawnView({ step: 'connecting' }, () => null);
      }),
    'ring-call-no-picture': () =>
      called((household) => {
        household.cameras.set(household.cameras.get().map((one) => ({ ...one, live: false })));
      }),
    alerts: () => ({ ...at('#/alerts', some), then: () => see('[data-presses]') }),
    'alerts-none': () => at('#/alerts'),
    'alerts-quiet': () => ({
      ...at('#/alerts', (household) => {
        some(household);
        household.rung.snoozes = [{ camera: 'cam_door', until: now + 40 * minute }];
      }),
      then: () => see('[data-presses]'),
    }),
    'alerts-hours': () => hours(),
    'alerts-hours-came': () => hours({ at: now - 3 * 60 * minute, cameras: ['household'] }),
    'alerts-guest': () => {
      const household = asGuest(three());
      some(household);
      return { household, fragment: '#/alerts' };
    },
    'alerts-refused': () =>
      at('#/alerts', (household) => {
        household.refusal = 'cloud-away';
      }),
    'speaker-none': () => speaker(),
    'speaker-wrong': () =>
      speaker(undefined, async () => {
        await click('[role=dialog] form .filled');
      }),
    'speaker-set': () => speaker(speaks),
    'speaker-ask': () =>
      speaker(speaks, async () => {
        await click('[role=dialog] .actions .filled');
        await see('[role=dialog] .speaker > .actions .btn:not(.filled)');
      }),
    'speaker-silent': () =>
      speaker(speaks, async () => {
        await click('[role=dialog] .actions .filled');
        await see('[role=dialog] .speaker:not(:has(form))');
        await click('[role=dialog] .actions .btn:not(.filled)');
        await see('[role=dialog] form');
      }),
    'speaker-refused': () => {
      const state = speaker(speaks);
      return {
        ...state,
        then: async () => {
          await state.then?.();
          state.household.refusal = 'camera-password';
          await click('[role=dialog] .actions .filled');
          await see('[role=dialog] [role=alert]');
        },
      };
    },
    'light-none': () => light(),
    'light-wrong': () =>
      light(undefined, async () => {
        await click('[role=dialog] input[value=http]');
        await click('[role=dialog] form .filled');
      }),
    'light-on': () => light(lit('on')),
    'light-away': () => light(lit('away')),
    'light-blinked': () =>
      light(undefined, async () => {
        await click('[role=dialog] form .filled');
        await see('[role=dialog] .light > .actions');
      }),
    'light-refused': () => {
      const state = light(lit('off'));
      return {
        ...state,
        then: async () => {
          await state.then?.();
          state.household.refusal = 'light-falls';
          await click('[role=dialog] .actions .filled');
          await see('[role=dialog] [role=alert]');
        },
      };
    },
    'bell-none': () => bell(() => undefined),
    'bell-heard': () =>
      bell((household) => {
        household.rung.bells = [heard()];
      }),
    'bell-away': () => {
      const state = bell((household) => {
        household.rung.bells = [heard({ kind: 'mqtt', state: 'away', pressed: 0 })];
      });
      return {
        ...state,
        then: async () => {
          await state.then?.();
          await see('[role=dialog] input[value=mqtt]:checked');
        },
      };
    },
    'bell-broker': () => {
      const state = bell(() => undefined);
      return {
        ...state,
        then: async () => {
          await state.then?.();
          await click('[role=dialog] input[value=mqtt]');
        },
      };
    },
    'bell-webhook': () => {
      const state = bell((household) => {
        household.rung.hooks = ['https://192.168.1.7:7441/bell/k7m2qd5xw3nfa6tbrhc4vyjp5g'];
      });
      return {
        ...state,
        then: async () => {
          await state.then?.();
          await click('[role=dialog] input[value=webhook]');
          await click('[role=dialog] .filled');
          await see('[role=dialog] .hook');
        },
      };
    },
  };
}
