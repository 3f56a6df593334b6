// Starts the worker, where frames are sealed in the product as well, and sends what it says home.
const worker = new Worker('/worker.mjs', { type: 'module' });
const tell = (result) => fetch('/result', { method: 'POST', body: result });

worker.onmessage = ({ data }) => tell(data);
worker.onerror = ({ message }) => tell(`1..1\nnot ok 1 - ${message}`);
