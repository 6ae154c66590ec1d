// Addresses that no service has: those of one network segment, under which clouds hand out credentials to whoever asks from inside. An address in
// configuration, or a name that turns out to be one, must not make Milepost the one who asks.
import { type LookupAddress, type LookupOptions, lookup } from 'node:dns';
import { BlockList, isIP } from 'node:net';

const refused = new BlockList();
refused.addSubnet('169.254.0.0', 16, 'ipv4');
refused.addSubnet('fe80::', 10, 'ipv6');
refused.addAddress('fd00:ec2::254', 'ipv6');
refused.addAddress('100.100.100.200', 'ipv4');

/** Why a host may not be called; undefined for a name, which is looked at when it is resolved. */
export function linkLocalProblem(host: string): string | undefined {
  const address = host.replace(/^\[(.*)\]$/, '$1');
  const version = isIP(address);
  if (version === 0 || !isRefused(address, version)) return undefined;
  return `${address} is an address of the machine's own network segment, where no service is`;
}

function isRefused(address: string, version: number): boolean {
  return refused.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

type Found = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** dns.lookup for connections: a name with such an address is not resolved. */
export function lookupElsewhere(host: string, options: LookupOptions, found: Found): void {
  lookup(host, options, (error, address: string | LookupAddress[], family?: number) => {
    const all = typeof address === 'string' ? [{ address, family }] : (address ?? []);
    const bad = all.find((one) => isRefused(one.address, one.family ?? 4));
    if (error === null && bad !== undefined) {
      found(Object.assign(new Error(`${host} is ${bad.address}, where no service is`), { code: 'ELINKLOCAL' }), []);
    } else found(error, address, family);
  });
}
