// One origin for pages and their house, which is a server of its own behind it, as it is behind a proxy. Each page is one
// person's: it tells what happens, and is told what to do.
import { createServer, request as ask } from 'node:http';
import { connect } from 'node:net';
import { Told } from '../wasm/scene.mjs';

const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'; media-src 'self'";

class Person {
    told = new Told();
    start = undefined; // what its page enters with
    headers = {};
    #wanted = [];
    #hungry = [];

    /** Has the page do this. */
    want(message) {
        this.#wanted.push(message);
        this.#feed();
    }
    ask(response) {
        this.#hungry.push(response);
        response.on('close', () => { this.#hungry = this.#hungry.filter((other) => other !== response); });
        this.#feed();
    }
    #feed() {
        while (this.#wanted.length !== 0 && this.#hungry.length !== 0)
            this.#hungry.shift().end(JSON.stringify(this.#wanted.shift()));
    }
}

export class Origin {
    files = {};
    house = undefined;
    #people = new Map();
    #links = new Set();
    #server = createServer((request, response) => this.#answer(request, response))
        .on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));

    async listen() {
        await new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
        this.url = `http://localhost:${this.#server.address().port}`;
    }
    close() {
        this.cut();
        this.#server.closeAllConnections();
        this.#server.close();
    }
    person(name) {
        if (!this.#people.has(name))
            this.#people.set(name, new Person());
        return this.#people.get(name);
    }
    pageOf(name) {
        return `${this.url}/?who=${name}`;
    }
    /** Breaks all links to the house. */
    cut() {
        this.#links.forEach((socket) => socket.destroy());
    }
    async #answer(request, response) {
        const { pathname, searchParams } = new URL(request.url, this.url);
        const person = this.person(searchParams.get('who') ?? '');

        if (pathname.startsWith('/media')) {
            this.#pass(request, response);
        } else if (pathname === '/told') {
            const pieces = [];
            for await (const piece of request)
                pieces.push(piece);
            response.end();
            person.told.tell(JSON.parse(Buffer.concat(pieces)));
        } else if (pathname === '/wanted') {
            person.ask(response);
        } else if (pathname === '/start') {
            response.end(JSON.stringify(person.start));
        } else {
            const [type, content] = this.files[pathname] ?? [];
            response.writeHead(content === undefined ? 404 : 200,
                { 'Content-Type': type ?? 'text/plain', 'Content-Security-Policy': POLICY, ...person.headers });
            response.end(content);
        }
    }
    #pass(request, response) {
        const { method, headers } = request;
        const passed = ask(new URL(request.url, this.house), { method, headers }, (reply) => {
            response.writeHead(reply.statusCode, reply.headers);
            reply.pipe(response);
        });

        passed.on('error', () => response.destroy());
        request.pipe(passed);
    }
    #upgrade(request, socket, head) {
        const house = connect(new URL(this.house).port, '127.0.0.1', () => {
            const lines = request.rawHeaders.map((word, i) => word + (i % 2 === 0 ? ': ' : '\r\n')).join('');
            house.write(`GET ${request.url} HTTP/1.1\r\n${lines}\r\n`);
            house.write(head);
            house.pipe(socket).pipe(house);
        });
        this.#links.add(socket);
        house.on('error', () => socket.destroy());
        socket.on('error', () => house.destroy()).on('close', () => {
            this.#links.delete(socket);
            house.destroy();
        });
    }
}
