import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GUEST, Story } from '../../support/story.js';

const WEB = { mac: GUEST, target: 'tap1', domain: 'web1 (100)' };

function judged(story: Story): unknown[] {
  story.state.takeStale();
  return story.state.verdicts(GUEST).map(({ source, suppressed }) => [source, suppressed]);
}

test('a silent guest is known by its file and its device, with its name; without the device it does not run here', () => {
  const story = new Story();
  story.state.declared.setProxmox([{ ...WEB, target: 'tap100i0' }]);
  assert.deepEqual(judged(story), []);
  story.state.declared.setProxmox([WEB]);
  assert.deepEqual(judged(story), [['proxmox', null]]);
  assert.equal(story.state.declared.nameOf(GUEST), 'web1 (100)');
  story.state.declared.setProxmox([]);
  assert.deepEqual(judged(story), []);
});

test('the file is no proof: a MAC that came in by the bond runs elsewhere until it is heard here', () => {
  const story = new Story();
  story.state.declared.setProxmox([WEB]);
  story.now = 10;
  story.heard('in');
  assert.deepEqual(judged(story), [['proxmox', 'seen-on-uplink']]);
  story.now = 20;
  story.heard('out');
  assert.deepEqual(judged(story), [['proxmox', null]]);
});

test('libvirt goes before it, and what libvirt says is not lost with it', () => {
  const story = new Story();
  story.state.setGuestInterfaces([{ ...WEB, domain: 'web' }]);
  story.state.declared.setProxmox([WEB]);
  assert.equal(judged(story).length, 1);
  assert.equal(story.state.declared.nameOf(GUEST), 'web');
  story.state.declared.setProxmox([]);
  assert.deepEqual(judged(story), [['libvirt', null]]);
});
