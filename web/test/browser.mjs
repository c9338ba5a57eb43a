// The little of a browser that modules touch when they are read.

globalThis.location ??= { hash: '', origin: 'http://127.0.0.1:8000' };
globalThis.history ??= { state: null };
globalThis.matchMedia ??= () => ({ matches: false, addEventListener() {} });
