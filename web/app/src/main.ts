// SPDX-License-Identifier: Apache-2.0
import { createHousehold } from '@keyhold/protocol';
import { mountApp, takeInvitation } from './start';

const joining = location.pathname === '/join';
const link = takeInvitation();
const place = document.documentElement.dataset['place'] === 'own' ? 'own' : 'operator';
mountApp(createHousehold({ place }), link, joining);
