// A room goes on while its page is not looked at: the screen stays on as long as it is, and the system knows what sounds.
const NONE = (): void => undefined;

/** From now until the room is left, which the returned function is for. */
export function stay(title: string, toggle: () => void): () => void {
    let lock: WakeLockSentinel | undefined,
        gone = false;
    const hold = (): void => {
        if (document.visibilityState === 'visible' && !gone)
            navigator.wakeLock?.request('screen').then((held) => {
                lock = held;
            }, NONE); // refused on low battery: no harm
    };

    hold();
    document.addEventListener('visibilitychange', hold);
    if ('mediaSession' in navigator) {
        navigator.mediaSession.metadata = new MediaMetadata({
            title,
            artwork: [{ src: '/icon.svg', type: 'image/svg+xml' }],
        });
        navigator.mediaSession.playbackState = 'playing';
        for (const action of ['play', 'pause'] as const)
            // headphones' one button
            navigator.mediaSession.setActionHandler(action, toggle);
    }
    return () => {
        gone = true;
        document.removeEventListener('visibilitychange', hold);
        void lock?.release();
        if ('mediaSession' in navigator) {
            navigator.mediaSession.metadata = null;
            navigator.mediaSession.playbackState = 'none';
            for (const action of ['play', 'pause'] as const) navigator.mediaSession.setActionHandler(action, null);
        }
    };
}
