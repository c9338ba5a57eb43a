// The page: rail, the view of the address, tabs, and what lies over them.

import { useEffect, useRef } from 'preact/hooks';
import { place } from '../address/address';
import { refresh, status, trouble } from '../api/service';
import { CopyDialog } from '../components/copy';
import { Empty, Failed } from '../components/empty';
import { Toasts } from '../components/toast';
import { Help } from './help';
import { KeyDialog } from './keydialog';
import { NoModel } from './nomodel';
import { Rail } from './rail';

import { Tabs } from './tabs';
import { VIEWS, type View } from './views';

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
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        Skip to content
      </a>
      <Rail />
      <main id="main" ref={main} tabIndex={-1}>
        <Main view={view} />
      </main>
      <Tabs />
      <Help />
      <KeyDialog />
      <CopyDialog />
      <Toasts />
    </>
  );
}

function Main({ view }: { view: View | undefined }) {
  const told = status.value;
  if (!view) {
    return (
      <Empty whole title="There is no such view">
        <a class="button" href="#/explore">
          To Explore
        </a>
      </Empty>
    );
  }
  // What the service is like is known first: without a model, or without a key, nothing else is worth a question.
  if (!told)
    return trouble.value ? (
      <Failed whole problem={trouble.value} onAgain={refresh} />
    ) : (
      <div class="waiting" aria-busy="true" />
    );
  if (!told.serving && view.group === 'Look') return <NoModel />;
  const Page = view.page;
  return <Page key={view.id} />;
}
