// A listening HTTP server as a Service: start, bounds on slow and oversized requests, and a stop that finishes what is in flight.
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { UserError } from '../src/errors.ts';
import { limits } from '../src/limits.ts';
import type { Service } from './service.ts';

export interface HttpService extends Service {
  /** Where it listens, such as `http://127.0.0.1:3000`. Only once it is started. */
  url(): string;
}

export function createHttpService(options: {
  name: string;
  host: string;
  /** 0: any free one. */
  port: number;
  /** The environment variable that sets the port, for the message when it is taken. */
  portVariable: string;
  listener: RequestListener;
}): HttpService {
  const { name, host, port } = options;
  const failed = Promise.withResolvers<never>();
  // Whoever waits for it hears of it; that nobody waits is not an error of its own.
  failed.promise.catch(() => {});
  /**
   * The open connections, each with the last response that is being made on it. Not a set of responses: one that all requests enter and leave
   * is copied again and again, and its copies keep what was in them alive for V8's young generation (measured: 16 times as much survives).
   */
  const connections = new Map<Socket, { response: ServerResponse | undefined }>();
  let stopping: Promise<void> | undefined;

  const server = createServer({
    maxHeaderSize: limits.httpHeaderBytes,
    headersTimeout: limits.httpHeadersMs,
    requestTimeout: limits.httpRequestMs,
    keepAliveTimeout: limits.httpIdleMs,
  });
  server.on('connection', (socket) => {
    connections.set(socket, { response: undefined });
    socket.on('close', () => connections.delete(socket));
  });
  server.on('request', (request, response) => {
    const connection = connections.get(request.socket);
    if (connection !== undefined) connection.response = response;
    response.on('close', () => {
      // One that came behind it on the same connection is answered next.
      if (connection?.response === response) connection.response = undefined;
      if (stopping !== undefined) closeUnused();
    });
    options.listener(request, response);
  });

  /** Closes the connections on which no request is being answered. Node takes one that never sent a request for busy. */
  function closeUnused(): void {
    for (const [socket, { response }] of connections) if (response === undefined) socket.destroySoon();
  }

  async function stop(): Promise<void> {
    if (!server.listening) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const { response } of connections.values()) {
      if (response?.headersSent === false) response.setHeader('Connection', 'close');
    }
    closeUnused();
    const deadline = setTimeout(() => server.closeAllConnections(), limits.giveUpMs);
    await closed;
    clearTimeout(deadline);
  }

  return {
    name,
    failed: failed.promise,
    url: () => {
      const address = server.address() as AddressInfo;
      return `http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`;
    },
    async start() {
      await new Promise<void>((resolve, reject) => {
        server.once('error', (error: NodeJS.ErrnoException) => {
          const taken = `${name}: ${host}:${port} is in use: stop what listens there, or set ${options.portVariable}`;
          reject(error.code === 'EADDRINUSE' ? new UserError(taken) : error);
        });
        server.listen(port, host, resolve);
      });
      server.removeAllListeners('error');
      server.on('error', failed.reject);
    },
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}
