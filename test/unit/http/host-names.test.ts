import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isForUs } from '../../../src/http/host-names.js';

const ask = (header: string | undefined, own = 'hv12', names: readonly string[] = []): boolean =>
  isForUs(header, { own, names, isCertifiedFor: (name) => name === 'certified.example' });

test('an IP address is for us, with a port or without, and so is who sends no Host', () => {
  for (const header of [
    '127.0.0.1',
    '127.0.0.1:9871',
    '192.0.2.12:80',
    '[::1]',
    '[::1]:9871',
    '[2001:DB8::12]:9871',
    '[fe80::1%eth0]:9871',
  ])
    assert.ok(ask(header), header);
  assert.ok(ask(undefined));
});

test('so is localhost, a name of the configuration, one of the certificate, in any case and with the dot of the root', () => {
  for (const header of [
    'localhost',
    'LocalHost:9871',
    'localhost.',
    'certified.example:9871',
    'Mgmt.example.net.:9871',
  ])
    assert.ok(ask(header, 'hv12', ['mgmt.example.net']), header);
});

test('a host that does not know its domain goes by its short name with any; one that does, by that alone', () => {
  for (const header of ['hv12', 'hv12:9871', 'HV12.example.net:9871', 'hv12.example.net.']) {
    assert.ok(ask(header, 'hv12'), header);
    assert.ok(ask(header, 'Hv12.Example.net'), header);
  }
  assert.ok(ask('hv12.lan'));
  assert.ok(!ask('hv12.evil.example', 'hv12.example.net'));
});

test('every other name is another one', () => {
  for (const header of [
    ...['', ':9871', 'evil.example', 'evil.example:9871', 'example.net', 'hv1', 'hv123', 'hv12-evil.example', 'xhv12'],
    ...['127.0.0.1.evil.example', '127.0.0.1evil', '::1', '[127.0.0.1]', '[evil]', '[::1', '[::1]x', 'user@localhost'],
    ...[
      'localhost.evil.example',
      'localhost:9871:9871',
      'localhost/',
      'local host',
      'hv12.example.net/x',
      'hv12..',
      '.',
    ],
  ])
    assert.ok(!ask(header), header);
});

test('a host without a name of its own lends its lack of one to nobody', () => {
  for (const own of ['localhost', 'localhost.localdomain', '(none)', ''])
    for (const header of ['localhost.evil.example', '.evil.example', 'evil.example', '(none)', '(none).evil.example'])
      assert.ok(!ask(header, own), `${header} at ${own}`);
});
