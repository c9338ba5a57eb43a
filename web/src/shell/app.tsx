// The page: rail, the view of the address, tabs, and what lies over them.

import { useEffect, useRef } from 'preact/hooks';
import { place } from '../address/address';
import { CopyDialog } from '../components/copy';
import { Empty } from '../components/empty';
import { Toasts } from '../components/toast';
import { Help } from './help';
import { KeyDialog } from './keydialog';
import { NoModel } from './nomodel';
import { Rail } from './rail';
import { status } from '../api/service';
import { Tabs } from './tabs';
import { VIEWS } from './views';

export function App() {
  const here = place.value.view;
  const view = VIEWS.find(({ id }) => id === here);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  useEffect(() => {
    document.title = `${view?.name ?? 'Not found'} · item2vec`;
    // A reader of the screen is to hear that another view is there.
    if (!first.current) main.current?.focus({ preventScroll: true });
    first.current = false;
  }, [here]);
  const empty = status.value !== null && !status.value.serving && view?.group === 'Look';
  const Page = view?.page;
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to content
      </a>
      <Rail />
      <main id="main" ref={main} tabIndex={-1}>
        {empty ? (
          <NoModel />
        ) : Page ? (
          <Page key={here} />
        ) : (
          <Empty title="There is no such view">
            <a class="button" href="#/explore">
              To Explore
            </a>
          </Empty>
        )}
      </main>
      <Tabs />
      <Help />
      <KeyDialog />
      <CopyDialog />
      <Toasts />
    </>
  );
}
