// The microphone: asked for when the room lets us be heard, and given back when it does not. Muted, it is silent before
// Opus, and packets go on as they were.
import { signal, type ReadonlySignal } from '@preact/signals-core';

/** `closed`: nobody would hear it. `absent`: the machine has none. `unsupported`: no page here may have it. */
export type Microphone = 'closed' | 'asking' | 'open' | 'muted' | 'denied' | 'absent' | 'unsupported';

const WANTED: MediaStreamConstraints =
    { audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true } };

const TAIL_MS = 2000; // of silence, with which the core proves what was said last

export class Mouth {
    readonly #state = signal<Microphone>('closed');
    readonly #listen: (track: MediaStreamTrack | undefined) => void;
    #asked: Promise<boolean> | undefined;
    #track: MediaStreamTrack | undefined;
    #voice: RTCRtpSender | undefined;
    #open = false; // the room lets us be heard
    #muted = false;
    #tail: ReturnType<typeof setTimeout> | undefined;
    #closed = 0; // so many times: what was asked for before is not wanted any more

    /** `listen` gets the track while it is open, to show how loud it is. */
    constructor(listen: (track: MediaStreamTrack | undefined) => void) {
        this.#listen = listen;
    }

    get state(): ReadonlySignal<Microphone> {
        return this.#state;
    }

    /** Whether there is a microphone now. It is told to nobody before the room lets it. */
    ask(): Promise<boolean> {
        this.#asked ??= this.#ask().finally(() => { this.#asked = undefined; });
        return this.#asked;
    }

    open(): void {
        clearTimeout(this.#tail);
        this.#tail = undefined;
        this.#open = true;
        if (this.#track === undefined)
            void this.ask();
        else
            this.#follow();
    }

    /** Gives the microphone back, also one that is still asked for: at once silent, and released with its last proof. */
    close(): void {
        this.#closed++;
        if (this.#open)
            this.#tail = setTimeout(() => this.end(), TAIL_MS);
        this.#open = false;
        if (this.#tail === undefined)
            this.#release();
        this.#follow();
        this.#state.value = 'closed';
    }

    end(): void {
        clearTimeout(this.#tail);
        this.#tail = undefined;
        this.#open = false;
        this.#closed++;
        this.#release();
        this.#follow();
        this.#state.value = 'closed';
    }

    mute(on: boolean): void {
        this.#muted = on;
        if (!on && this.#open && this.#track === undefined)
            void this.ask();
        else
            this.#follow();
    }

    /** Another connection's voice is spoken through from now on. */
    through(voice: RTCRtpSender): void {
        this.#voice = voice;
        this.#follow();
    }

    #release(): void {
        this.#track?.stop();
        this.#track = undefined;
    }

    async #ask(): Promise<boolean> {
        const closed = this.#closed;

        if (this.#track !== undefined)
            return true;
        if (!('mediaDevices' in navigator)) {
            this.#state.value = 'unsupported';
            return false;
        }
        this.#state.value = 'asking';
        try {
            const [track] = (await navigator.mediaDevices.getUserMedia(WANTED)).getAudioTracks();
            if (closed === this.#closed && track !== undefined)
                this.#take(track);
            else
                track?.stop();
        } catch (error) {
            if (closed === this.#closed)
                this.#state.value = (error as Error).name === 'NotAllowedError' ? 'denied' : 'absent';
        }
        return this.#track !== undefined;
    }

    #take(track: MediaStreamTrack): void {
        this.#track = track;
        this.#state.value = 'closed';
        track.onended = () => {
            this.#track = undefined;
            this.#follow();
            this.#state.value = 'absent';
        };
        this.#follow();
    }

    /** What follows from what is wanted: nothing passes that the room, or its person, does not want heard. */
    #follow(): void {
        const heard = this.#open ? this.#track : undefined;
        const sent = this.#tail !== undefined ? this.#track : heard;

        if (this.#track !== undefined)
            this.#track.enabled = this.#open && !this.#muted;
        void this.#voice?.replaceTrack(sent ?? null).catch(() => {}); // its connection closed
        this.#listen(heard);
        if (heard !== undefined)
            this.#state.value = this.#muted ? 'muted' : 'open';
    }
}
