// The app: which page stands at which place.
import { render } from 'preact';
import type { JSX } from 'preact';
import { loadLanguage } from './cupboard.ts';
import { account, begin, core, freshCode } from './door.ts';
import { Arrive, KeepCode } from './pages/arrive.tsx';
import { Create } from './pages/create.tsx';
import { RoomPlace } from './pages/entrance.tsx';
import { HallwayPage } from './pages/hallway.tsx';
import { Mine } from './pages/mine.tsx';
import { pin } from './pin.ts';
import { place } from './place.ts';

function App(): JSX.Element | null {
    const mine = account.value,
        here = place.value;

    if (mine === undefined) return null; // a moment, while the device is asked
    if (mine !== null && freshCode.value !== undefined) return <KeepCode code={freshCode.value} handle={mine.handle} />;
    if (here.at === 'room') return <RoomPlace link={here.link} />;
    if (mine === null) return <Arrive toRoom={false} />;
    switch (here.at) {
        case 'new':
            return <Create />;
        case 'me':
            return <Mine mine={mine} />;
        case 'hallway':
            return <HallwayPage />;
    }
}

loadLanguage();
document.body.replaceChildren();
render(<App />, document.body);
void begin().then(core);
addEventListener('load', () => void pin().catch(() => undefined)); // a browser without keepers works all the same
