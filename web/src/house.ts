// The way to the house: a WebSocket that carries what the core says and hears.
import type { Link, LinkListener } from './core.ts';

const UNSENT_MAX = 1 << 20; // a house that does not read is given up by the core

export function openLink(url: string, protocol: string, listener: LinkListener): Link {
    const socket = new WebSocket(url.replace(/^http/, 'ws'), protocol);

    socket.binaryType = 'arraybuffer';
    socket.onopen = () => listener.opened();
    socket.onclose = ({ code }) => listener.closed(code);
    socket.onmessage = ({ data }) => {
        if (data instanceof ArrayBuffer)
            listener.heard(new Uint8Array(data));
        else
            socket.close(1003); // docs/protocol.md: binary messages alone
    };
    return {
        send(message) {
            if (socket.readyState !== WebSocket.OPEN || socket.bufferedAmount > UNSENT_MAX)
                return false;
            socket.send(message as Uint8Array<ArrayBuffer>);
            return true;
        },
        close: (code) => socket.close(code === 1000 ? code : 4000),
        drop() {
            socket.onopen = socket.onclose = socket.onmessage = null;
            socket.close();
        },
    };
}
