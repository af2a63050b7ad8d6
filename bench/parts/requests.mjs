// A request and a response as an adapter sees them, where no server is: what Node has parsed, and a place for what the
// adapter adds.

/** As those of Koa and Fastify: all requests have one hidden class. */
export const host = { node: (request) => request, address: (request) => request.ip, uniform: true };

export function requestWith(authorization) {
  return {
    rawHeaders: ['Host', 'a:3000', 'User-Agent', 'bench', 'Accept', '*/*', 'Authorization', authorization],
    headers: { host: 'a:3000', authorization },
    ip: '127.0.0.1',
    method: 'GET',
    url: '/',
    identity: undefined,
  };
}

/** The same as a request of Express, which descends from its application's. @param {object} parent */
export const expressRequest = (parent) => (authorization) => ({
  __proto__: parent,
  rawHeaders: ['Host', 'a:3000', 'User-Agent', 'bench', 'Accept', '*/*', 'Authorization', authorization],
  headers: { host: 'a:3000', authorization },
  ip: '127.0.0.1',
  method: 'GET',
  url: '/',
});

export function requestWithout() {
  return {
    rawHeaders: ['Host', 'a:3000', 'User-Agent', 'bench', 'Accept', '*/*'],
    headers: { host: 'a:3000' },
    ip: '127.0.0.1',
    method: 'GET',
    url: '/',
    identity: undefined,
  };
}

/** Nothing is sent: whether somebody was let in is to be seen on the request. @param {() => void} [written] */
export function response(written = () => {}) {
  return {
    headersSent: false,
    statusCode: 200,
    status() {
      return this;
    },
    setHeader() {
      return this;
    },
    once() {
      return this;
    },
    off() {
      return this;
    },
    json: written,
    end: written,
  };
}

/** What follows in the chain: must be called without an error. */
export function next(error) {
  if (error !== undefined) throw error;
}
