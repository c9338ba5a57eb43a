// The views, in the order of the rail. One line here makes one: its link, its tab, its key.

import type { ComponentType } from 'preact';
import { Arithmetic } from '../arithmetic/view';
import type { IconName } from '../components/icon';
import { Explore } from '../explore/view';
import { Session } from '../session/view';

export interface View {
  /** First part of the address, and the name of its icon. */
  id: IconName;
  name: string;
  group: 'Look' | 'Run';
  /** `g` and this letter go there. */
  letter: string;
  page: ComponentType;
}

export const VIEWS: View[] = [
  { id: 'explore', name: 'Explore', group: 'Look', letter: 'e', page: Explore },
  { id: 'arithmetic', name: 'Arithmetic', group: 'Look', letter: 'a', page: Arithmetic },
  { id: 'session', name: 'Session', group: 'Look', letter: 's', page: Session },
];

export const GROUPS = ['Look', 'Run'] as const;
