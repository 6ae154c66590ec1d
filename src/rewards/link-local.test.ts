import { expect, test } from 'vitest';
import { createCaller } from './http-call.ts';
import { linkLocalProblem, lookupElsewhere } from './link-local.ts';

test.each([
  '169.254.169.254',
  '169.254.0.1',
  '[fe80::1]',
  '[::ffff:169.254.169.254]',
  '[fd00:ec2::254]',
  '100.100.100.200',
])('%s is no address of a service', (host) => {
  expect(linkLocalProblem(host)).toContain('where no service is');
  expect(() => createCaller(`http://${host}`, { timeoutMs: 1_000 })).toThrow('a service cannot be at');
});

test.each(['127.0.0.1', '10.0.0.1', '192.168.1.1', '[::1]', '169.255.0.1', 'metadata.example', '100.100.100.201'])(
  '%s may be one',
  (host) => {
    expect(linkLocalProblem(host)).toBeUndefined();
  },
);

test.each([{}, { all: true }])('a name that turns out to be such an address is not resolved (%o)', async (options) => {
  const lookup = (host: string) =>
    new Promise((resolve, reject) => {
      lookupElsewhere(host, options, (error, address) => (error === null ? resolve(address) : reject(error)));
    });
  await expect(lookup('169.254.169.254')).rejects.toMatchObject({ code: 'ELINKLOCAL' });
  expect(JSON.stringify(await lookup('127.0.0.1'))).toContain('127.0.0.1');
  await expect(lookup('no-such-name.invalid')).rejects.toMatchObject({
    code: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/),
  });
});
