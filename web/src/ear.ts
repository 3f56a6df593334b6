// The loudspeaker: each slot sounds through an element of its own, as loud as its speaker is wanted, and is measured as
// it sounds. Nothing that is shown of who speaks comes from the wire.
import { signal, type ReadonlySignal, type Signal } from '@preact/signals-core';

const MEASURE_MS = 100;
const TALKS = 0.02; // -34 dB, root mean square
const HANGS = 4; // measurements that somebody is still shown to talk after

interface Measured {
    readonly source: MediaStreamAudioSourceNode;
    readonly analyser: AnalyserNode;
    quiet: number; // measurements since it was last loud
}

export class Ear {
    readonly #talking = signal<ReadonlySet<number>>(new Set());
    readonly #silent = signal(false);
    readonly #levels = new Map<number, Signal<number>>();
    readonly #gains = new Map<number, number>();
    readonly #leaves = new Map<number, number>(); // of each slot
    readonly #elements = new Map<number, HTMLAudioElement>();
    readonly #measured = new Map<number | 'own', Measured>();
    readonly #samples = new Float32Array(new ArrayBuffer(4 * 2048));
    #context: AudioContext | undefined;
    #timer: ReturnType<typeof setInterval> | undefined;
    #own: { readonly leaf: number; readonly track: MediaStreamTrack } | undefined;

    /** Leaves whose voices sound now. */
    get talking(): ReadonlySignal<ReadonlySet<number>> {
        return this.#talking;
    }

    /** The browser wants a click before it plays anything. */
    get silent(): ReadonlySignal<boolean> {
        return this.#silent;
    }

    /** How loud a leaf is: from 0 to 1, root mean square. */
    level(leaf: number): ReadonlySignal<number> {
        return this.#level(leaf);
    }

    gain(leaf: number): number {
        return this.#gains.get(leaf) ?? 1;
    }

    /** From 0 to 1; kept as long as the room lasts. */
    volume(leaf: number, gain: number): void {
        this.#gains.set(leaf, Math.min(1, Math.max(0, gain)));
        this.#leaves.forEach((at, slot) => at === leaf && this.#turn(slot));
    }

    /** The slots of another connection. A track that nothing has come for costs nothing. */
    hear(sounds: readonly MediaStreamTrack[]): void {
        this.#elements.forEach((element) => { element.srcObject = null; });
        this.#elements.clear();
        this.#leaves.clear();
        [...this.#measured.keys()].forEach((key) => key !== 'own' && this.#forget(key));
        sounds.forEach((track, slot) => {
            if (track.muted)
                track.addEventListener('unmute', () => this.#attach(slot, track), { once: true });
            else
                this.#attach(slot, track);
        });
    }

    /** Whose voice a slot carries from now on. */
    sounds(slot: number, leaf: number): void {
        this.#leaves.set(slot, leaf);
        this.#turn(slot);
    }

    /** The own voice is measured as well, and not played. */
    own(leaf: number, track: MediaStreamTrack | undefined): void {
        if (this.#own?.track === track && this.#own?.leaf === leaf)
            return;
        this.#forget('own');
        this.#own = track === undefined ? undefined : { leaf, track };
        if (track !== undefined)
            this.#measure('own', new MediaStream([track]));
    }

    play(): void {
        this.#silent.value = false;
        void this.#context?.resume();
        this.#elements.forEach((element) => this.#start(element));
    }

    end(): void {
        clearInterval(this.#timer);
        this.hear([]);
        this.#forget('own');
        void this.#context?.close();
        this.#context = undefined;
        this.#talking.value = new Set();
    }

    #level(leaf: number): Signal<number> {
        const level = this.#levels.get(leaf) ?? signal(0);

        this.#levels.set(leaf, level);
        return level;
    }

    #attach(slot: number, track: MediaStreamTrack): void {
        const element = new Audio(), stream = new MediaStream([track]);

        element.srcObject = stream;
        this.#elements.set(slot, element);
        this.#turn(slot);
        this.#start(element);
        this.#measure(slot, stream);
    }

    #start(element: HTMLAudioElement): void {
        element.play().catch((error: Error) => {
            if (error.name === 'NotAllowedError')
                this.#silent.value = true;
        });
    }

    #turn(slot: number): void {
        const element = this.#elements.get(slot), leaf = this.#leaves.get(slot);

        if (element !== undefined)
            element.volume = leaf === undefined ? 1 : this.gain(leaf);
    }

    // ---- measuring

    #measure(key: number | 'own', stream: MediaStream): void {
        this.#context ??= new AudioContext();
        this.#timer ??= setInterval(() => this.#look(), MEASURE_MS);
        const source = this.#context.createMediaStreamSource(stream);
        const analyser = new AnalyserNode(this.#context, { fftSize: this.#samples.length });

        source.connect(analyser);
        this.#measured.set(key, { source, analyser, quiet: HANGS });
        if (this.#context.state === 'suspended')
            void this.#context.resume();
    }

    #forget(key: number | 'own'): void {
        this.#measured.get(key)?.source.disconnect();
        this.#measured.delete(key);
    }

    #look(): void {
        const loud = new Map<number, number>();
        const talking = new Set<number>();

        this.#measured.forEach((measured, key) => {
            const leaf = key === 'own' ? this.#own?.leaf : this.#leaves.get(key);
            if (leaf === undefined)
                return;
            measured.analyser.getFloatTimeDomainData(this.#samples);
            const level = Math.sqrt(this.#samples.reduce((sum, x) => sum + x * x, 0) / this.#samples.length);
            measured.quiet = level > TALKS ? 0 : Math.min(measured.quiet + 1, HANGS);
            loud.set(leaf, Math.max(loud.get(leaf) ?? 0, Math.min(level, 1)));
            if (measured.quiet < HANGS)
                talking.add(leaf);
        });
        this.#levels.forEach((level, leaf) => { level.value = loud.get(leaf) ?? 0; });
        if (talking.size !== this.#talking.value.size || [...talking].some((leaf) => !this.#talking.value.has(leaf)))
            this.#talking.value = talking;
    }
}
