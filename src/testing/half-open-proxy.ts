// A TCP proxy before PostgreSQL that can make a COMMIT ambiguous: it lets the COMMIT through, waits until the server has answered, and cuts the
// connection before the client hears of it. It reads no more of the protocol than finding that message takes.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface HalfOpenProxy extends AsyncDisposable {
  /** The database's address, through the proxy. */
  url: string;
  /** Cuts the answer to the next COMMIT. Resolves when that has happened. */
  cutNextCommit(): Promise<void>;
}

/** Starts a proxy before the server of `databaseUrl`, without TLS. */
export async function startHalfOpenProxy(databaseUrl: string): Promise<HalfOpenProxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  const waiting: (() => void)[] = [];

  const proxy = createServer((client) => {
    const server = connect(Number(target.port || 5432), target.hostname);
    relay(client, server, waiting);
    for (const [socket, peer] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {}); // it is followed by close
      socket.on('close', () => {
        sockets.delete(socket);
        peer.destroy();
      });
    }
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const url = new URL(databaseUrl);
  url.host = `127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return {
    url: url.href,
    cutNextCommit: () => new Promise((resolve) => waiting.push(resolve)),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
}

function relay(client: Socket, server: Socket, waiting: (() => void)[]): void {
  let unread = Buffer.alloc(0);
  // A client's first message, the start-up, has no type byte before its length.
  let header = 0;
  let onCut: (() => void) | undefined;

  client.on('data', (chunk) => {
    unread = Buffer.concat([unread, chunk as Buffer]);
    while (unread.length >= header + 4) {
      const length = header + unread.readInt32BE(header);
      if (unread.length < length) return;
      const message = unread.subarray(0, length);
      unread = unread.subarray(length);
      header = 1;
      if (isCommit(message)) onCut = waiting.shift();
      server.write(message);
    }
  });
  server.on('data', (chunk) => {
    if (onCut === undefined) {
      client.write(chunk);
      return;
    }
    client.resetAndDestroy();
    onCut();
  });
}

/** `Q`, the length, and the text of a simple query. */
function isCommit(message: Buffer): boolean {
  return message[0] === 0x51 && /^commit;?\0$/i.test(message.toString('latin1', 5));
}
