// In the audio thread: how loud each 20 ms are, and when they began.
const FRAME = 960;

registerProcessor('tap', class extends AudioWorkletProcessor {
    #sum = 0;
    #count = 0;
    #levels = [];

    process([input]) {
        const samples = input[0];

        for (let i = 0; i < 128; i++) {
            this.#sum += samples === undefined ? 0 : samples[i] * samples[i];
            if (++this.#count === FRAME) {
                this.#levels.push(Math.sqrt(this.#sum / FRAME));
                this.#sum = this.#count = 0;
            }
        }
        if (this.#levels.length >= 5)
            this.port.postMessage(this.#levels.splice(0));
        return true;
    }
});
