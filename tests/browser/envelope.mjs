// How loud a sound is, 20 ms by 20 ms, and whether two sounds are one: codecs, gain control and noise suppression change
// samples, and leave a voice's loudness its shape.
import { readFileSync, writeFileSync } from 'node:fs';

export const FRAME_MS = 20;

/** @returns loudness of each 20 ms of a WAV file of 16 bits; several channels are one. */
export function envelopeOfFile(path) {
    const file = readFileSync(path);
    const format = file.indexOf('fmt '), data = file.indexOf('data');
    const step = 2 * file.readUInt16LE(format + 10), frame = file.readUInt32LE(format + 12) * FRAME_MS / 1000;
    const end = Math.min(file.length, data + 8 + file.readUInt32LE(data + 4));
    const levels = [];

    for (let at = data + 8; at + step * frame <= end; at += step * frame) {
        let sum = 0;
        for (let i = 0; i < frame; i++)
            sum += (file.readInt16LE(at + step * i) / 32768) ** 2;
        levels.push(Math.sqrt(sum / frame));
    }
    return levels;
}

/** Says it over and over. Chromium's file for a microphone drops samples at rates of which 10 ms are no whole number: 22050 Hz become 48000. */
export function prepareFile(path, times) {
    const from = readFileSync(path), data = from.indexOf('data') + 8;
    const rate = from.readUInt32LE(24), count = Math.floor((from.length - data) / 2);
    const length = Math.floor((count - 1) * 48000 / rate / 960) * 960;
    const to = Buffer.alloc(44), once = Buffer.alloc(2 * length), size = times * once.length;

    from.copy(to, 0, 0, 44);
    to.writeUInt32LE(36 + size, 4);
    to.writeUInt32LE(48000, 24);
    to.writeUInt32LE(96000, 28);
    to.writeUInt32LE(size, 40);
    for (let i = 0; i < length; i++) {
        const at = i * rate / 48000, whole = Math.floor(at), part = at - whole;
        once.writeInt16LE(Math.round(from.readInt16LE(data + 2 * whole) * (1 - part) +
            from.readInt16LE(data + 2 * whole + 2) * part), 2 * i);
    }
    writeFileSync(path, Buffer.concat([to, ...Array(times).fill(once)]));
}

/** Pearson's, on the loudness's cube root, which is nearer to what is heard. */
function correlation(a, b) {
    const x = a.map(Math.cbrt), y = b.map(Math.cbrt);
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const mx = mean(x), my = mean(y);
    let xy = 0, xx = 0, yy = 0;

    for (let i = 0; i < x.length; i++) {
        xy += (x[i] - mx) * (y[i] - my);
        xx += (x[i] - mx) ** 2;
        yy += (y[i] - my) ** 2;
    }
    return xx === 0 || yy === 0 ? 0 : xy / Math.sqrt(xx * yy);
}

/** Looks for `heard` somewhere in `said`, said over and over. `holes` is the part of the loud frames that are missing. */
export function compare(said, heard) {
    let best = { likeness: -1, at: 0 };

    for (let at = 0; at < said.length; at++) {
        const likeness = correlation(heard.map((_, i) => said[(at + i) % said.length]), heard);
        if (likeness > best.likeness)
            best = { likeness, at };
    }
    const loud = (levels) => levels.toSorted((a, b) => a - b)[Math.floor(levels.length * 0.8)] ?? 0;
    const saidLoud = loud(said) / 4, heardLoud = loud(heard) / 100;
    const wanted = heard.filter((_, i) => [-1, 0, 1].every((by) => said.at((best.at + i + by) % said.length) > saidLoud));
    return { ...best, holes: wanted.length === 0 ? 1 : wanted.filter((level) => level <= heardLoud).length / wanted.length };
}
